package itemfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/local/verify/ionitem"
)

// form is how lines hold items. The partition key decides between the forms of JSON, because a key is a string, a number or binary:
//
//   - In plain JSON, the partition key is a JSON string or a JSON number. All other values are then plain: {"S":"a"} is a map.
//   - In DynamoDB JSON, the partition key is an object, such as {"S":"a"}. All other values must then have a type too.
//   - A line with Item as its only member holds DynamoDB JSON, as a native export does. If the partition key itself is named Item, a
//     value with a type, such as {"S":"a"}, is the key.
//   - A line that begins with $ion_1_0 is Ion.
//
// The first line decides the form of its file. A line in another form is an error.
type form int

const (
	unknown form = iota
	plain
	typed
	wrapped
	ion
)

func (f form) String() string {
	return [...]string{"unknown", "plain JSON", "DynamoDB JSON", `DynamoDB JSON in {"Item":…}`, "Ion"}[f]
}

// decoder decodes the lines of one file.
type decoder struct {
	form form
	key  string // the name of the partition key

	page ddbjson.Page
	text []byte
}

func (d *decoder) decode(line []byte) (Item, error) {
	if bytes.HasPrefix(line, []byte("$ion_1_0")) {
		if err := d.is(ion); err != nil {
			return nil, err
		}
		return decodeIon(line)
	}
	if d.form == ion {
		return nil, errors.New("the line does not begin with $ion_1_0, as the other lines of Ion do")
	}
	if err := d.checkSyntax(line); err != nil {
		return nil, err
	}
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil || decoder.InputOffset() != int64(len(line)) {
		return nil, errors.New("invalid JSON: want one item per line") // the cause could quote the item
	}
	f, err := d.formOf(members)
	if err == nil {
		err = d.is(f)
	}
	if err != nil {
		return nil, err
	}
	value := typedValue
	switch f {
	case plain:
		value = plainValue
	case wrapped:
		members, _ = members["Item"].(map[string]any)
	}
	item, err := convert(members, value)
	if err == nil {
		err = checkItem(item)
	}
	return item, err
}

// is fails if the line has another form than the lines before it.
func (d *decoder) is(f form) error {
	if d.form == unknown {
		d.form = f
	}
	if d.form != f {
		return fmt.Errorf("the line is %s, the file begins with %s: want one form in a file", f, d.form)
	}
	return nil
}

// formOf returns the form of a line of JSON.
func (d *decoder) formOf(members map[string]any) (form, error) {
	item, isObject := members["Item"].(map[string]any)
	if isObject && len(members) == 1 && (d.key != "Item" || typeOf(item) == "") {
		return wrapped, nil
	}
	switch key := members[d.key].(type) {
	case map[string]any:
		return typed, nil
	case string, json.Number:
		return plain, nil
	case nil:
		if members["Keys"] != nil && members["Metadata"] != nil {
			return unknown, errors.New("this is a change of an incremental export, not an item: load a full export")
		}
		if _, isNull := members[d.key]; !isNull {
			return unknown, fmt.Errorf("the key attribute %q is missing", d.key)
		}
		return unknown, fmt.Errorf("the key attribute %q is null", d.key)
	default:
		return unknown, fmt.Errorf("the key attribute %q is %s: a key is a string, a number or binary", d.key, kind(key))
	}
}

// checkSyntax fails unless the line is one JSON object in UTF-8, in which no name occurs twice in one object.
func (d *decoder) checkSyntax(line []byte) error {
	const before, after = `{"Items":[`, `]}`
	d.text = append(append(append(d.text[:0], before...), line...), after...)
	if err := d.page.Parse(d.text); err != nil {
		malformed, ok := errors.AsType[*ddbjson.MalformedError](err)
		if !ok {
			return err
		}
		at := malformed.Offset - len(before)
		if at >= len(line) {
			return errors.New("invalid JSON: the line ends within the item: want one item per line")
		}
		return fmt.Errorf("invalid JSON at byte %d: want %s", at+1, malformed.Want)
	}
	if d.page.Len() != 1 {
		return errors.New("the line has more than one item: want one item per line")
	}
	if err := document.CheckUnicode(line); err != nil {
		return errors.New(`a string has half a surrogate pair, such as \ud83d: DynamoDB stores only whole characters`) // the cause quotes it
	}
	return nil
}

func decodeIon(line []byte) (Item, error) {
	item, err := ionitem.Decode(line)
	if err != nil { // the cause could quote the item
		return nil, errors.New("invalid Ion: want $ion_1_0 {Item:{…}}, as DynamoDB exports it")
	}
	return item, checkItem(item)
}
