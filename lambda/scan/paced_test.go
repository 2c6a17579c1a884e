package scan

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// throttling is a table that refuses so many times, for a reason, before it gives a page.
type throttling struct {
	refusals int
	reason   string
	asked    []time.Time
	met      table.Throttles
}

func (r *throttling) Throttles() table.Throttles { return r.met }

func (r *throttling) Next(ctx context.Context, _ json.RawMessage, into *table.Page) error {
	r.asked = append(r.asked, time.Now())
	if len(r.asked) > r.refusals {
		into.Scanned, into.ReadUnits, into.LastEvaluatedKey = 0, 0.5, nil
		return into.Items.Parse([]byte(`{"Items":[]}`))
	}
	r.met.Tries += 6
	r.met.Reasons = map[string]int64{r.reason: r.met.Tries, "Another": 1}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return failure.Errorf(failure.Throttled, "slow")
}

func TestThrottledTableIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		few := &throttling{refusals: 8}
		if err := (&pacedReader{few.source(), pace.New(pace.Config{}), newBudget(t.Context(), time.Now), nil}).Next(t.Context(), nil, new(table.Page)); err != nil {
			t.Error(err)
		}
		var pauses []time.Duration
		for i := range few.asked[1:] {
			pauses = append(pauses, few.asked[i+1].Sub(few.asked[i])/time.Second)
		}
		if want := []time.Duration{1, 2, 4, 8, 16, 32, 32, 32}; !slices.Equal(pauses, want) {
			t.Errorf("it was asked again after %d seconds, want %d", pauses, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		many := &throttling{refusals: 100}
		err := (&pacedReader{many.source(), pace.New(pace.Config{}), newBudget(t.Context(), time.Now), nil}).Next(ctx, nil, new(table.Page))
		if err == nil || failure.NameOf(err) != failure.Throttled || len(many.asked) != 6 {
			t.Errorf("asked %d times, got %s: %v", len(many.asked), failure.NameOf(err), err)
		}
	})
}

// source returns the source of a table that throttles, which is still the plan's.
func (r *throttling) source() Source {
	return Source{Pages: r, Throttles: r.Throttles, Confirm: planned, Encoder: oneToOne{ddbjson.DynamoDBJSON{}}}
}

// stalling returns an invocation over a table that throttles every try. Only a moment of its time is left when it begins.
func stalling(t *testing.T, plan run.Plan, from run.Checkpoint, reason string) (segment, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	t.Cleanup(cancel)
	began := time.Now()
	destination, reader := bucket.New(testservers.S3(), plan), &throttling{refusals: 1000, reason: reason}
	budget := newBudget(ctx, func() time.Time { return began.Add(time.Hour - mostFloor - mostLook - time.Second) })
	budget.start = began
	pacer := newPacer(plan, from, destination, budget)
	return segment{
		plan: plan, number: 2, from: from, Source: reader.source(), reader: &pacedReader{reader.source(), pacer, budget, nil}, pacer: pacer,
		bucket: destination, budget: budget, log: slog.New(slog.DiscardHandler),
	}, ctx
}

