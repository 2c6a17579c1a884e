package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// priced answers Scan for a table whose items cost so many units each, or vary from half to one and a half times as much. A page takes 20 ms.
type priced struct {
	items  int // of each segment
	units  float64
	varied bool
	slower time.Duration // so much longer takes a page

	mu    sync.Mutex
	pages []struct {
		at    time.Time
		units float64
	}
}

func (p *priced) Do(req *http.Request) (*http.Response, error) {
	var in struct {
		Limit             int
		ExclusiveStartKey map[string]map[string]string
	}
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		return nil, err
	}
	time.Sleep(20*time.Millisecond + p.slower)
	if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".DescribeTable") {
		return answer(req, `{"Table":{"TableStatus":"ACTIVE"}}`), nil
	}
	first, _ := strconv.Atoi(in.ExclusiveStartKey["id"]["S"])
	next, cost := first, 0.0
	var items []string
	for ; next < p.items && cost < 128 && (in.Limit == 0 || next < first+in.Limit); next++ {
		items = append(items, fmt.Sprintf(`{"id":{"S":"%d"}}`, next))
		cost += p.cost(next)
	}
	last := ""
	if next < p.items || in.Limit > 0 && next == first+in.Limit { // a page that ends at its limit never is the last one
		last = fmt.Sprintf(`"LastEvaluatedKey":{"id":{"S":"%d"}},`, next)
	}
	units := max(0.5, math.Ceil(2*cost-1e-6)/2)
	body := fmt.Sprintf(`{"Items":[%s],"Count":%d,"ScannedCount":%d,%s"ConsumedCapacity":{"TableName":"t","CapacityUnits":%g}}`,
		strings.Join(items, ","), len(items), len(items), last, units)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages = append(p.pages, struct {
		at    time.Time
		units float64
	}{time.Now(), units})
	return answer(req, body), nil
}

// cost returns what an item costs before its page is rounded up.
func (p *priced) cost(item int) float64 {
	if !p.varied {
		return p.units
	}
	_, part := math.Modf(float64(item+1) * math.Phi)
	return p.units * (0.5 + part)
}

func answer(req *http.Request, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Header: http.Header{"X-Amz-Crc32": {fmt.Sprint(crc32.ChecksumIEEE([]byte(body)))}, "Content-Type": {"application/x-amz-json-1.0"}},
	}
}

// worst returns the most units that were consumed beyond the pace since the first page.
func (p *priced) worst(pace float64) float64 {
	var sum, worst float64
	for _, page := range p.pages {
		sum += page.units
		worst = max(worst, sum-pace*page.at.Sub(p.pages[0].at).Seconds())
	}
	return worst
}

// children does what the state machine does with the segments of a run: it calls scan and waits, for so many segments at once. It counts
// invocations and waits, and sums the time in Lambda.
type children struct {
	step        *Step
	plan        run.Plan
	timeout     time.Duration
	mu          sync.Mutex
	invocations int
	waits       int
	lambda      time.Duration
}

func (c *children) segment(t *testing.T, number int) run.Checkpoint {
	var at *run.Checkpoint
	for {
		ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
		begun := time.Now()
		to, err := c.step.Run(ctx, run.ScanInput{Plan: c.plan, Segment: number, Checkpoint: at})
		cancel()
		c.mu.Lock()
		c.invocations++
		c.lambda += time.Since(begun)
		c.mu.Unlock()
		if err != nil {
			t.Errorf("segment %d at %+v: %v", number, at, err)
			return to
		}
		if at != nil && to.Invocation == at.Invocation && to.WaitUntil == nil && !at.Done {
			t.Errorf("segment %d was handed over at %+v without a page and without a wait", number, to)
			return to
		}
		if at = &to; to.WaitUntil == nil {
			if to.Done {
				return to
			}
			continue
		}
		c.mu.Lock()
		c.waits++
		c.mu.Unlock()
		if !to.WaitUntil.Equal(to.WaitUntil.Truncate(time.Second)) || time.Until(*to.WaitUntil) > quota.MaxDuration {
			t.Errorf("segment %d waits until %s", number, to.WaitUntil)
		}
		time.Sleep(time.Until(*to.WaitUntil))
	}
}

