package watch

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/limit"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// counter is an HTTP client that counts requests.
type counter struct {
	mu          sync.Mutex
	lists, gets int
	bytes       int64
}

func (c *counter) Do(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultClient.Do(request)
	c.mu.Lock()
	defer c.mu.Unlock()
	if request.URL.Query().Has("list-type") {
		c.lists++
	} else {
		c.gets++
		if err == nil {
			c.bytes += answer.ContentLength
		}
	}
	return answer, err
}

// take returns the numbers since the last call.
func (c *counter) take() (lists, gets int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lists, gets, bytes = c.lists, c.gets, c.bytes
	c.lists, c.gets, c.bytes = 0, 0, 0
	return lists, gets, bytes
}

// listing is a run with segment lists in a bucket of its own.
type listing struct {
	*lists
	counter counter
}

func newListing(t *testing.T, segments int) *listing {
	t.Helper()
	l := &listing{}
	_, cfg := testservers.Configs()
	cfg = cfg.Copy()
	cfg.HTTPClient = &l.counter
	plan := run.Plan{
		Version: run.Version, RunID: "night-1", Mode: request.ModeScan, Bucket: testservers.Bucket(t), Root: "lake/night-1",
		Scan: &run.ScanPlan{TotalSegments: segments, Compression: request.CompressionGZIP},
	}
	l.lists = newLists(awsclient.S3(cfg), plan, begin)
	return l
}

// list returns the list of an invocation of a minute that read ten items.
func (l *listing) list(segment, invocation int, try, after string, done bool) run.SegmentList {
	end := fmt.Sprint("at", invocation+1)
	list := run.SegmentList{
		Version: run.Version, Plan: l.digest, Segment: segment, Invocation: invocation, Try: try, After: after, FirstPart: invocation, NextPart: invocation + 1,
		Start: fmt.Sprint("at", invocation), End: end, LastEvaluatedKey: json.RawMessage(`{"objects":{"S":"objects"}}`), Done: done,
		StartTime: begin, EndTime: begin.Add(time.Minute), Totals: run.Totals{Scanned: 10, Items: 9, PageBytes: 1000, ReadUnits: 2.5},
		Work:    run.Work{Throttles: map[string]int64{"TableReadProvisionedThroughputExceeded": 1}, WaitSeconds: 2},
		Objects: []run.Object{{Key: "x"}},
	}
	if invocation == 0 {
		list.Start = ""
	}
	if done {
		list.End, list.LastEvaluatedKey = "", nil
	}
	return list
}

func (l *listing) put(t *testing.T, lists ...run.SegmentList) {
	t.Helper()
	var writing errgroup.Group
	writing.SetLimit(atOnce)
	for _, list := range lists {
		writing.Go(func() error {
			_, err := bucket.New(testservers.S3(), l.plan).Put(t.Context(), l.plan.Layout().KeyOf(list), run.Marshal(list))
			return err
		})
	}
	if err := writing.Wait(); err != nil {
		t.Fatal(err)
	}
}

