package limit

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// store is S3 at the wire, as far as accounts need it, for the clock of a synctest bubble: no server can run in one. Conditional writes against a
// server are tested in package bucket, and a run with a limit in package function.
type store struct {
	latency time.Duration // of half a request
	lose    func(*http.Request) bool

	mu       sync.Mutex // guards the following fields
	objects  map[string][]byte
	tags     map[string]int
	requests map[string]int // by key
	writes   map[string]int
	refused  int
}

func newStore() *store {
	return &store{objects: map[string][]byte{}, tags: map[string]int{}, requests: map[string]int{}, writes: map[string]int{}}
}

func (s *store) Do(r *http.Request) (*http.Response, error) {
	time.Sleep(s.latency)
	answer, err := s.carryOut(r)
	time.Sleep(s.latency)
	if err == nil && s.lose != nil && s.lose(r) {
		return nil, io.ErrUnexpectedEOF
	}
	return answer, err
}

func (s *store) carryOut(r *http.Request) (*http.Response, error) {
	key := path.Base(r.URL.Path)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[key]++
	tag := func() string { return fmt.Sprintf(`"%d"`, s.tags[key]) }
	status, body := http.StatusOK, s.objects[key]
	switch _, exists := s.objects[key]; {
	case r.Method == http.MethodGet && !exists:
		status, body = http.StatusNotFound, []byte("<Error><Code>NoSuchKey</Code></Error>")
	case r.Method == http.MethodPut && (r.Header.Get("If-None-Match") != "" && exists || r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != tag()):
		s.refused++
		status, body = http.StatusPreconditionFailed, []byte("<Error><Code>PreconditionFailed</Code></Error>")
	case r.Method == http.MethodPut:
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.objects[key], body = sent, nil
		s.tags[key]++
		s.writes[key]++
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Etag": {tag()}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// bucket returns the bucket of the store.
func (s *store) bucket(plan run.Plan) *bucket.Bucket {
	return bucket.New(s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://s3.test"), UsePathStyle: true, HTTPClient: s,
		Credentials:                credentials.NewStaticCredentialsProvider("a", "b", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}), plan)
}

func planOf(limit float64, segments, concurrency int) run.Plan {
	return run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "run-1", Bucket: "b", Root: "AWSDynamoDB/run-1",
		Scan: &run.ScanPlan{TotalSegments: segments, Concurrency: concurrency, MaxReadUnits: limit},
	}
}

// invocation reads pages until its segment, its time or the limit ends. It returns what it has read.
type invocation struct {
	portion *Portion
	page    func() float64 // the cost of a page
	took    time.Duration  // of a page
}

func (i invocation) read(ctx context.Context, units float64, until time.Time) (read float64, err error) {
	for read < units && time.Now().Before(until) {
		var most float64
		if most, err = i.portion.Ask(ctx, 0.5); err != nil {
			break
		}
		cost := min(i.page(), most, units-read)
		time.Sleep(i.took)
		i.portion.Charge(cost)
		read += cost
	}
	return read, errors.Join(err, i.portion.Return(ctx))
}

// An account has the same load however many accounts there are, so a few hundred segments show it.
var atOnce = flag.Int("segments", 200, "the number of segments at work at the same time")

