package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Replay rebuilds a table from the exports of runs, in DYNAMODB_JSON and in the order of their windows, and compares the result with
// the whole table. A full export gives the items; an incremental export gives the changes since the export before it. Nothing may
// have been written to the table since the end of the last window.
//
// Its errors are those of Compare, and: the first export is not a full one; a window overlaps the window before it or leaves a
// gap; a window has a key twice or a change from another time; an old image differs from the item before the change.
func Replay(ctx context.Context, source *dynamodb.Client, destination *s3.Client, results ...run.Result) (Report, error) {
	if len(results) == 0 {
		return Report{}, errors.New("there is no run to replay")
	}
	table, keys, err := readTable(ctx, source, results[0].Table)
	if err != nil {
		return Report{}, err
	}
	r := replay{client: destination, keys: keys}
	for _, result := range results {
		if result.Table != results[0].Table || result.Mode != request.ModeExport {
			return r.report, fmt.Errorf("run %s is a %s of table %s, want exports of table %s", result.RunID, result.Mode, result.Table, results[0].Table)
		}
		for _, export := range result.Exports {
			if err := r.apply(ctx, export); err != nil {
				return r.report, fmt.Errorf("run %s: export %s: %w", result.RunID, export.ExportARN, err)
			}
		}
	}
	if r.end.IsZero() {
		return r.report, errors.New("the runs have no exports")
	}
	for id, item := range r.items {
		want, known := table[id]
		delete(table, id)
		switch {
		case !known:
			return r.report, fmt.Errorf("the item with key %s is not in the table", id)
		case !same(item, want):
			return r.report, fmt.Errorf("the item with key %s differs from the table's", id)
		}
	}
	r.report.Items = len(r.items)
	return r.report, nothingLeft(table)
}

// A replay holds the table as the exports so far describe it.
type replay struct {
	client *s3.Client
	keys   []string
	end    time.Time // the end of the last export, exclusive; zero before the first one

	mu     sync.Mutex // guards what follows
	items  map[string]Item
	report Report
}

// apply adds one export.
func (r *replay) apply(ctx context.Context, export run.ExportedWindow) error {
	switch export.ExportType {
	case request.ExportFull:
		if export.ExportTime == nil {
			return errors.New("it has no exportTime")
		}
		r.items, r.end = map[string]Item{}, *export.ExportTime
		_, err := r.read(ctx, export, r.put)
		return err
	case request.ExportIncremental:
		switch {
		case export.From == nil || export.To == nil:
			return errors.New("it has no window")
		case r.end.IsZero():
			return errors.New("it is incremental, and no full export comes before it")
		case !export.From.Equal(r.end):
			return fmt.Errorf("its window begins at %s, the export before it ends at %s", formatTime(*export.From), formatTime(r.end))
		}
		w := window{replay: r, from: *export.From, to: *export.To, seen: map[string]bool{}}
		r.end = w.to
		manifest, err := r.read(ctx, export, w.change)
		if err != nil {
			return err
		}
		return w.checkOldImages(manifest.OutputView)
	default:
		return fmt.Errorf("it is %q, neither full nor incremental", export.ExportType)
	}
}

func formatTime(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// read reads an export and returns its summary. Several goroutines call record.
func (r *replay) read(ctx context.Context, export run.ExportedWindow, record func(line []byte) error) (summary, error) {
	manifest, err := readExport(ctx, r.client, export, lines(r.client, record), func(string) { r.mu.Lock(); r.report.Objects++; r.mu.Unlock() })
	if err == nil && manifest.ExportARN != export.ExportARN {
		err = fmt.Errorf("its manifest is of export %s", manifest.ExportARN)
	}
	return manifest, err
}

// put adds a line of a full export.
func (r *replay) put(line []byte) error {
	item, err := DecodeItem(line)
	if err != nil {
		return err
	}
	id := identity(item, r.keys)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.items[id] != nil {
		return fmt.Errorf("the item with key %s was written twice", id)
	}
	r.items[id] = item
	return nil
}