func (l *listing) mustLook(t *testing.T) {
	t.Helper()
	if err := l.look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Each list is read once, and counts once.
func TestListsAreReadOnce(t *testing.T) {
	t.Parallel()
	l := newListing(t, 3)
	l.mustLook(t)
	if all := l.sum(); all.lists != 0 || l.behind() {
		t.Errorf("without lists: got %+v", all)
	}
	l.put(t, l.list(0, 0, "aaaaaaaa", "", false), l.list(1, 0, "bbbbbbbb", "", true))
	l.mustLook(t)
	want := sum{
		Totals: run.Totals{Scanned: 20, Items: 18, PageBytes: 2000, ReadUnits: 5}, lists: 2, ended: 1, whole: run.Totals{Scanned: 10, Items: 9, PageBytes: 1000, ReadUnits: 2.5},
		seconds: 120, waited: 4, throttles: map[string]int64{"TableReadProvisionedThroughputExceeded": 2},
	}
	same := cmp.AllowUnexported(sum{})
	if got := l.sum(); !cmp.Equal(got, want, same) {
		t.Errorf("got %+v", got)
	}
	// A second try at an invocation, and a list that leads nowhere, count no item twice.
	l.put(t, l.list(0, 0, "cccccccc", "", false), l.list(0, 2, "dddddddd", "eeeeeeee", false))
	l.counter.take()
	l.mustLook(t)
	if got := l.sum(); !cmp.Equal(got, want, same) {
		t.Errorf("with other tries: got %+v", got)
	}
	if lists, gets, _ := l.counter.take(); lists != 1 || gets != 2 {
		t.Errorf("%d requests list, and %d read, want 1 and 2", lists, gets)
	}
	l.put(t, l.list(0, 1, "ffffffff", "cccccccc", true))
	l.mustLook(t)
	if got := l.sum(); got.ended != 2 || got.Scanned != 30 || got.whole.Scanned != 30 {
		t.Errorf("at the end of segment 0: got %+v", got)
	}
}

// A redrive can have raised the limit. Without a limit, nothing is read for it.
func TestLimitOfAPass(t *testing.T) {
	t.Parallel()
	l := newListing(t, 1)
	l.mustLook(t)
	if _, gets, _ := l.counter.take(); gets != 0 || l.limit != 0 {
		t.Errorf("without a limit: %d reads, %g", gets, l.limit)
	}
	l.plan.Scan.MaxReadUnits = 100
	if err := limit.Raise(t.Context(), l.bucket, l.plan, 250); err != nil {
		t.Fatal(err)
	}
	l.counter.take()
	l.lists = newLists(l.s3, l.plan, begin)
	l.mustLook(t)
	l.mustLook(t)
	if _, gets, _ := l.counter.take(); gets != 1 || l.limit != 250 {
		t.Errorf("%d reads, and the limit is %g", gets, l.limit)
	}
}

// What is no list of the run says nothing, and is not read again.
func TestForeignListsSayNothing(t *testing.T) {
	t.Parallel()
	l := newListing(t, 3)
	other := l.list(0, 0, "aaaaaaaa", "", false)
	other.Plan = "another"
	newer := l.list(1, 0, "bbbbbbbb", "", false)
	newer.Version = 99
	l.put(t, other, newer)
	for _, text := range []string{"", "{", "[]", `"text"`, `{"version":1,"totals":7,"objects":[]}`, "{\"version\":1,\"objects\":[]}"} {
		key := l.plan.Layout().SegmentList(2, 0, fmt.Sprintf("%08x", len(text)))
		if _, err := bucket.New(testservers.S3(), l.plan).Put(t.Context(), key, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bucket.New(testservers.S3(), l.plan).Put(t.Context(), l.plan.Layout().SegmentLists()+"README", nil); err != nil {
		t.Fatal(err)
	}
	l.mustLook(t)
	if _, gets, _ := l.counter.take(); gets != 8 {
		t.Errorf("%d reads, want 8", gets)
	}
	l.mustLook(t)
	if _, gets, _ := l.counter.take(); gets != 0 || l.sum().lists != 0 || l.behind() {
		t.Errorf("%d reads, and %+v", gets, l.sum())
	}
}

// Of a large list, only the beginning is read.
func TestLargeListsAreReadInPart(t *testing.T) {
	t.Parallel()
	l := newListing(t, 1)
	list := l.list(0, 0, "aaaaaaaa", "", false)
	list.LastEvaluatedKey = json.RawMessage(`{"id":{"S":"` + strings.Repeat("x", 2048) + `"}}`)
	for range run.MaxIntervals {
		list.Work.Intervals = append(list.Work.Intervals, run.Interval{Items: 1e9, PageBytes: 1e12, ReadUnits: 123456789.5, Throttles: 1e6})
	}
	list.Schema = json.RawMessage(`"` + strings.Repeat("s", 5<<20) + `"`)
	l.put(t, list)
	l.mustLook(t)
	if _, gets, bytes := l.counter.take(); gets != 1 || bytes > headBytes || l.sum().Scanned != 10 || l.sum().waited != 2 {
		t.Errorf("%d reads of %d bytes: %+v", gets, bytes, l.sum())
	}
}

// With many segments, no look makes more requests than its bounds, and each list is still read once.
func TestLooksAreBounded(t *testing.T) {
	t.Parallel()
	const segments = 2050
	l := newListing(t, segments)
	var all []run.SegmentList
	for segment := range segments {
		all = append(all, l.list(segment, 0, "aaaaaaaa", "", true))
	}
	l.put(t, all...)
	listed, read, looks := 0, 0, 0
	for ; looks == 0 || l.behind(); looks++ {
		l.mustLook(t)
		lists, gets, _ := l.counter.take()
		if lists > mostPages || gets > mostReads {
			t.Errorf("look %d: %d requests list, and %d read", looks, lists, gets)
		}
		listed, read = listed+lists, read+gets
	}
	if read != segments || l.sum().ended != segments || looks != 5 {
		t.Errorf("%d looks list %d times and read %d lists: %+v", looks, listed, read, l.sum())
	}
	l.end() // once more through all keys
	l.mustLook(t)
	if !l.behind() {
		t.Error("one look is a round")
	}
	l.mustLook(t)
	if lists, gets, _ := l.counter.take(); l.behind() || lists != 3 || gets != 0 {
		t.Errorf("the last round lists %d times and reads %d lists", lists, gets)
	}
}

// Without a permission, the look fails with a name. What was not read is read later.
func TestListsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	l := newListing(t, 2)
	l.put(t, l.list(0, 0, "aaaaaaaa", "", false))
	_, cfg := testservers.Configs()
	mine := l.s3
	cfg = cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider("nobody", "x", "")
	l.s3 = awsclient.S3(cfg)
	if err := l.look(t.Context()); !failure.NameOf(err).Permanent() && failure.NameOf(err) != failure.CredentialsInvalid {
		t.Errorf("got %v", err)
	}
	if !l.behind() {
		t.Error("nothing is left to read")
	}
	l.s3 = mine
	l.mustLook(t)
	if l.behind() || l.sum().Scanned != 10 {
		t.Errorf("got %+v", l.sum())
	}
}
