package limit

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// perAccount is how many segments at work share an account. If all of them want a portion at the same time, the last one waits a few seconds.
const perAccount = 50

// accounts are the objects of a run that say how much of the limit is taken. Each has the same share of the limit. An account without an object is
// full.
type accounts struct {
	bucket *bucket.Bucket
	plan   run.Plan
	count  int
	atWork float64 // how many segments of an account are at work at the same time
}

// account is one of these objects.
type account struct {
	// Taken is what was taken out of the account, less what was given back. So a higher limit leaves more.
	Taken float64 `json:"taken"`
	// Closed is there if an invocation found all accounts empty.
	Closed *closing `json:"closed,omitempty"`
	absent bool
}

// closing ends all reading on an account, until the limit is raised.
type closing struct {
	Limit float64 `json:"limit"` // the limit that was reached
	Taken float64 `json:"taken"` // from all accounts
}

func accountsOf(in *bucket.Bucket, plan run.Plan) accounts {
	atWork := max(1, min(plan.Scan.Concurrency, len(plan.Scan.Segments())))
	count := (atWork + perAccount - 1) / perAccount
	return accounts{bucket: in, plan: plan, count: count, atWork: float64((atWork + count - 1) / count)}
}

// once returns the same accounts for changes that must not be made twice. If an answer is lost, the SDK does not repeat the request, so the change is
// made once or not at all.
func (a accounts) once() accounts {
	a.bucket = a.bucket.Once()
	return a
}

// change reads an account, calls decide, and writes what decide has made of the account, unless that returns false. If others have changed the
// account in between, change does it again, after a random pause.
func (a accounts) change(ctx context.Context, number int, decide func(*account) bool) error {
	key := a.plan.Layout().UnitsAccount(a.plan.Digest(), number)
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		var now account
		etag, err := read(ctx, a.bucket, key, &now)
		if err != nil {
			return err
		}
		if now.absent = etag == ""; !decide(&now) {
			return nil
		}
		if _, err = a.bucket.Replace(ctx, key, run.Marshal(now), etag); !errors.Is(err, bucket.ErrChanged) {
			return err
		}
		select {
		case <-time.After(rand.N(pause)): //nolint:gosec // spreads requests
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leastPause and mostPause bound the longest pause after another invocation was faster.
// A change takes about 50 milliseconds, and as many others as share the account may want one at the same time.
const leastPause, mostPause = 200 * time.Millisecond, 3 * time.Second

// raised is the object with a limit that was raised after the run began.
type raised struct {
	MaxReadUnits float64 `json:"maxReadUnits"`
}

// Of returns the limit of a run that scans: that of the plan, or that of Raise if it is higher.
func Of(ctx context.Context, in *bucket.Bucket, plan run.Plan) (float64, error) {
	var r raised
	_, err := read(ctx, in, plan.Layout().RaisedLimit(), &r)
	return max(plan.Scan.MaxReadUnits, r.MaxReadUnits), err
}

// Raise raises the limit of a run whose execution has failed with LimitReached, so that a redrive continues it: AWS's redrive cannot change the
// input of an execution. plan is the one in the run's claim. It fails with InvalidRequest if the run has no limit or is committed,
// or if its limit is as high.
func Raise(ctx context.Context, in *bucket.Bucket, plan run.Plan, maxReadUnits float64) error {
	if plan.Scan == nil || plan.Scan.MaxReadUnits == 0 {
		return failure.Errorf(failure.InvalidRequest, "the run %q has no maxReadUnits: redrive it without a limit", plan.RunID)
	}
	switch _, err := in.Get(ctx, plan.Commit()); {
	case err == nil:
		return failure.Errorf(failure.InvalidRequest, "the run %q is committed, so it reads no more: redrive it without a limit", plan.RunID)
	case !errors.Is(err, bucket.ErrNotFound):
		return err
	}
	now, err := Of(ctx, in, plan)
	if err != nil {
		return err
	}
	if !(maxReadUnits > now) {
		return failure.Errorf(failure.InvalidRequest, "maxReadUnits %g is not above the limit of the run %q, which is %g: give a higher one", maxReadUnits, plan.RunID, now)
	}
	_, err = in.Put(ctx, plan.Layout().RaisedLimit(), run.Marshal(raised{maxReadUnits}))
	return err
}

// read reads a JSON object and returns its ETag, "" if there is no object. It fails with ListsInconsistent if the object cannot be read.
func read(ctx context.Context, from *bucket.Bucket, key string, into any) (etag string, err error) {
	body, etag, err := from.GetTagged(ctx, key)
	if errors.Is(err, bucket.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return "", failure.Errorf(failure.ListsInconsistent, "%s is not as it was written: %w. Another program may have changed it; start a new execution", from.URI(key), err)
	}
	return etag, nil
}
