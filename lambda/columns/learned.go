package columns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
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
	trees := make(chan *schema.Tree)
	go func() {
		for _, segment := range w.plan.Scan.Segments() {
			reading.Go(func() error {
				tree, err := w.treeOf(ctx, segment)
				if err == nil {
					trees <- tree
				}
				return err
			})
		}
		_ = reading.Wait() // its error is read below
		close(trees)
	}()
	all := new(schema.Tree)
	for tree := range trees {
		all.Merge(tree) // in any order
	}
	return all, reading.Wait()
}

// treeOf returns what a segment has learned.
func (w work) treeOf(ctx context.Context, segment int) (*schema.Tree, error) {
	key := w.plan.Layout().SegmentEnd(segment)
	body, err := w.bucket.Get(ctx, key)
	if err != nil && !errors.Is(err, bucket.ErrNotFound) {
		return nil, fmt.Errorf("read what segment %d has learned: %w", segment, err)
	}
	var list run.SegmentList
	if err == nil {
		list, err = run.ParseSegmentList(body)
	}
	tree := new(schema.Tree)
	switch {
	case err != nil:
	case list.Plan != w.plan.Digest() || list.Segment != segment || !list.Done:
		err = errors.New("it is not the list of the end of this segment")
	case len(list.Schema) == 0:
		err = errors.New("it has no schema")
	default:
		err = json.Unmarshal(list.Schema, tree)
	}
	if err != nil {
		return nil, failure.Errorf(failure.ListsInconsistent, "%s is not as the run wrote it: %w. Another program may have changed or removed it; start a new execution", w.bucket.URI(key), err)
	}
	return tree, nil
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
