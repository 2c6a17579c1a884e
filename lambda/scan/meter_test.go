package scan

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// However long an invocation takes, it has few intervals of one length, and each has exactly what was done in its time.
func TestIntervalsHaveWhatWasDoneInTheirTime(t *testing.T) {
	for _, test := range []struct {
		name      string
		every     time.Duration // between two pages
		pages     int
		length    time.Duration
		intervals int
	}{
		{"one page", 10 * time.Millisecond, 1, firstInterval, 1},
		{"all in the first intervals", 100 * time.Millisecond, 39, firstInterval, 32},
		{"a page at the first moment that has no interval", 4 * time.Second, 1, 2 * firstInterval, 17},
		{"a whole invocation of Lambda", 7 * time.Second / 10, 1270, 32 * time.Second, 28},
		{"a page an hour", time.Hour, 3, 512 * time.Second, 22},
	} {
		var m meter
		var times []time.Duration
		for i := range test.pages {
			at := time.Duration(i+1) * test.every
			times = append(times, at)
			m.add(at, run.Interval{Items: int64(i), PageBytes: 1000, ReadUnits: 0.5, Throttles: 1})
		}
		if m.length != test.length || m.used != test.intervals {
			t.Errorf("%s: got %d intervals of %s, want %d of %s", test.name, m.used, m.length, test.intervals, test.length)
		}
		want := make([]run.Interval, test.intervals)
		for i, at := range times {
			want[at/test.length].Add(run.Interval{Items: int64(i), PageBytes: 1000, ReadUnits: 0.5, Throttles: 1})
		}
		if !slices.Equal(m.intervals[:m.used], want) {
			t.Errorf("%s: got %+v, want %+v", test.name, m.intervals[:m.used], want)
		}
	}
	var m meter
	m.add(-time.Second, run.Interval{Items: 1}) // the clock was set back
	if m.intervals[0].Items != 1 {
		t.Errorf("got %+v", m.intervals)
	}
	if allocated := testing.AllocsPerRun(1000, func() { m.add(time.Hour, run.Interval{Items: 1}) }); allocated > 0 {
		t.Errorf("a page allocates %g times", allocated)
	}
}

// A segment list stays small: the times of an invocation add 3 KiB at most, as much as 40 parts of objects.
func TestTimesKeepTheListSmall(t *testing.T) {
	t.Parallel()
	work := run.Work{
		ThrottledTries: 1e6, Throttles: map[string]int64{"TableReadProvisionedThroughputExceeded": 1e6, "TableReadKeyRangeThroughputExceeded": 1e6},
		WaitSeconds: 899.999, FlushSeconds: 123.456, IntervalSeconds: 32,
	}
	for range run.MaxIntervals {
		work.Intervals = append(work.Intervals, run.Interval{Items: 1e9, PageBytes: 32e9, ReadUnits: 96000.5, Throttles: 100_000})
	}
	with, without := len(run.Marshal(run.SegmentList{Work: work})), len(run.Marshal(run.SegmentList{}))
	if with-without > 3<<10 {
		t.Errorf("the times of a busy invocation add %d bytes", with-without)
	}
}

// refusing is a table that refuses each so-manieth request for a page.
type refusing struct {
	*priced
	every   int64
	asked   atomic.Int64
	refused atomic.Int64
}

func (r *refusing) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".Scan") || r.asked.Add(1)%r.every != 0 {
		return r.priced.Do(req)
	}
	r.refused.Add(1)
	time.Sleep(5 * time.Millisecond)
	response := answer(req, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down",`+
		`"ThrottlingReasons":[{"reason":"TableReadProvisionedThroughputExceeded","resource":"arn:of:table"}]}`)
	response.StatusCode = http.StatusBadRequest
	return response, nil
}