// A throttled segment does not fail while the run moves, and not before two hours. It waits as long as it has stood still, at most five
// minutes. If the run stands still, the cause says why, for how long, and what to raise.
func TestThrottledSegmentWaitsWhileTheRunMoves(t *testing.T) {
	t.Parallel()
	const provisioned = "TableReadProvisionedThroughputExceeded"
	key := json.RawMessage(`{"id":{"S":"a"}}`)
	since := func(d time.Duration, reason string) *run.Stall {
		return &run.Stall{Since: time.Now().Add(-d), Reason: reason}
	}
	const invocation = time.Hour - mostFloor - mostLook - time.Second // how long the invocation has taken already
	for _, test := range []struct {
		name, reason string
		moves        bool
		stall        *run.Stall
		words        []string // of the failure; empty if the segment waits
	}{
		{name: "the first time, and nothing moves", reason: provisioned},
		{name: "almost two hours, and nothing moves", reason: provisioned, stall: since(2*time.Hour-invocation-time.Minute, provisioned)},
		{name: "the run moves", reason: provisioned, moves: true},
		{name: "the run has moved for long", reason: provisioned, moves: true, stall: since(22*time.Hour, provisioned)},
		{
			name: "the run has moved for too long", reason: provisioned, moves: true, stall: since(23*time.Hour+10*time.Minute, provisioned),
			words: []string{"throttled for 24h9m", "while other segments moved: a segment waits 24 hours at most"},
		},
		{
			name: "nothing moves, and the provisioned capacity is used up", reason: provisioned, stall: since(2*time.Hour-invocation, provisioned),
			words: []string{"throttled for 2h0m", "(" + provisioned + ") and no other segment has moved for 2 hours", "raise ReadCapacityUnits of table orders (aws dynamodb update-table --table-name orders --provisioned-throughput ReadCapacityUnits="},
		},
		{name: "for the on-demand maximum", reason: "TableReadMaxOnDemandThroughputExceeded", stall: since(2*time.Hour, ""), words: []string{"throttled for 2h59m", "raise OnDemandThroughput.MaxReadRequestUnits of table orders (aws dynamodb update-table"}},
		{name: "for the account's limit", reason: "TableReadAccountLimitExceeded", stall: since(2*time.Hour, ""), words: []string{"Account-level read throughput limit", "Service Quotas"}},
		{name: "for a hot range", reason: "IndexReadKeyRangeThroughputExceeded", stall: since(2*time.Hour, ""), words: []string{"3,000 read units a second that one partition of index by-day of table orders gives", "this limit cannot be raised"}},
		{name: "without a reason", reason: "ThrottlingException", stall: since(2*time.Hour, ""), words: []string{"raise the read capacity of table orders"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan := run.Plan{Table: "orders", Bucket: testservers.Bucket(t), Root: "r", Scan: &run.ScanPlan{Compression: request.CompressionNone, FileSizeBytes: 1 << 20, TotalSegments: 4, Request: request.Scan{IndexName: "by-day"}}}
			if test.moves {
				if _, err := bucket.New(testservers.S3(), plan).Put(t.Context(), plan.Layout().SegmentList(1, 0, "0a1b2c3d"), []byte("{}")); err != nil {
					t.Fatal(err)
				}
			}
			from := run.Checkpoint{Invocation: 3, Part: 5, Position: run.Position(key), Stall: test.stall}
			s, ctx := stalling(t, plan, from, test.reason)
			did, err := s.scan(ctx)
			got := did.checkpoint
			if len(test.words) > 0 {
				if err == nil || failure.NameOf(err) != failure.NoProgress {
					t.Fatalf("got %+v, %v", got, err)
				}
				for _, words := range test.words {
					if !strings.Contains(err.Error(), words) {
						t.Errorf("no %q in %v", words, err)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Done || got.Invocation != 3 || got.Part != 5 || got.Position != run.Position(key) || got.Stall == nil || got.Stall.Reason != provisioned {
				t.Errorf("got %+v, %+v", got, got.Stall)
			}
			if test.stall != nil && !got.Stall.Since.Equal(test.stall.Since) {
				t.Errorf("it waits since %s, want %s", got.Stall.Since, test.stall.Since)
			}
			if wait := time.Until(*got.WaitUntil); wait < mostStallWait-time.Minute || wait > mostStallWait+time.Second {
				t.Errorf("it waits for %s, want %s", wait, mostStallWait)
			}
		})
	}
}

// A segment of a paced run writes its marker when it is done. An invocation that finds the marker reads nothing. It believes the segment's
// lists, not the marker.
func TestMarkerEndsASegment(t *testing.T) {
	t.Parallel()
	name := testservers.Orders(t, 50)
	plan := run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "r", Table: name, TableID: testservers.TableID(t, testservers.DynamoDB(), name), Bucket: testservers.Bucket(t), Root: "r", Scan: &run.ScanPlan{
			Compression: request.CompressionNone, Format: request.FormatDynamoDBJSON, FileSizeBytes: 1 << 20, TotalSegments: 2, ReadUnitsPerSecond: 1000, Concurrency: 2,
		},
	}
	runner := &Step{
		Tables: func(run.Plan) *dynamodb.Client { return testservers.DynamoDB() }, Objects: func(run.Plan) *s3.Client { return testservers.S3() },
		Log: slog.New(slog.DiscardHandler),
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if created, err := ledger.CreateClaim(ctx, bucket.New(testservers.S3(), plan), ledger.Claim{Output: run.PlanOutput{Plan: plan}}); err != nil || !created {
		t.Fatal(created, err)
	}
	first, err := runner.Run(ctx, run.ScanInput{Plan: plan, Segment: 1})
	if err != nil || !first.Done {
		t.Fatalf("%+v, %v", first, err)
	}
	in := bucket.New(testservers.S3(), plan)
	for _, near := range []string{"+0", "-1", "-00001", "0", "000002", "0000000", "000000.bak", "notes"} { // segment 0 is not done, and there is no segment 2
		if _, err := in.Put(ctx, plan.Layout().PaceMarkersOf(plan.Digest())+near, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := in.Put(ctx, plan.Layout().PaceMarker("0123456789abcdef", 0), []byte("of another plan")); err != nil {
		t.Fatal(err)
	}
	done, more, err := newMarkers(in, plan).DoneAfter(ctx, -1)
	if err != nil || more || !slices.Equal(done, []int{1}) {
		t.Errorf("the segments %v are done, %v, %v", done, more, err)
	}
	if done, _, err = newMarkers(in, plan).DoneAfter(ctx, 1); err != nil || len(done) > 0 {
		t.Errorf("after 1 the segments %v are done, %v", done, err)
	}
	if _, err := in.Put(ctx, plan.Layout().PaceMarker(plan.Digest(), 0), []byte(`{"done": true, "invocation": 1, "part": 1}`)); err != nil {
		t.Fatal(err)
	}
	other, err := runner.Run(ctx, run.ScanInput{Plan: plan, Segment: 0})
	if err != nil || !other.Done || other.Totals.Items+first.Totals.Items != 50 {
		t.Errorf("a segment with the marker of another program gives %+v, %v", other, err)
	}
	runner.Tables = func(run.Plan) *dynamodb.Client { return dynamodb.New(dynamodb.Options{}) } // no endpoint to reach
	again, err := runner.Run(ctx, run.ScanInput{Plan: plan, Segment: 1})
	if err != nil || again.Totals != first.Totals || !again.Done || again.Part != first.Part {
		t.Errorf("got %+v, %v, want %+v", again, err, first)
	}
}

// A Wait state ignores fractions of a second, so a moment is never earlier than the pace allows.
func TestWaitEndsAtAWholeSecond(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{0: 0, 1: time.Second, 200 * time.Millisecond: time.Second, time.Second: time.Second} {
		if got := *waitUntil(noon.Add(after)); !got.Equal(noon.Add(want)) {
			t.Errorf("%s after noon: got %s", after, got)
		}
	}
}
