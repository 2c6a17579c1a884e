// Package runschema owns the schema of a run: the object _schema.json. It merges what all segments have learned, decides the columns once, compares them with
// those of the last run, and keeps them as the schema of the run.
//
// Between the two passes of a run that makes Parquet files, the step columns calls [Decide]. A scan in JSON or ION learns in its only pass, and the step
// catalog calls [Committed] after the commit.
//
// It may import failure, request, run, bucket, ledger and schema.
package runschema

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"

	"golang.org/x/sync/errgroup"
)

// Decide decides the schema of a run whose segments have all ended, and creates it. If another invocation was faster, Decide returns the schema of
// that one. It also returns the digest of the schema.
//
// complete returns how many records the run has written, and adds to the schema what the segments have not learned. Decide fails with
// ListsInconsistent if the segments have learned from another number of records, or if a segment list is missing or is not as the run wrote it.
func Decide(ctx context.Context, in *bucket.Bucket, plan run.Plan, log *slog.Logger, complete func(context.Context, *run.Schema) (records int64, err error)) (run.Schema, string, error) {
	d := decision{plan: plan, bucket: in, log: log}
	own := run.Schema{RunID: plan.RunID, Table: plan.Table, StartTime: plan.StartTime}
	var tree *schema.Tree
	var last ledger.LastSchema
	var records int64
	reading, one := errgroup.WithContext(ctx)
	reading.Go(func() (err error) { tree, err = d.merged(one); return err })
	reading.Go(func() (err error) { records, err = complete(one, &own); return err })
	reading.Go(func() (err error) { last, err = ledger.LoadLastSchema(one, in, plan); return err })
	if err := reading.Wait(); err != nil {
		return run.Schema{}, "", err
	}
	if own.Items = int64(tree.Items); own.Items != records { //nolint:gosec // fewer than items in a table
		return run.Schema{}, "", failure.Errorf(failure.ListsInconsistent,
			"the segment lists below %s have learned from %d records, and %d were written. Another program may have changed one of them; start a new execution",
			in.URI(plan.Layout().SegmentLists()), own.Items, records)
	}
	if err := d.columns(ctx, tree, last, &own); err != nil {
		return run.Schema{}, "", err
	}
	return ledger.CreateSchema(ctx, in, plan, own)
}

// decision is the decision about one run.
type decision struct {
	plan   run.Plan
	bucket *bucket.Bucket
	log    *slog.Logger
}

// treesAtOnce is how many trees are read at the same time. A tree has at most a few megabytes.
const treesAtOnce = 16

// merged merges the trees of all segments. Each list of a segment's end has the tree of the whole segment.
func (d decision) merged(ctx context.Context) (*schema.Tree, error) {
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(treesAtOnce)
	var merging sync.Mutex
	all := new(schema.Tree)
	for _, segment := range d.plan.Scan.Segments() {
		reading.Go(func() error {
			tree, err := d.treeOf(ctx, segment)
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
func (d decision) treeOf(ctx context.Context, segment int) (*schema.Tree, error) {
	tree := new(schema.Tree)
	err := d.bucket.GetOwn(ctx, d.plan.Layout().SegmentEnd(segment), func(body []byte) error {
		list, err := run.ParseSegmentList(body)
		switch {
		case err != nil:
			return err
		case list.Plan != d.plan.Digest() || list.Segment != segment || !list.Done:
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
func (d decision) columns(ctx context.Context, tree *schema.Tree, last ledger.LastSchema, own *run.Schema) error {
	var options schema.Options
	if parquet := d.plan.Parquet; parquet != nil {
		pins, problems := schema.ParsePins("columns", parquet.Columns)
		if err := problems.Err(); err != nil {
			return err
		}
		options = schema.Options{Doubles: parquet.Numbers == request.NumbersDouble, Pins: pins}
	}
	decided := schema.Decide(tree, options)
	own.Columns = run.Marshal(decided.Columns)
	if d.plan.Parquet == nil {
		own.Rest = tree.Rest(decided)
	}
	d.log.InfoContext(ctx, "schema decided", "items", tree.Items, "columns", len(decided.Columns))
	d.compare(ctx, last, decided, own)
	return nil
}

// shownChanges is how many changes the log shows.
const shownChanges = 10

// compare compares the columns with those of the last committed run. A schema that cannot be read is not compared.
func (d decision) compare(ctx context.Context, last ledger.LastSchema, decided schema.Schema, own *run.Schema) {
	if last.RunID == "" && last.Fault == nil {
		return
	}
	var before schema.Schema
	fault := last.Fault
	if fault == nil {
		fault = json.Unmarshal(last.Decided(), &before)
	}
	if fault != nil {
		d.log.WarnContext(ctx, "the columns are not compared with those of the last run, because its schema cannot be read",
			"object", d.bucket.URI(d.plan.LastSchema()), "cause", fault.Error())
		return
	}
	drift := schema.Compare(before, decided)
	own.Last = last.RunID
	if n := len(drift.Changes) + drift.More; n > 0 {
		own.Drift = run.Marshal(drift)
		d.log.WarnContext(ctx, "the schema has changed", "last", last.RunID, "changes", n, "first", drift.Changes[:min(len(drift.Changes), shownChanges)])
	}
}
