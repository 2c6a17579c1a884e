package exports

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// A history is the log of one table from its creation to its deletion. It gives the items of the table at every time. Its user holds
// the table's lock.
type history struct {
	schema   schema
	recovery recovery
	items    map[string]*item // by the text of the key
}

// An item is the log of one key.
type item struct {
	key      json.RawMessage // as in an incremental export
	versions []version       // by time
}

// A version is the item of a key from a time on.
type version struct {
	at    time.Time       // zero for the items at the beginning of the log
	image json.RawMessage // nil if there is no item
}

// A record is one line of an export: an item of a full export, or a change of an incremental one.
type record struct {
	key      json.RawMessage
	old, new json.RawMessage // nil if there is no such image
	at       time.Time       // of the last write
}

// identify returns the primary key of an item, or of a key, in two forms: as a text that is the same for equal keys, and as JSON.
func (h *history) identify(attributes json.RawMessage) (id string, key json.RawMessage, err error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(attributes, &values); err != nil {
		return "", nil, fmt.Errorf("item: %w", err)
	}
	var text strings.Builder
	var object bytes.Buffer
	for i, attribute := range h.schema.Keys {
		value, err := canonical(values[attribute.Name])
		if err != nil {
			return "", nil, fmt.Errorf("key attribute %s: %w", attribute.Name, err)
		}
		fmt.Fprintf(&text, "%d:%s", len(value), value)
		name, err := json.Marshal(attribute.Name)
		if err != nil {
			return "", nil, err
		}
		object.WriteByte("{,"[min(i, 1)])
		object.Write(name)
		object.WriteByte(':')
		if err := json.Compact(&object, values[attribute.Name]); err != nil {
			return "", nil, err
		}
	}
	object.WriteByte('}')
	return text.String(), object.Bytes(), nil
}

// canonical returns the value of a key attribute as text. Equal values have equal texts: 1 and 1.0 are one key, and so are a string
// with escapes and the same string without.
func canonical(attribute json.RawMessage) (string, error) {
	var value struct{ S, N, B *string }
	if err := json.Unmarshal(attribute, &value); err != nil {
		return "", err
	}
	switch {
	case value.S != nil:
		return "S" + *value.S, nil
	case value.N != nil:
		number, ok := new(big.Rat).SetString(*value.N)
		if !ok {
			return "", fmt.Errorf("%q is not a number", *value.N)
		}
		return "N" + number.RatString(), nil
	case value.B != nil:
		plain, err := base64.StdEncoding.DecodeString(*value.B)
		return "B" + string(plain), err
	default:
		return "", fmt.Errorf("%s is not a string, number or binary value", attribute)
	}
}

// compact returns an image without white space between its tokens.
func compact(image json.RawMessage) (json.RawMessage, error) {
	if image == nil {
		return nil, nil
	}
	var line bytes.Buffer
	line.Grow(len(image))
	err := json.Compact(&line, image)
	return line.Bytes(), err
}

// append logs a write. image is nil if the write has removed the item.
func (h *history) append(id string, key, image json.RawMessage, at time.Time) {
	held := h.items[id]
	if held == nil {
		if image == nil {
			return // there was no item before
		}
		held = &item{key: key}
		h.items[id] = held
	}
	held.versions = append(held.versions, version{at: at, image: image})
}

// current returns the item of a key at the end of the log.
func (h *history) current(id string) json.RawMessage {
	if held := h.items[id]; held != nil {
		return held.versions[len(held.versions)-1].image
	}
	return nil
}

// state returns the items at a time, including writes of that time.
func (h *history) state(at time.Time) []record {
	var records []record
	for _, held := range h.items {
		if v := held.last(func(v version) bool { return !v.at.After(at) }); v.image != nil {
			records = append(records, record{key: held.key, new: v.image, at: v.at})
		}
	}
	return records
}

// changes returns the keys that were written from a time, inclusive, to another, exclusive, with their items before both times. It
// leaves out keys that had no item at either time.
func (h *history) changes(from, to time.Time) []record {
	var records []record
	for _, held := range h.items {
		after := held.last(func(v version) bool { return v.at.Before(to) })
		before := held.last(func(v version) bool { return v.at.Before(from) })
		if after.at.Before(from) || after.image == nil && before.image == nil {
			continue
		}
		records = append(records, record{key: held.key, old: before.image, new: after.image, at: after.at})
	}
	return records
}

// last returns the last version that matches, or no version.
func (i *item) last(matches func(version) bool) version {
	for _, v := range slices.Backward(i.versions) {
		if matches(v) {
			return v
		}
	}
	return version{}
}
