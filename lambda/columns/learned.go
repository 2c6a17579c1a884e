package columns

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"

	"golang.org/x/sync/errgroup"
)

// treesAtOnce is how many trees are read at the same time. A tree has at most a few megabytes.
const treesAtOnce = 16

// merged merges the trees of all segments of the first pass. Each list of a segment's end has the tree of the whole segment.
func (w work) merged(ctx context.Context) (*schema.Tree, error) {
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(treesAtOnce)
	var merging sync.Mutex
	all := new(schema.Tree)
	for _, segment := range w.plan.Scan.Segments() {
		reading.Go(func() error {
			tree, err := w.treeOf(ctx, segment)
			if err != nil {
				return err
			}
			merging.Lock()
			defer merging.Unlock()
			all.Merge(tree) // in any order
			return nil
		})
	}
	return all, reading.Wait()
}

// treeOf returns what a segment has learned.
func (w work) treeOf(ctx context.Context, segment int) (*schema.Tree, error) {
	tree := new(schema.Tree)
	err := w.read(ctx, w.plan.Layout().SegmentEnd(segment), func(body []byte) error {
		list, err := run.ParseSegmentList(body)
		switch {
		case err != nil:
			return err
		case list.Plan != w.plan.Digest() || list.Segment != segment || !list.Done:
			return errors.New("it is not the list of the end of this segment")
		case len(list.Schema) == 0:
			return errors.New("it has no schema")
		default:
			return json.Unmarshal(list.Schema, tree)
		}
	})
	return tree, err
}

// columns decides the columns, and compares them with those of the last run.
func (w work) columns(ctx context.Context, tree *schema.Tree, last ledger.LastSchema, own *run.Schema) error {
	pins, problems := schema.ParsePins("columns", w.plan.Parquet.Columns)
	if err := problems.Err(); err != nil {
		return err
	}
	decided := schema.Decide(tree, schema.Options{Doubles: w.plan.Parquet.Numbers == request.NumbersDouble, Pins: pins})
	own.Columns = run.Marshal(decided.Columns)
	w.log.InfoContext(ctx, "schema decided", "items", tree.Items, "columns", len(decided.Columns))
	w.compare(ctx, last, decided, own)
	return nil
}

// shownChanges is how many changes the log shows.
const shownChanges = 10

// compare compares the columns with those of the last committed run. A schema that cannot be read is not compared.
func (w work) compare(ctx context.Context, last ledger.LastSchema, decided schema.Schema, own *run.Schema) {
	if last.RunID == "" && last.Fault == nil {
		return
	}
	var before schema.Schema
	fault := last.Fault
	if fault == nil {
		fault = json.Unmarshal(last.Decided(), &before)
	}
	if fault != nil {
		w.log.WarnContext(ctx, "the columns are not compared with those of the last run, because its schema cannot be read",
			"object", w.bucket.URI(w.plan.Parquet.LastSchema), "cause", fault.Error())
		return
	}
	drift := schema.Compare(before, decided)
	own.Last = last.RunID
	if n := len(drift.Changes) + drift.More; n > 0 {
		own.Changes = run.Marshal(drift)
		w.log.WarnContext(ctx, "the schema has changed", "last", last.RunID, "changes", n, "first", drift.Changes[:min(len(drift.Changes), shownChanges)])
	}
}
