package itemfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/local/verify/ionitem"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
)

// form is how lines hold items. The partition key decides between the forms of JSON, because a key is a string, a number or binary:
//
//   - In plain JSON, the partition key is a JSON string or a JSON number. All other values are then plain: {"S":"a"} is a map.
//   - In DynamoDB JSON, the partition key is an object, such as {"S":"a"}. All other values must then have a type too.
//   - A line with Item as its only member holds DynamoDB JSON, as a native export does. If the partition key itself is named Item, a
//     value without a member Item, such as {"S":"a"}, is the key.
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

	page         ddbjson.Page
	text, record []byte
}

const ionMarker = "$ion_1_0"

func (d *decoder) decode(line []byte) (item Item, err error) {
	if bytes.HasPrefix(line, []byte(ionMarker)) {
		if err := d.is(ion); err != nil {
			return nil, err
		}
		if item, err = ionitem.Decode(line); err != nil { // the cause could quote the item
			return nil, errors.New("invalid Ion: want $ion_1_0 {Item:{…}}, as DynamoDB exports it")
		}
		return item, checkItem(item)
	}
	if d.form == ion {
		return nil, errors.New("the line does not begin with $ion_1_0, as the other lines of Ion do")
	}
	members, err := d.members(line)
	if err != nil {
		return nil, err
	}
	f, err := d.formOf(members)
	if err == nil {
		err = d.is(f)
	}
	if err != nil {
		return nil, err
	}
	switch f {
	case plain:
		item, err = plainItem(line)
	case wrapped:
		item, err = d.typedItem(members["Item"], bytes.Index(line, members["Item"]))
	default:
		item, err = d.typedItem(line, 0)
	}
	if err != nil {
		return nil, err
	}
	return item, checkItem(item)
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
func (d *decoder) formOf(members map[string]json.RawMessage) (form, error) {
	var within map[string]json.RawMessage
	if len(members) == 1 && json.Unmarshal(members["Item"], &within) == nil && (d.key != "Item" || within["Item"] != nil) {
		return wrapped, nil
	}
	key := members[d.key]
	if key == nil {
		switch {
		case members["Keys"] != nil && members["Metadata"] != nil:
			return unknown, errors.New("this is a change of an incremental export, not an item: load a full export")
		case bytes.HasPrefix(members["Items"], []byte("[")):
			return unknown, errors.New("this is the output of aws dynamodb scan: want one item per line. To make such lines: jq -c '.Items[]' FILE > items.jsonl")
		}
		return unknown, fmt.Errorf("the key attribute %q is missing", d.key)
	}
	switch key[0] {
	case '{':
		return typed, nil
	case '[', 't', 'f', 'n':
		got := map[byte]string{'[': "a list", 't': "true", 'f': "false", 'n': "null"}[key[0]]
		return unknown, fmt.Errorf("the key attribute %q is %s: a key is a string, a number or binary", d.key, got)
	default:
		return plain, nil
	}
}

// members reads a line. It fails unless the line is one JSON object in UTF-8, in which no name occurs twice in one object.
func (d *decoder) members(line []byte) (members map[string]json.RawMessage, err error) {
	reader := json.NewDecoder(bytes.NewReader(line))
	invalid := reader.Decode(&members)
	if invalid == nil && reader.InputOffset() < int64(len(line)) {
		return nil, errors.New("there is more after the item: want one item per line")
	}
	const before, after = `{"Items":[`, `]}`
	d.text = append(append(append(d.text[:0], before...), line...), after...)
	if malformed, ok := errors.AsType[*ddbjson.MalformedError](d.page.Parse(d.text)); ok {
		at := malformed.Offset - len(before)
		if at >= len(line) {
			return nil, errors.New("invalid JSON: the line ends within the item: want one item per line")
		}
		return nil, fmt.Errorf("invalid JSON at byte %d: want %s", at+1, malformed.Want)
	}
	if invalid != nil {
		return nil, errors.New("invalid JSON: want one item per line") // the cause could quote the item
	}
	if err := document.CheckUnicode(line); err != nil {
		return nil, errors.New(`a string has half a surrogate pair, such as \ud83d: DynamoDB stores only whole characters`) // the cause quotes it
	}
	return members, nil
}

// plainItem reads plain JSON, which has no sets and no binary values.
func plainItem(line []byte) (Item, error) {
	var members map[string]any
	reader := json.NewDecoder(bytes.NewReader(line))
	reader.UseNumber()
	if err := reader.Decode(&members); err != nil {
		return nil, err
	}
	return attributevalue.MarshalMap(members)
}

// typedItem reads DynamoDB JSON, which begins at this offset in the line. The SDK would ignore much that is wrong, so the engine's encoder
// checks it first.
func (d *decoder) typedItem(text []byte, offset int) (item Item, err error) {
	d.record, err = ddbjson.JSON{}.Append(d.record[:0], text)
	if malformed, ok := errors.AsType[*ddbjson.MalformedError](err); ok {
		return nil, fmt.Errorf("invalid DynamoDB JSON at byte %d: want %s", offset+malformed.Offset+1, malformed.Want)
	}
	if item, err = attributevalue.UnmarshalMapJSON(text); err != nil { // only this is left; the cause could quote it
		return nil, errors.New("a binary value is not base64")
	}
	return item, nil
}
