package report_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/version"
)

var update = flag.Bool("update", false, "write the golden page")

// busy returns a run with hand-overs, throttles, waits and a segment that has most of the items.
func busy() *made {
	m := makeRun(4)
	m.plan.Scan.ReadUnitsPerSecond = 30
	m.invocation(0, 1, 9, true, even(8, 4000), 900_000, 100_000)
	m.invocation(1, 1, 11, true, even(10, 5000), 1_000_000)
	throttled := even(10, 9000)
	throttled[3], throttled[4].Throttles = run.Interval{Throttles: 7}, 2
	m.invocation(2, 1, 21, false, throttled, 1_048_600, 1_048_700).Work.WaitSeconds = 2.5
	m.invocation(2, 30, 50, true, even(10, 11000), 1_048_600, 400_000).Work.FlushSeconds = 0.5
	waiting := even(4, 100)
	waiting[1] = run.Interval{}
	m.invocation(3, 2, 6, true, waiting, 20_000).Work.WaitSeconds = 1
	return m
}

// contains fails the test for each text that the page does not have.
func contains(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not have %s", text)
		}
	}
}

func lacks(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page has %s", text)
		}
	}
}

// The page of a fixed run. go test ./cmd/ddb2s3/report -update writes it. Look at it in a browser.
func TestReportIsGolden(t *testing.T) {
	t.Parallel()
	m := busy()
	m.commit(52)
	facts := m.read(t)
	facts.Status = "SUCCEEDED"
	facts.Verified(true, "the objects are the table")
	facts.Result.Dollars = 0.0031
	got := strings.ReplaceAll(write(t, facts), version.Number, "VERSION")
	got = regexp.MustCompile(`&#39;/[^\n;]*/orders/`).ReplaceAllString(got, "&#39;lake/orders/") // the folder of the test
	const golden = "testdata/report.html"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("the page differs from %s (%v): look at it, then run go test ./cmd/ddb2s3/report -update", golden, err)
	}
}

func TestReportShowsWhatSegmentsDid(t *testing.T) {
	t.Parallel()
	m := busy()
	m.commit(52)
	page := write(t, m.read(t))
	contains(t, page,
		"COMMITTED", "A bar for each of 5 invocations in 4 segments, with 1 hand-over. Segment 2 took longest: 49 s. DynamoDB refused 9 tries.",
		`<use href="#handover"`, `class="throttled"`, `class="waited"`, `class="pause"`, // the picture
		"KeyRangeThroughputExceeded", "the pace: 30", "That is 4.2 times the median", "28,175",
		"estimate: 50 s, 4.0 % above", "estimate: 1,000, 40.9 % above", "fileSizeBytes: 1.0 MB", "8 objects with 5.6 MB", // the figures
	)
	lacks(t, page, "a-secret-key-value", "<script", "http://", "https://", "ZgotmplZ")
}