// The lists say how their invocations spent their time: the intervals have all that was read, and every refused try. The log says the same.
func TestListsAndLogSayHowTheTimeWasSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pace, units, items = 50, 1.0, 6000
		table := &refusing{priced: &priced{items: items, units: units}, every: 40}
		objects := &line{rate: func() int64 { return 20_000_000 }, trip: 10 * time.Millisecond}
		c := newChildren(table.priced, pace, 1, 1, time.Minute)
		config := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
		tables, stored := config.Copy(), config.Copy()
		tables.HTTPClient, stored.HTTPClient = table, objects
		c.step.Tables = func(run.Plan) *dynamodb.Client { return awsclient.DynamoDB(tables) }
		c.step.Objects = func(run.Plan) *s3.Client { return awsclient.S3(stored) }
		var log bytes.Buffer
		c.step.Log = slog.New(slog.NewJSONHandler(&log, nil))
		begun := time.Now()
		c.segment(t, 0)

		var all run.WorkTotals
		var total run.Interval
		for i, list := range listsIn(t, objects) {
			w := list.Work
			var sum run.Interval
			for _, did := range w.Intervals {
				sum.Add(did)
			}
			total.Add(sum)
			if want := (run.Interval{Items: list.Totals.Scanned, PageBytes: list.Totals.PageBytes, ReadUnits: list.Totals.ReadUnits, Throttles: w.ThrottledTries}); sum != want {
				t.Errorf("list %d: the intervals have %+v, want %+v", i, sum, want)
			}
			if took := list.EndTime.Sub(list.StartTime).Seconds(); w.IntervalSeconds*float64(len(w.Intervals)-1) > took || len(w.Intervals) < 16 && !list.Done {
				t.Errorf("list %d: %d intervals of %gs are longer than %gs", i, len(w.Intervals), w.IntervalSeconds, took)
			}
			if n := w.Throttles["TableReadProvisionedThroughputExceeded"]; n != w.ThrottledTries || len(w.Throttles) > 1 {
				t.Errorf("list %d: %d tries were refused, with the reasons %v", i, w.ThrottledTries, w.Throttles)
			}
			all.Add(list.Worked())
		}
		if all.Invocations < 2 || total.Items != items || total.Throttles != table.refused.Load() || total.Throttles == 0 {
			t.Errorf("%d invocations have read %+v, and %d tries were refused", all.Invocations, total, table.refused.Load())
		}
		// The segment waits most of its time: items of 1 unit at 50 units a second.
		if all.WaitSeconds < 0.5*all.Seconds || all.WaitSeconds >= all.Seconds || !all.StartTime.Equal(begun) {
			t.Errorf("got %+v since %s", all, begun)
		}
		logged(t, log.String(), listsIn(t, objects))
	})
}

// listsIn returns the segment lists that were written, in order.
func listsIn(t *testing.T, objects *line) (lists []run.SegmentList) {
	t.Helper()
	for path, body := range objects.files {
		if strings.Contains(path, "/_segments/") {
			list, err := run.ParseSegmentList([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			lists = append(lists, list)
		}
	}
	slices.SortFunc(lists, func(a, b run.SegmentList) int { return a.Invocation - b.Invocation })
	return lists
}

// logged compares the log lines of invocations with their lists.
func logged(t *testing.T, log string, lists []run.SegmentList) {
	t.Helper()
	told := 0
	for text := range strings.Lines(log) {
		var line struct {
			Msg, Waited, Closing  string
			Invocation, Throttles int64
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Msg != "segment handed over" {
			continue
		}
		w := lists[told].Work
		waited, err := time.ParseDuration(line.Waited)
		closing, err2 := time.ParseDuration(line.Closing)
		if told++; err != nil || err2 != nil || line.Throttles != w.ThrottledTries || waited.Seconds() != w.WaitSeconds || closing.Seconds() != w.FlushSeconds {
			t.Errorf("the log says %s, and the list %+v", text, w)
		}
	}
	if told != len(lists) {
		t.Errorf("%d log lines for %d lists", told, len(lists))
	}
}
