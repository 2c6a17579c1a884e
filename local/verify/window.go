package verify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A window is an incremental export that is added to the exports before it.
type window struct {
	*replay
	from, to time.Time
	seen     map[string]bool // the keys that it has changed
	noOld    string          // the key of a known item that was changed without an old image; "" if there is none
	olds     int             // the number of old images
}

// A change is a line of an incremental export.
type change struct {
	written      time.Time
	keys         Item
	before, item Item // nil if there was no item, or is none now; before is also nil if the export has no old images
}

// change adds a line of an incremental export.
func (w *window) change(line []byte) error {
	c, err := readChange(line)
	if err != nil {
		return err
	}
	id := identity(c.keys, w.keys)
	w.mu.Lock()
	defer w.mu.Unlock()
	was, known := w.items[id]
	switch {
	case w.seen[id]:
		return fmt.Errorf("the item with key %s was written twice", id)
	case c.written.Before(w.from), !c.written.Before(w.to):
		return fmt.Errorf("the item with key %s was changed at %s, the window is %s to %s", id, formatTime(c.written), formatTime(w.from), formatTime(w.to))
	case c.item != nil && identity(c.item, w.keys) != id:
		return fmt.Errorf("the item with key %s has a new image with key %s", id, identity(c.item, w.keys))
	case c.before != nil && !same(c.before, was):
		return fmt.Errorf("the item with key %s has an old image that differs from the exports before", id)
	}
	w.seen[id] = true
	w.report.Changes++
	if c.before != nil {
		w.olds++
	} else if known {
		w.noOld = id
	}
	if c.item == nil {
		delete(w.items, id)
	} else {
		w.items[id] = c.item
	}
	return nil
}

// checkOldImages returns an error if the export has no old images where its manifest promises them, or has some where it does not.
func (w *window) checkOldImages(view string) error {
	switch {
	case view == string(types.ExportViewTypeNewAndOldImages) && w.noOld != "":
		return fmt.Errorf("the item with key %s has no old image, and the exports before have the item", w.noOld)
	case view == string(types.ExportViewTypeNewImage) && w.olds > 0:
		return fmt.Errorf("the export has %d old images and should have none", w.olds)
	default:
		return nil
	}
}

func readChange(line []byte) (change, error) {
	var record struct {
		Metadata struct {
			WriteTimestampMicros struct{ N string }
		}
		Keys, NewImage, OldImage json.RawMessage
	}
	if err := json.Unmarshal(line, &record); err != nil {
		return change{}, err
	}
	micros, err := strconv.ParseInt(record.Metadata.WriteTimestampMicros.N, 10, 64)
	if err != nil {
		return change{}, fmt.Errorf("WriteTimestampMicros: %w", err)
	}
	c := change{written: time.UnixMicro(micros)}
	for _, part := range []struct {
		into *Item
		text json.RawMessage
	}{{&c.keys, record.Keys}, {&c.item, record.NewImage}, {&c.before, record.OldImage}} {
		if part.text == nil {
			continue
		}
		if *part.into, err = attributevalue.UnmarshalMapJSON(part.text); err != nil {
			return change{}, err
		}
	}
	return c, nil
}
