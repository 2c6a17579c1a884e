package exports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// segments is how many segments of a table are read at the same time.
const segments = 4

// tables are the tables that requests have named.
type tables struct {
	mu     sync.Mutex
	byName map[string]*table
}

// A table is a table by name. A write holds its lock until it is logged, so that the log has the writes in the order of the backend.
type table struct {
	name string

	mu      sync.Mutex
	history *history // nil until it is needed, and after the table was deleted
	gap     string   // why a write is missing from the log; empty if none is
}

func (t *tables) named(name string) *table {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]*table{}
	}
	if t.byName[name] == nil {
		t.byName[name] = &table{name: name}
	}
	return t.byName[name]
}

// lock locks tables by name, always in the same order, so that two writers cannot wait for each other.
func (t *tables) lock(names []string) (locked []*table, unlock func()) {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		table := t.named(name)
		table.mu.Lock()
		locked = append(locked, table)
	}
	return locked, func() {
		for _, table := range locked {
			table.mu.Unlock()
		}
	}
}

// forget removes the log when a table is created or deleted: the next table with the name has its own log.
func (t *table) forget() { t.history, t.gap = nil, "" }

// load begins the log of a table if it has none yet. The caller holds the lock.
func (s *Server) load(ctx context.Context, t *table) error {
	if t.gap != "" {
		return fmt.Errorf("the log of table %s has a gap: %s", t.name, t.gap)
	}
	if t.history != nil {
		return nil
	}
	described, err := s.backend.describe(ctx, t.name)
	if err != nil {
		return err
	}
	t.history, err = s.baseline(ctx, described)
	return err
}

// open locks a table and returns its log. If the backend has another table with this name by now, the log begins again. The error is
// a TableNotFoundException if there is no table.
func (s *Server) open(ctx context.Context, nameOrARN string) (*history, func(), error) {
	locked, unlock := s.tables.lock([]string{tableName(nameOrARN)})
	err := s.renew(ctx, locked[0], nameOrARN)
	if refusal, ok := errors.AsType[*apiError](err); ok && refusal.name() == noSuchTable {
		err = refuse("TableNotFoundException", "Table not found: %s", nameOrARN)
	}
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return locked[0].history, unlock, nil
}

// renew loads the log of the table that the backend has now. The caller holds the lock.
func (s *Server) renew(ctx context.Context, t *table, nameOrARN string) error {
	described, err := s.backend.describe(ctx, t.name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(nameOrARN, "arn:") && nameOrARN != described.ARN {
		return refuse(noSuchTable, "the table's ARN is %s", described.ARN)
	}
	if t.history != nil && t.history.schema.ID != described.ID {
		t.forget()
	}
	return s.load(ctx, t)
}

// tableName returns the name of a table from its name or ARN.
func tableName(nameOrARN string) string {
	if strings.HasPrefix(nameOrARN, "arn:") {
		_, nameOrARN, _ = strings.Cut(nameOrARN, ":table/")
	}
	return nameOrARN
}

// baseline begins a log with the items that the table has now. They count as written before all times.
func (s *Server) baseline(ctx context.Context, described schema) (*history, error) {
	h := &history{schema: described, recovery: recovery{days: maxDays}, items: map[string]*item{}}
	var mu sync.Mutex // guards h.items
	group, ctx := errgroup.WithContext(ctx)
	for segment := range segments {
		group.Go(func() error {
			in := map[string]any{"TableName": described.Name, "Segment": segment, "TotalSegments": segments, "ConsistentRead": true}
			return s.backend.read(ctx, "Scan", in, func(items []json.RawMessage) error {
				page := make(map[string]*item, len(items))
				for _, image := range items {
					id, key, err := h.identify(image)
					if err != nil {
						return err
					}
					if image, err = compact(image); err != nil {
						return err
					}
					page[id] = &item{key: key, versions: []version{{image: image}}}
				}
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(h.items, page)
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("read table %s: %w", described.Name, err)
	}
	return h, nil
}