// Segments that are all at work at the same time do not contend on one object: no object gets many requests. The run stops at its limit, also if some
// segments are much longer than the others, so that the accounts become empty at different times.
func TestManySegmentsAtOnce(t *testing.T) {
	segments := *atOnce
	for _, test := range []struct {
		name string
		of   func(segment int) (units float64, page time.Duration) // the size of a segment, and the time of a page
	}{
		{"equal segments", func(int) (float64, time.Duration) { return 3e4, 100 * time.Millisecond }},
		{"a few long ones", func(n int) (float64, time.Duration) {
			if n%50 == 0 {
				return 2e6, 50 * time.Millisecond
			}
			return 1000 + float64(n%7)*1000, 100 * time.Millisecond
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := 2e4 * float64(segments)
				s, plan := newStore(), planOf(limit, segments, segments)
				s.latency = 15 * time.Millisecond
				in := s.bucket(plan)
				var mu sync.Mutex
				var sum, over float64
				ends := map[failure.Name]int{}
				var all sync.WaitGroup
				begun := time.Now()
				for n := range segments {
					all.Go(func() {
						units, page := test.of(n)
						i := invocation{portion: New(in, plan, n), page: func() float64 { return 128 }, took: page}
						read, err := i.read(t.Context(), units, begun.Add(15*time.Minute))
						mu.Lock()
						defer mu.Unlock()
						sum += read
						if ends[failure.NameOf(err)]++; err == nil {
							ends[""]++
						}
					})
				}
				all.Wait()
				most := slices.Max(slices.Collect(maps.Values(s.requests)))
				var requests, writes int
				for key := range s.requests {
					requests, writes = requests+s.requests[key], writes+s.writes[key]
				}
				over = sum - limit
				t.Logf("%.0f units of %.0f read in %s, %d requests to %d objects, %d to one of them, %d of %d writes refused, ends %v",
					sum, limit, time.Since(begun), requests, len(s.requests), most, s.refused, writes+s.refused, ends)
				if over > 1 || over < -0.03*limit {
					t.Errorf("%.0f units were read, the limit is %.0f", sum, limit)
				}
				if most > 100*perAccount || requests > 100*segments {
					t.Errorf("%d requests, %d to one object", requests, most)
				}
			})
		})
	}
}

// A run of a few segments ends at its limit, also with invocations that end early and with answers that are lost, and never reads more than the limit
// and a page for each segment.
func TestLimitHolds(t *testing.T) {
	for seed := range uint64(25) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same numbers every time
			segments := 1 + random.IntN(130)
			limit := math.Exp(random.Float64()*6) * 10
			page := pagesOf(random)
			s, plan := newStore(), planOf(limit, segments, segments)
			s.latency = time.Duration(1+random.IntN(40)) * time.Millisecond
			lost := random.Float64() * 0.2
			var mu sync.Mutex
			s.lose = func(r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				return r.Method == http.MethodPut && random.Float64() < lost
			}
			in := s.bucket(plan)
			var sum, largest float64
			var all sync.WaitGroup
			end := time.Now().Add(time.Hour)
			for n := range segments {
				all.Go(func() {
					own := rand.New(rand.NewPCG(seed, uint64(n)+2)) //nolint:gosec // as above
					for {
						life := time.Duration(own.IntN(10_000)) * time.Millisecond
						i := invocation{portion: New(in, plan, n), took: 20 * time.Millisecond, page: func() float64 { return page(own) }}
						got, err := i.overdraw(t.Context(), time.Now().Add(life), own.IntN(5) == 0, &mu, &largest)
						mu.Lock()
						sum += got
						mu.Unlock()
						if failure.NameOf(err) == failure.LimitReached || time.Now().After(end) {
							return
						}
					}
				})
			}
			all.Wait()
			if over := sum - limit; over > largest*float64(segments) {
				t.Errorf("seed %d: %.1f units were read with %d segments, the limit is %.1f, and a page has %.1f at most", seed, sum, segments, limit, largest)
			}
		})
	}
}

// pagesOf returns a function that draws the costs of pages.
func pagesOf(random *rand.Rand) func(*rand.Rand) float64 {
	most := []float64{0.5, 4, 50, 128}[random.IntN(4)]
	return func(own *rand.Rand) float64 { return max(0.5, math.Round(own.Float64()*most*2)/2) }
}

// overdraw reads pages that may cost more than the portion has. An invocation that dies gives nothing back.
func (i invocation) overdraw(ctx context.Context, until time.Time, dies bool, mu *sync.Mutex, largest *float64) (read float64, err error) {
	for time.Now().Before(until) {
		if _, err = i.portion.Ask(ctx, 0.5); err != nil {
			break
		}
		cost := i.page()
		time.Sleep(i.took)
		i.portion.Charge(cost)
		read += cost
		mu.Lock()
		*largest = max(*largest, cost)
		mu.Unlock()
	}
	if dies {
		return read, err
	}
	return read, errors.Join(err, i.portion.Return(ctx))
}

