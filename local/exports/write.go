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

// logged are the operations that pass through the log: what writes items, and what makes and removes tables.
var logged = map[string]bool{
	"PutItem": true, "UpdateItem": true, "DeleteItem": true, "BatchWriteItem": true, "CreateTable": true, "DeleteTable": true,
}

// A writeRequest is the body of any of them, as far as it matters here.
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

// written returns the items or keys that a request writes, by the table's name.
func (r writeRequest) written() map[string][]json.RawMessage {
	keys := map[string][]json.RawMessage{}
	for table, requests := range r.RequestItems {
		name := tableName(table)
		keys[name] = append(keys[name], batchKeys(requests)...)
	}
	if r.TableName != "" {
		keys[tableName(r.TableName)] = one(r.Item, r.Key)
	}
	return keys
}

func batchKeys(requests []batchRequest) []json.RawMessage {
	var keys []json.RawMessage
	for _, r := range requests {
		keys = append(keys, one(r.PutRequest.Item, r.DeleteRequest.Key)...)
	}
	return keys
}

func one(item, key json.RawMessage) []json.RawMessage {
	switch {
	case item != nil:
		return []json.RawMessage{item}
	case key != nil:
		return []json.RawMessage{key}
	default:
		return nil
	}
}

// write has the backend do a write, logs it, and only then passes the answer on: what a client knows to be written is in
// every later export.
func (s *Server) write(ctx context.Context, w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	told, err := s.logWrite(ctx, operation, body, func() (response, error) { return s.backend.forward(ctx, r, body) })
	if err != nil {
		answer(w, nil, err)
		return
	}
	for _, name := range []string{"Content-Type", "X-Amz-Crc32", "X-Amzn-Requestid"} {
		if value := told.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(told.status)
	_, _ = w.Write(told.body) // a client that has gone away needs none
}

// logWrite forwards a write and logs what came of it, while no other writes to its tables.
func (s *Server) logWrite(ctx context.Context, operation string, body []byte, forward func() (response, error)) (response, error) {
	var request writeRequest
	if json.Unmarshal(body, &request) != nil {
		return forward() // the backend has an answer to it
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
			continue // the backend will say so itself
		}
		if err != nil {
			return response{}, err
		}
	}
	told, err := forward()
	if err == nil && told.status >= 300 && told.status < 500 {
		return told, nil // refused: nothing is written
	}
	sure := err == nil && told.status < 300
	var out struct{ UnprocessedItems map[string][]batchRequest }
	if sure && operation == "BatchWriteItem" {
		sure = json.Unmarshal(told.body, &out) == nil
	}
	left := writeRequest{RequestItems: out.UnprocessedItems}.written()
	at := s.Now()
	for _, t := range locked {
		if ofTable {
			t.forget()
		}
		if t.history == nil {
			continue // its baseline will have the write
		}
		if gap := s.logImages(ctx, t.history, keys[t.name], left[t.name], at, sure); gap != nil {
			t.broken = gap.Error()
			err = fmt.Errorf("log a write to table %s: %s", t.name, t.broken) // ours, not the backend's answer to the client
		}
	}
	return told, err
}

// logImages reads what the keys hold now and logs it, but not for those that were left. If it is not sure that they were
// written, because the answer got lost, it logs what has changed.
func (s *Server) logImages(ctx context.Context, h *history, items, left []json.RawMessage, at time.Time, sure bool) error {
	keys, err := h.keys(items)
	if err != nil {
		return err
	}
	unwritten, err := h.keys(left)
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
		keys[id] = key // as the backend writes it
		if images[id], err = compact(image); err != nil {
			return err
		}
	}
	for id, key := range keys {
		if sure || !bytes.Equal(images[id], h.current(id)) {
			h.append(id, key, images[id], at)
		}
	}
	return nil
}

// keys returns the primary keys of items, or of keys, by their identity.
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