// run scans all segments. It returns how long that took, and the units that were consumed.
func (c *children) run(t *testing.T, table *priced) (took time.Duration, units float64) {
	begun, next := time.Now(), make(chan int)
	var slots sync.WaitGroup
	for range c.plan.Scan.Concurrency {
		slots.Go(func() {
			for number := range next {
				if end := c.segment(t, number); end.Totals.Items != int64(table.items) {
					t.Errorf("segment %d has %d items, want %d", number, end.Totals.Items, table.items)
				}
			}
		})
	}
	for _, number := range c.plan.Scan.Segments() {
		next <- number
	}
	close(next)
	slots.Wait()
	for _, page := range table.pages {
		units += page.units
	}
	return time.Since(begun), units
}

// newChildren returns a run over a table and an S3 that answers everything.
func newChildren(table *priced, pace float64, segments, concurrency int, timeout time.Duration) *children {
	plan := run.Plan{Version: run.Version, Mode: request.ModeScan, RunID: "r", Table: "t", Bucket: "b", Root: "r", Scan: &run.ScanPlan{
		Compression: request.CompressionNone, Format: request.FormatDynamoDBJSON, FileSizeBytes: 1 << 20, TotalSegments: segments,
		ReadUnitsPerSecond: pace, Concurrency: concurrency,
	}}
	config := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	tables, objects := config.Copy(), config.Copy()
	tables.HTTPClient, objects.HTTPClient = table, &line{rate: func() int64 { return 20_000_000 }, trip: 10 * time.Millisecond}
	return &children{plan: plan, timeout: timeout, step: &Step{
		Tables: func(run.Plan) *dynamodb.Client { return awsclient.DynamoDB(tables) }, Objects: func(run.Plan) *s3.Client { return awsclient.S3(objects) },
		Log: slog.New(slog.DiscardHandler),
	}}
}

// The state machine waits for the pace, and no invocation returns without a page or a wait. The run keeps its pace over these waits.
func TestStateMachineWaitsForThePace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                  string
		table                 *priced
		pace                  float64
		segments, concurrency int
		timeout               time.Duration
		invocations, waits    int           // at most
		lambda                time.Duration // at most
		average               float64       // the least part of the pace
	}{
		{"items of 390 KB at 1 unit a second", &priced{items: 20, units: 48}, 1, 1, 1, 900 * time.Second, 21, 20, 4 * time.Second, 0.85},
		{"items of 96 units, 4 of 12 segments at once", &priced{items: 4, units: 96}, 4, 12, 4, 900 * time.Second, 60, 48, 24 * time.Second, 0.9},
		{"items that cost 9 seconds", &priced{items: 100, units: 9}, 1, 1, 1, 900 * time.Second, 5, 3, 20 * time.Minute, 0.9},
		{"items that cost 11 seconds", &priced{items: 100, units: 11}, 1, 1, 1, 900 * time.Second, 101, 100, 20 * time.Second, 0.9},
		{"a thousandth of a unit a second", &priced{items: 10, units: 0.5}, 0.001, 1, 1, 900 * time.Second, 12, 11, 2 * time.Second, 0.7},
		{"items that cost days", &priced{items: 3, units: 48}, 0.0001, 1, 1, 900 * time.Second, 5, 4, time.Second, 0.9},
		{"small items in a timeout of 2 s", &priced{items: 500, units: 0.5}, 20, 2, 2, 2 * time.Second, 80, 80, 21 * time.Second, 0.3},
		{"small items", &priced{items: 20_000, units: 0.1}, 100, 4, 4, 900 * time.Second, 4, 0, 400 * time.Second, 0.9},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newChildren(test.table, test.pace, test.segments, test.concurrency, test.timeout)
				took, units := c.run(t, test.table)
				average := units / took.Seconds() / test.pace
				t.Logf("%d pages, %d invocations, %d waits, %s in Lambda of %s, average %.3f", len(test.table.pages), c.invocations, c.waits, c.lambda.Round(time.Millisecond), took.Round(time.Second), average)
				if c.invocations > test.invocations || c.waits > test.waits || c.lambda > test.lambda || average < test.average {
					t.Errorf("want at most %d invocations, %d waits and %s in Lambda, and an average of %.2f", test.invocations, test.waits, test.lambda, test.average)
				}
				// One page of each segment that runs may be paid for after it was read.
				if worst, most := test.table.worst(test.pace), float64(test.concurrency)*max(test.table.units, test.pace); worst > most {
					t.Errorf("at one moment the run had consumed %.1f units more than its pace, want %.1f at most", worst, most)
				}
			})
		})
	}
}

