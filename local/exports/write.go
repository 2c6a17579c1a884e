package exports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// logged are the operations that write items, create tables or delete them.
var logged = map[string]bool{
	"PutItem": true, "UpdateItem": true, "DeleteItem": true, "BatchWriteItem": true, "CreateTable": true, "DeleteTable": true,
}

// A writeRequest is the part of their bodies that matters here.
type writeRequest struct {
	TableName    string
	Item         json.RawMessage
	Key          json.RawMessage
	RequestItems map[string][]batchRequest
}

type batchRequest struct {
	PutRequest    struct{ Item json.RawMessage }
	DeleteRequest struct{ Key json.RawMessage }
}

// written returns the items or keys that a request writes, by table.
func (r writeRequest) written() map[string][]json.RawMessage {
	keys := map[string][]json.RawMessage{}
	for table, requests := range r.RequestItems {
		name := tableName(table)
		keys[name] = append(keys[name], batchKeys(requests)...)
	}
	if r.TableName != "" {
		keys[tableName(r.TableName)] = itemOrKey(r.Item, r.Key)
	}
	return keys
}

func batchKeys(requests []batchRequest) []json.RawMessage {
	var keys []json.RawMessage
	for _, r := range requests {
		keys = append(keys, itemOrKey(r.PutRequest.Item, r.DeleteRequest.Key)...)
	}
	return keys
}

func itemOrKey(item, key json.RawMessage) []json.RawMessage {
	switch {
	case item != nil:
		return []json.RawMessage{item}
	case key != nil:
		return []json.RawMessage{key}
	default:
		return nil
	}
}

// write forwards a write, logs it, and then answers. So every write that a client knows of is in every later export.
func (s *Server) write(ctx context.Context, w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	answered, err := s.logWrite(ctx, operation, body, func() (response, error) { return s.backend.forward(ctx, r, body) })
	if err != nil {
		answer(w, nil, err)
		return
	}
	for _, name := range []string{"Content-Type", "X-Amz-Crc32", "X-Amzn-Requestid"} {
		if value := answered.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answered.status)
	_, _ = w.Write(answered.body) // fails only if the client has left
}

// logWrite forwards a write and logs it. Until then no other request writes to its tables.
func (s *Server) logWrite(ctx context.Context, operation string, body []byte, forward func() (response, error)) (response, error) {
	var request writeRequest
	if json.Unmarshal(body, &request) != nil {
		return forward() // the backend refuses it
	}
	keys := request.written()
	locked, unlock := s.tables.lock(slices.Collect(maps.Keys(keys)))
	defer unlock()
	ofTable := operation == "CreateTable" || operation == "DeleteTable"
	for _, t := range locked {
		if ofTable {
			continue
		}
		err := s.load(ctx, t)
		if refusal, ok := errors.AsType[*apiError](err); ok && refusal.name() == noSuchTable {
			continue // the backend refuses the write
		}
		if err != nil {
			return response{}, err
		}
	}
	answered, err := forward()
	if err == nil && answered.status >= 300 && answered.status < 500 {
		return answered, nil // refused: nothing was written
	}
	certain := err == nil && answered.status < 300
	var out struct{ UnprocessedItems map[string][]batchRequest }
	if certain && operation == "BatchWriteItem" {
		certain = json.Unmarshal(answered.body, &out) == nil
	}
	unprocessed := writeRequest{RequestItems: out.UnprocessedItems}.written()
	at := s.Now()
	for _, t := range locked {
		if ofTable {
			t.forget()
		}
		if t.history == nil {
			continue // the log will begin with the write
		}
		if gap := s.logImages(ctx, t.history, keys[t.name], unprocessed[t.name], at, certain); gap != nil {
			t.gap = gap.Error()
			err = fmt.Errorf("log a write to table %s: %s", t.name, t.gap) // the client gets this error instead of the backend's answer
		}
	}
	return answered, err
}

// logImages reads the written items and logs them, except unprocessed ones. If it is not certain that they were written, because the
// answer was lost, it logs only items that have changed.
func (s *Server) logImages(ctx context.Context, h *history, items, unprocessed []json.RawMessage, at time.Time, certain bool) error {
	keys, err := h.keys(items)
	if err != nil {
		return err
	}
	unwritten, err := h.keys(unprocessed)
	if err != nil {
		return err
	}
	for id := range unwritten {
		delete(keys, id)
	}
	found, err := s.backend.get(ctx, h.schema.Name, slices.Collect(maps.Values(keys)))
	if err != nil {
		return err
	}
	images := make(map[string]json.RawMessage, len(found))
	for _, image := range found {
		id, key, err := h.identify(image)
		if err != nil {
			return err
		}
		keys[id] = key // with the bytes of the backend
		if images[id], err = compact(image); err != nil {
			return err
		}
	}
	for id, key := range keys {
		if certain || !bytes.Equal(images[id], h.current(id)) {
			h.append(id, key, images[id], at)
		}
	}
	return nil
}

// keys returns the primary keys of items, or of keys, by their texts.
func (h *history) keys(items []json.RawMessage) (map[string]json.RawMessage, error) {
	keys := make(map[string]json.RawMessage, len(items))
	for _, attributes := range items {
		id, key, err := h.identify(attributes)
		if err != nil {
			return nil, err
		}
		keys[id] = key
	}
	return keys, nil
}
