package function_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// meter adds up what DynamoDB says about the capacity that pages consume, as it comes from the network.
type meter struct {
	mu             sync.Mutex // guards the following fields
	units, largest float64
	pages          int
	lose           func(page int) bool // reports whether the answer of a page is lost
}

var capacityUnits = regexp.MustCompile(`"CapacityUnits":([0-9.]+)`)

func (m *meter) Do(asked *http.Request) (*http.Response, error) {
	source, _ := testservers.Configs()
	asked.Header.Del("Accept-Encoding")
	answer, err := source.HTTPClient.Do(asked)
	if err != nil || !strings.HasSuffix(asked.Header.Get("X-Amz-Target"), ".Scan") {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	m.mu.Lock()
	defer m.mu.Unlock()
	if found := capacityUnits.FindSubmatch(body); found != nil {
		units, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return nil, err
		}
		m.units, m.largest = m.units+units, max(m.largest, units)
	}
	m.pages++
	if m.lose != nil && m.lose(m.pages) {
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), brokenBody{}))
	}
	return answer, nil
}

// brokenBody is the end of an answer whose connection breaks off.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// nameOf returns the name with which an execution has failed.
func nameOf(err error) failure.Name {
	if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); ok {
		return failure.Name(failed.Type)
	}
	return ""
}

// consumed returns what a run of the fields consumes without a limit.
func consumed(t *testing.T, table, fields string) float64 {
	t.Helper()
	m := new(meter)
	if _, err := (execution{t: t, name: "run-1", pages: m, request: fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, testservers.Bucket(t), fields)}).run(); err != nil {
		t.Fatal(err)
	}
	return m.units
}

// A run stops before it has read more than its limit, by at most a page for each segment, and by name. With a higher limit it continues: a local run
// repeats its request, and a redrive raises the limit of the run. Then nothing is left of the limit in the bucket.
func TestRunStopsAtItsLimit(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 2*many)
	for _, test := range []struct {
		name, fields string
		hurry        time.Duration
		items        int
		part         float64 // of what the run needs
	}{
		{"one segment", `"segments": 1`, 0, 2 * many, 0.5},
		{"several segments", `"segments": 3, "concurrency": 3`, 0, 2 * many, 0.7},
		{"several accounts", `"segments": 45, "concurrency": 45`, 0, 2 * many, 0.7},
		{"many invocations", `"segments": 2, "scan": {"Limit": 25}`, 4 * time.Minute, 2 * many, 0.5},
		{"a pace", `"segments": 2, "readUnitsPerSecond": 100000`, 0, 2 * many, 0.6},
		{"consistent reads", `"segments": 2, "scan": {"ConsistentRead": true}`, 0, 2 * many, 0.6},
		{"Parquet", `"segments": 2, "format": "PARQUET"`, 0, 2 * many, 0.5},
		{"one scan.Segment", `"scan": {"TotalSegments": 2, "Segment": 1}`, 0, 0, 0.5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			need := consumed(t, table, test.fields)
			for _, raise := range []string{"repeats its request", "raises the limit of the run"} {
				t.Run(raise, func(t *testing.T) {
					in, pages := testservers.Bucket(t), new(meter)
					request := func(most float64) string {
						return fmt.Sprintf(`{"table": %q, "bucket": %q, "maxReadUnits": %g, %s}`, table, in, most, test.fields)
					}
					e := execution{t: t, name: "run-1", pages: pages, hurry: test.hurry, request: request(1000 * need)}
					if _, err := e.plan(); err != nil { // before the limit refuses the estimate
						t.Fatal(err)
					}
					most := test.part * need
					e.request = request(most)
					planned, err := e.plan()
					if err != nil {
						t.Fatal(err)
					}
					*pages = meter{} // plan reads a sample of a table whose size is not known, and that is no part of the run
					err = e.scanAll(planned)
					if nameOf(err) != failure.LimitReached || !strings.Contains(err.Error(), "ddb2s3 redrive run-1 --max-read-units") {
						t.Fatalf("got %v", err)
					}
					if over := pages.units - most; over > pages.largest || over < -0.25*most {
						t.Errorf("%g units were read, the limit is %g, and a page has %g at most", pages.units, most, pages.largest)
					}
					t.Logf("%g units of %g were read in %d pages, the run needs %g", pages.units, most, pages.pages, need)
					if e.request = request(6 * need); raise == "raises the limit of the run" {
						e.request = request(most)
						if err := limit.Raise(t.Context(), bucket.New(testservers.S3(), planned.Plan), planned.Plan, 6*need); err != nil {
							t.Fatal(err)
						}
					}
					result, err := e.run()
					if err != nil {
						t.Fatal(err)
					}
					if test.items > 0 {
						holdsItems(t, in, result, test.items)
					}
					if left := testservers.Keys(t, in, result.Root+"/_readunits/"); len(left) > 0 || result.Foreign != nil {
						t.Errorf("%v are left, and the result has %+v", left, result.Foreign)
					}
					if left := testservers.Keys(t, in, run.Layout{Root: result.Root, Staging: true}.StagingPrefix()); len(left) > 0 {
						t.Errorf("%v are left", left)
					}
					t.Logf("%g units were read in all", pages.units)
				})
			}
		})
	}
}

// DynamoDB charges for pages whose answers are lost, so they count.
func TestLostPagesCount(t *testing.T) {
	t.Parallel()
	table, in := testservers.Orders(t, 2*many), testservers.Bucket(t)
	pages := &meter{lose: func(page int) bool { return page%3 > 0 }}
	need := consumed(t, table, `"segments": 1`)
	e := execution{t: t, name: "run-1", pages: pages, request: fmt.Sprintf(`{"table": %q, "bucket": %q, "maxReadUnits": %g, "segments": 1}`, table, in, 1.5*need)}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	pages.units, pages.largest = 0, 0 // without the sample that plan has read
	if err = e.scanAll(planned); nameOf(err) != failure.LimitReached {
		t.Fatalf("got %v", err)
	}
	if over := pages.units - 1.5*need; over > pages.largest || over < -0.2*need {
		t.Errorf("%g units were read, the limit is %g, and a page has %g at most", pages.units, 1.5*need, pages.largest)
	}
	t.Logf("%g units of %g were read in %d pages", pages.units, 1.5*need, pages.pages)
}

// A run with a limit that it does not reach makes the same objects, with a few more requests for each portion.
func TestLimitThatIsNotReached(t *testing.T) {
	t.Parallel()
	table, in := testservers.Orders(t, 2*many), testservers.Bucket(t)
	result, err := execution{t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "maxReadUnits": 100000}`, table, in)}.run()
	if err != nil {
		t.Fatal(err)
	}
	holdsItems(t, in, result, 2*many)
	if left := testservers.Keys(t, in, result.Root+"/_readunits/"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}
