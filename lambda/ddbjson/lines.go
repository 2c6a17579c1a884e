package ddbjson

import "bytes"

const itemStart, itemEnd = `{"Item":`, '}'

// Lines finds the items in lines as [DynamoDBJSON] and native exports write them: {"Item":{…}}. Each line has a line break at its end. Lines replaces
// what p held before, keeps the lines until the next Parse or Lines, and fails with a [*MalformedError], as [Page.Parse] does.
//
// If parsed is true, Parse or Lines has accepted these very items before, for example when the lines were written. Then Lines does not look into
// the items, and takes an eighth of the time.
func (p *Page) Lines(lines []byte, parsed bool) error {
	p.body, p.items, p.open, p.end = lines, p.items[:0], 0, 0
	p.names.restart()
	for from := 0; from < len(lines); {
		end := bytes.IndexByte(lines[from:], '\n') + from
		item := span{from + len(itemStart), end - 1}
		if err := p.line(from, item, parsed); err != nil {
			p.body, p.items = nil, p.items[:0]
			err.Op = "parse lines"
			return err
		}
		if p.names.spaced {
			item.end = item.start + len(compact(lines[item.start:item.end]))
		}
		p.items = append(p.items, item)
		from = end + 1
	}
	return nil
}

// line checks a line that begins at from, and the item in it.
func (p *Page) line(from int, item span, parsed bool) *MalformedError {
	b := p.body
	if item.end <= item.start || !hasWord(b, from, itemStart) || b[item.start] != '{' || b[item.end] != itemEnd || b[item.end-1] != '}' {
		return malformed(b, from, "an item of an export")
	}
	if parsed {
		return nil
	}
	p.names.others.reset()
	end, err := skipNamed(b, item.start, &p.names)
	if err == nil && end != item.end {
		err = malformed(b, end, "the end of the line")
	}
	return err
}
