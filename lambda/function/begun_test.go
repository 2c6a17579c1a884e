package function_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// wire sends requests to S3 and notes them. It can be cut after a number of writes: the answer to the last write is lost, and nothing after
// it reaches S3.
type wire struct {
	before func(n int) // is called before request n, from 0; nil for nothing

	mu     sync.Mutex
	sent   []sent
	cut    bool
	writes int // that are left before the cut; it counts only if cut is true
}

type sent struct{ operation, key string }

var errCut = errors.New("the wire is cut")

func (w *wire) Do(request *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut && w.writes == 0 {
		return nil, errCut
	}
	if w.before != nil {
		w.before(len(w.sent))
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	w.sent = append(w.sent, sent{middleware.GetOperationName(request.Context()), key})
	_, destination := testservers.Configs()
	response, err := destination.HTTPClient.Do(request)
	if err == nil && w.cut && request.Method != http.MethodGet {
		if w.writes--; w.writes == 0 {
			return nil, errors.Join(errCut, response.Body.Close())
		}
	}
	return response, err
}

// begun is a run of one segment of ten pages, whose execution dies at some moment.
type begun struct {
	t             *testing.T
	states        *testservers.StepFunctions
	table, bucket string
	first         execution
	plan          run.Plan
	layout        run.Layout
}

const (
	begunItems = 480
	begunPages = 10
)

// begin plans the run. Each invocation reads a few pages.
func begin(t *testing.T, table string) *begun {
	t.Helper()
	b := &begun{t: t, states: testservers.StartStepFunctions(t), table: table, bucket: testservers.Bucket(t)}
	b.first = execution{t: t, name: "e-1", states: b.states, hurry: 4 * time.Minute, request: fmt.Sprintf(
		`{"table": %q, "bucket": %q, "fileSizeBytes": 20000, "scan": {"Limit": 50}, %s}`, table, b.bucket, firing)}
	planned, err := b.first.plan()
	if err != nil {
		t.Fatal(err)
	}
	b.plan, b.layout = planned.Plan, planned.Plan.Layout()
	return b
}

// scan scans until it has so many lists, or to the end of the segment.
func (b *begun) scan(lists int) {
	b.t.Helper()
	e := b.first
	e.beforeScan = func(in run.ScanInput) bool {
		return lists > 0 && (in.Checkpoint == nil || in.Checkpoint.Invocation < lists)
	}
	if _, err := e.scan(b.plan, 0); err != nil && !errors.Is(err, errCrashed) {
		b.t.Fatal(err)
	}
}

// lists returns the keys of the segment's lists and the pages that each of them counts.
func (b *begun) lists() (keys []string, pages []int) {
	b.t.Helper()
	for _, key := range testservers.Keys(b.t, b.bucket, b.layout.SegmentLists()) {
		list, err := run.ParseSegmentList([]byte(get(b.t, b.bucket, key)))
		if err != nil {
			b.t.Fatal(err)
		}
		keys, pages = append(keys, key), append(pages, int(list.Totals.Pages))
	}
	return keys, pages
}

// listed returns a list by its key.
func (b *begun) listed(key string) run.SegmentList {
	b.t.Helper()
	list, err := run.ParseSegmentList([]byte(get(b.t, b.bucket, key)))
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// abort aborts the upload of the last object that a list names.
func (b *begun) abort(list string) {
	b.t.Helper()
	objects := b.listed(list).Objects
	o := objects[len(objects)-1]
	for _, upload := range testservers.Uploads(b.t, b.bucket, o.Key) {
		testservers.Abort(b.t, b.bucket, upload)
	}
}

// takenOver lets the next execution take the run over, and returns its plan and the number of pages that it read.
func (b *begun) takenOver(name string, last execution) (result run.Result, read int, err error) {
	b.t.Helper()
	b.states.Set(last.id(), status.Failed, long())
	next := b.first
	next.name, next.objects, next.hurry = name, nil, 0
	planned, err := next.plan()
	if err != nil {
		return result, 0, err
	}
	pages := new(watched)
	next.pages = pages
	if err = next.scanAll(planned); err == nil {
		result, err = next.finalize(planned.Plan)
	}
	return result, pages.pages, err
}

// completions returns how many uploads the run's lists name.
func (b *begun) completions() (n int) {
	b.t.Helper()
	keys, _ := b.lists()
	for _, key := range keys {
		n += len(b.listed(key).Objects)
	}
	return n
}