// What is given back is never added twice: if the answer is lost, the units are lost.
func TestNothingIsGivenBackTwice(t *testing.T) {
	s, plan := newStore(), planOf(1000, 1, 1)
	p := New(s.bucket(plan), plan, 0)
	if _, err := p.Ask(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.Charge(50)
	s.lose = func(r *http.Request) bool { return r.Method == http.MethodPut }
	if err := p.Return(t.Context()); err == nil {
		t.Error("the answer was lost, and nobody says so")
	}
	key := path.Base(plan.Layout().UnitsAccount(plan.Digest(), 0))
	if got := string(s.objects[key]); s.writes[key] != 2 || got != `{"taken":50}` {
		t.Errorf("after %d writes, the account has %s, want 50 units taken", s.writes[key], got)
	}
	if err := p.Return(t.Context()); err != nil || s.writes[key] != 2 {
		t.Errorf("it gave back again: %v", err)
	}
}

// An invocation that outlives its run does not write an account again that finalize has removed.
func TestRemovedAccountStaysRemoved(t *testing.T) {
	s, plan := newStore(), planOf(1000, 1, 1)
	for _, charge := range []float64{1, 2000} {
		p := New(s.bucket(plan), plan, 0)
		if _, err := p.Ask(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		p.Charge(charge)
		clear(s.objects)
		if err := p.Return(t.Context()); err != nil || len(s.objects) > 0 {
			t.Errorf("%v, and the bucket has %q", err, s.objects)
		}
	}
}

// A limit is raised only to a higher one, and only in a run that has one.
func TestRaise(t *testing.T) {
	s, plan := newStore(), planOf(100, 1, 1)
	in := s.bucket(plan)
	for _, test := range []struct {
		plan  run.Plan
		limit float64
		says  string
	}{
		{planOf(0, 1, 1), 50, "has no maxReadUnits"},
		{run.Plan{RunID: "run-1"}, 50, "has no maxReadUnits"},
		{plan, 100, "is not above the limit"},
		{plan, math.NaN(), "is not above the limit"},
		{plan, 200, ""},
		{plan, 150, "which is 200"},
		{plan, 300, ""},
	} {
		err := Raise(t.Context(), in, test.plan, test.limit)
		if test.says == "" && err != nil || test.says != "" && (failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("to %g: %v, want %q", test.limit, err, test.says)
		}
	}
	s.objects[path.Base(plan.Commit())] = []byte("{}")
	if err := Raise(t.Context(), in, plan, 400); failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), "is committed") {
		t.Errorf("of a committed run: %v", err)
	}
	p := New(in, plan, 0)
	if got, err := p.Ask(t.Context(), 250); err != nil || got < 250 {
		t.Errorf("got %g, %v, and the limit is 300", got, err)
	}
}

// Objects that somebody has changed stop the run by name.
func TestSpoiledObjects(t *testing.T) {
	plan := planOf(100, 1, 1)
	for _, key := range []string{plan.Layout().UnitsAccount(plan.Digest(), 0), plan.Layout().RaisedLimit()} {
		s := newStore()
		s.objects[path.Base(key)] = []byte("spoiled")
		if _, err := New(s.bucket(plan), plan, 0).Ask(t.Context(), 1); failure.NameOf(err) != failure.ListsInconsistent || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// Without a limit, there are no requests.
func TestNoLimit(t *testing.T) {
	plan := planOf(0, 1, 1)
	p := New(nil, plan, 0)
	if got, err := p.Ask(t.Context(), 1e9); !math.IsInf(got, 1) || err != nil {
		t.Errorf("got %g, %v", got, err)
	}
	p.Charge(1e12)
	if err := p.Return(t.Context()); err != nil {
		t.Error(err)
	}
}
