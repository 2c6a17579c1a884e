package transform

import (
	"encoding/json"
	"strings"
)

// decoder reads the plain JSON that package ddbjson has written: valid, without white space, and not deeper than ddbjson.MaxDepth.
// It takes about a third of the time of encoding/json, which would check everything again.
type decoder struct {
	text string // texts and numbers without escapes are parts of it
	at   int
}

// decode returns the value of a text: objects and arrays as gojq needs them, numbers in their spelling.
func decode(plain []byte) any {
	d := decoder{text: string(plain)}
	return d.value()
}

func (d *decoder) value() any {
	switch d.text[d.at] {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.string()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	default:
		end := d.at + strings.IndexAny(d.text[d.at:], ",]}")
		number := json.Number(d.text[d.at:end])
		d.at = end
		return number
	}
}

func (d *decoder) object() map[string]any {
	members := map[string]any{}
	for d.next('}') {
		name := d.string()
		d.at++ // the colon
		members[name] = d.value()
	}
	return members
}

func (d *decoder) array() []any {
	elements := []any{}
	for d.next(']') {
		elements = append(elements, d.value())
	}
	return elements
}

// next skips the bracket or the comma before the next element, or the closing bracket. It reports whether there is another element.
func (d *decoder) next(closing byte) bool {
	if d.text[d.at] == closing {
		d.at++
		return false
	}
	d.at++
	if d.text[d.at] == closing { // an empty object or array
		d.at++
		return false
	}
	return true
}

func (d *decoder) string() string {
	start := d.at + 1
	end := start + strings.IndexByte(d.text[start:], '"')
	if strings.IndexByte(d.text[start:end], '\\') < 0 {
		d.at = end + 1
		return d.text[start:end]
	}
	for end = start; d.text[end] != '"'; end++ {
		if d.text[end] == '\\' {
			end++
		}
	}
	d.at = end + 1
	var s string
	if err := json.Unmarshal([]byte(d.text[start-1:d.at]), &s); err != nil {
		panic("internal error: ddbjson wrote an invalid string")
	}
	return s
}