// After as many early ends as a history has room for, an invocation waits until its time is over.
func TestWaitsLeaveRoomInTheHistory(t *testing.T) {
	t.Parallel()
	for invocation, want := range map[int]int64{quota.MaxEarlyEnds - 1: 1, quota.MaxEarlyEnds: 19} {
		synctest.Test(t, func(t *testing.T) {
			c := newChildren(&priced{items: 1000, units: 48}, 1, 1, 1, 900*time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
			defer cancel()
			to, err := c.step.Run(ctx, run.ScanInput{Plan: c.plan, Checkpoint: &run.Checkpoint{Invocation: invocation}})
			if err != nil || to.Totals.Pages != want || to.WaitUntil == nil || to.WaitUntil.Sub(*to.PaidAt) >= time.Second || to.WaitUntil.Before(*to.PaidAt) {
				t.Errorf("invocation %d: got %d pages, %+v, %v, want %d", invocation, to.Totals.Pages, to, err, want)
			}
		})
	}
}

// What does not move fails as NoProgress, with the numbers and with what to change.
func TestInvocationThatCannotMoveFails(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) *time.Time { return new(time.Now().Add(d)) }
	for _, test := range []struct {
		name    string
		timeout time.Duration
		from    func() run.Checkpoint
		words   []string // of the failure; nil if the invocation hands over
		waits   time.Duration
	}{
		{"no time is left for a page", 750 * time.Millisecond, func() run.Checkpoint { return run.Checkpoint{} }, []string{"no page came within", "the invocation has 750ms", "raise the function's timeout"}, 0},
		{"the pace has paid, but no time is left", 750 * time.Millisecond, func() run.Checkpoint { return run.Checkpoint{PaidAt: at(-time.Second)} }, []string{"no page came within"}, 0},
		{"the pace has not paid, and nobody has waited", 900 * time.Second, func() run.Checkpoint { return run.Checkpoint{PaidAt: at(time.Hour)} }, nil, time.Hour},
		{"the same, for longer than the invocation and less than the patience", 3 * time.Second, func() run.Checkpoint { return run.Checkpoint{PaidAt: at(5 * time.Second)} }, nil, 5 * time.Second},
		{"a clock that is late", 900 * time.Second, func() run.Checkpoint { return run.Checkpoint{PaidAt: at(time.Hour), WaitUntil: at(time.Hour)} }, []string{"the state machine waited until", "1h0m0s too early", "clocks"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newChildren(&priced{items: 1000, units: 48}, 1, 1, 1, test.timeout)
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				from := test.from()
				to, err := c.step.Run(ctx, run.ScanInput{Plan: c.plan, Checkpoint: &from})
				if test.words == nil {
					if err != nil || to.Invocation != 0 || !to.PaidAt.Equal(*from.PaidAt) || time.Until(*to.WaitUntil).Round(time.Second) != test.waits {
						t.Errorf("got %+v, %v, want the same checkpoint and a wait of %s", to, err, test.waits)
					}
					return
				}
				if err == nil || failure.NameOf(err) != failure.NoProgress {
					t.Fatalf("got %+v, %v, want %s", to, err, failure.NoProgress)
				}
				for _, words := range test.words {
					if !strings.Contains(err.Error(), words) {
						t.Errorf("no %q in %v", words, err)
					}
				}
			})
		})
	}
}
