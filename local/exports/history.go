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

// A history is what is known of one table, from its creation to its deletion: its state at every time. Whoever uses it holds
// the table's lock.
type history struct {
	schema   schema
	recovery recovery
	items    map[string]*item // by the key's identity
}

// An item is all that one key has held.
type item struct {
	key      json.RawMessage // as DynamoDB has it in an incremental export
	versions []version       // by time
}

// A version is what a key holds from a time on.
type version struct {
	at    time.Time       // zero: before everything
	image json.RawMessage // nil: nothing
}

// A record is one item of an export: an image in a full one, a change in an incremental one.
type record struct {
	key      json.RawMessage
	old, new json.RawMessage // nil if there was or is none
	at       time.Time       // of the last write
}

// identify returns the primary key of an item, or of a key, in two forms: a text that is the same however the key was written,
// and JSON.
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

// canonical returns a key attribute's value so that equal values have equal texts: 1 and 1.0 are one key, and a string is the
// same with escapes and without.
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
			return "", fmt.Errorf("%q is no number", *value.N)
		}
		return "N" + number.RatString(), nil
	case value.B != nil:
		plain, err := base64.StdEncoding.DecodeString(*value.B)
		return "B" + string(plain), err
	default:
		return "", fmt.Errorf("%s is no string, number or binary", attribute)
	}
}

// compact returns an image on one line, whatever the backend puts between its tokens.
func compact(image json.RawMessage) (json.RawMessage, error) {
	if image == nil {
		return nil, nil
	}
	var line bytes.Buffer
	line.Grow(len(image))
	err := json.Compact(&line, image)
	return line.Bytes(), err
}

// append logs a write at a time; image is nil if it left nothing.
func (h *history) append(id string, key, image json.RawMessage, at time.Time) {
	held := h.items[id]
	if held == nil {
		if image == nil {
			return // nothing was there before either
		}
		held = &item{key: key}
		h.items[id] = held
	}
	held.versions = append(held.versions, version{at: at, image: image})
}

// current returns what the key holds as far as the log knows.
func (h *history) current(id string) json.RawMessage {
	if held := h.items[id]; held != nil {
		return held.versions[len(held.versions)-1].image
	}
	return nil
}

// state returns the table's items at a time, what was written just then included.
func (h *history) state(at time.Time) []record {
	var records []record
	for _, held := range h.items {
		if v := held.last(func(v version) bool { return !v.at.After(at) }); v.image != nil {
			records = append(records, record{key: held.key, new: v.image, at: v.at})
		}
	}
	return records
}

// changes returns what was written from a time, inclusive, to another, exclusive: for each key what it held before the one
// and before the other. A key that held nothing at either is left out.
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

// last returns the last version of which it is so, or none: the times of versions only grow.
func (i *item) last(so func(version) bool) version {
	for _, v := range slices.Backward(i.versions) {
		if so(v) {
			return v
		}
	}
	return version{}
}
