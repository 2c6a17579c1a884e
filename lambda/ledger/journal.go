package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// Journal says which exports were begun and which are committed, for one run or for a chain of runs. Every write is conditional on
// the journal that was read. So two runs cannot both begin or commit the same window.
type Journal struct {
	Version  int    `json:"version"`
	TableARN string `json:"tableArn"`
	TableID  string `json:"tableId"`
	// Chain says which chain the journal belongs to; nil if it is a run's own.
	Chain *run.ExportChain `json:"chain,omitempty"`
	// End is the moment before which everything is committed; nil if nothing is.
	End *time.Time `json:"end,omitempty"`
	// Pending holds the exports that are planned or in progress, in the order of their windows.
	Pending []PendingExport `json:"pending"`
	// Committed holds the exports that were committed last, the newest last.
	Committed []CommittedExport `json:"committed"`

	object object
}

// MaxCommitted is how many committed exports a journal keeps. One run commits fewer: one for each 24 hours in the 35 days of
// recovery.
const MaxCommitted = 100

// LoadJournal reads the journal of a plan. It is empty if there is none. LoadJournal fails with RunNameTaken if the object is not a journal,
// or if it does not fit the plan: others may be able to write the object.
func LoadJournal(ctx context.Context, from *bucket.Bucket, plan run.Plan) (*Journal, error) {
	key := plan.Journal()
	j := &Journal{object: object{bucket: from, key: key}}
	body, err := j.object.read(ctx)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return j, nil
	case err != nil:
		return nil, fmt.Errorf("read the journal of exports: %w", err)
	}
	if err = json.Unmarshal(body, j); err == nil {
		err = j.check(plan)
	}
	if err != nil {
		return nil, failure.Errorf(failure.RunNameTaken, "%s is not a journal that these functions can read: %w. Choose another prefix, or remove the journal to start again with a full export",
			from.URI(key), err)
	}
	return j, nil
}

// Save writes the journal over the one that was read. It fails with bucket.ErrChanged if another run has written since; the caller
// must then decide again, from what that run wrote.
func (j *Journal) Save(ctx context.Context) error {
	if extra := len(j.Committed) - MaxCommitted; extra > 0 {
		j.Committed = j.Committed[extra:]
	}
	j.Version = run.Version
	if err := j.object.write(ctx, j); err != nil {
		return fmt.Errorf("write the journal of exports: %w", err)
	}
	return nil
}

// maxReads is how often a run reads a journal again because other runs have changed it. Each time one of them has made progress.
const maxReads = 10

// Settle calls decide, which loads a journal or another thing that several runs change, decides and saves. It repeats the call while that fails
// with bucket.ErrChanged. If that does not end, it fails with JournalContended. what is the thing in words, or its URI.
func Settle(what string, decide func() error) error {
	for range maxReads {
		if err := decide(); !errors.Is(err, bucket.ErrChanged) {
			return err
		}
	}
	return failure.Errorf(failure.JournalContended, "other runs kept changing %s: start fewer runs at the same time", what)
}

// More reports whether a chain has another window between its end and until. It has none if until is nil.
func (j *Journal) More(until *time.Time) bool {
	return until != nil && j.End != nil && until.Sub(*j.End) >= request.MinWindow
}

// check refuses a journal that is not the plan's, and pending exports that the plan would not make.
func (j *Journal) check(plan run.Plan) error {
	if err := run.CheckVersion(j.Version); err != nil {
		return err
	}
	switch own := plan.Export.Chain; {
	case own == nil && j.Chain != nil:
		return errors.New("it is the journal of a chain, and this run has a journal of its own")
	case own != nil && j.Chain == nil:
		return errors.New("it does not say which chain it belongs to")
	case own != nil && len(own.Differences(*j.Chain)) > 0:
		return fmt.Errorf("it belongs to another chain, with another %s", strings.Join(own.Differences(*j.Chain), ", "))
	}
	for i, p := range j.Pending {
		incremental := p.ExportType == request.ExportIncremental
		switch {
		case !incremental && p.ExportType != request.ExportFull:
			return fmt.Errorf("pending export %d has type %s", i, problem.Quote(string(p.ExportType)))
		case p.S3Bucket != plan.Bucket:
			return fmt.Errorf("pending export %d goes to bucket %s", i, problem.Quote(p.S3Bucket))
		case incremental && (p.From == nil || p.To == nil || !p.From.Before(*p.To)):
			return fmt.Errorf("pending export %d has no window", i)
		case p.Done != nil && p.S3Prefix != "" && !strings.HasPrefix(p.Done.Manifest, p.S3Prefix+"/"):
			return fmt.Errorf("pending export %d has its manifest at %s, outside its prefix", i, problem.Quote(p.Done.Manifest))
		case !p.asks(plan.Export.Request):
			return fmt.Errorf("pending export %d has another format, view type, filter, encryption or bucket owner than the request", i)
		}
	}
	for i, c := range j.Committed {
		if c.ExportType == request.ExportIncremental && (c.From == nil || c.To == nil) || c.ExportType != request.ExportIncremental && c.ExportTime == nil {
			return fmt.Errorf("committed export %d has no time", i)
		}
	}
	if n := len(j.Committed); j.End != nil && (n == 0 || !j.End.Equal(*j.Committed[n-1].Covered())) { // the windows between would be skipped
		return fmt.Errorf("its end is %s, and that is not where its last committed export ends", j.End.Format(time.RFC3339Nano))
	}
	return nil
}

// Of returns the exports that the runs of the given owners committed.
func (j *Journal) Of(owners []string) []run.ExportedWindow {
	var own []run.ExportedWindow
	for _, committed := range j.Committed {
		if slices.Contains(owners, committed.Execution) {
			own = append(own, committed.ExportedWindow)
		}
	}
	return own
}
