package plan

import (
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// A scan that Step Functions would end before it is done is refused, with the numbers. A little less is allowed.
func TestScanThatCannotEndIsRefused(t *testing.T) {
	t.Parallel()
	const (
		gb   = 1 << 30
		year = 365 * 24 * 60 * 60
	)
	for _, test := range []struct {
		name, fields string
		bytes, items int64
		timeout      time.Duration
		says         string // "" if the scan is allowed
	}{
		{"an empty table", ``, 0, 0, 0, ""},
		{"a petabyte", ``, 1e15, 1e12, 0, ""},
		{"a petabyte at a usual pace", `, "readUnitsPerSecond": 40000`, 1e15, 1e12, 0, ""},

		// 365 days for the whole table.
		{"a pace that needs 365 days", `, "readUnitsPerSecond": 1, "segments": 1000`, year * 8192, year, 0, ""},
		{
			"a pace that needs a little more", `, "readUnitsPerSecond": 0.999999, "segments": 1000`, year * 8192, year, 0,
			"readUnitsPerSecond: got 0.999999, at which 31536000 read units of the table take 365 days, want 1 units a second or more: an execution takes at most 365 days",
		},
		{
			"a part of the capacity", `, "readPercent": 1, "segments": 10000`, 1e15, 1e12, 0,
			"readPercent: got 1, at which 122070312500 read units of the table take 3532 days, want 3880 units a second or more",
		},
		{"consistent reads cost twice as much", `, "readUnitsPerSecond": 1, "segments": 1000, "scan": {"ConsistentRead": true}`, year * 8192, year, 0, "at which 63072000 read units of the table take 730 days, want 2 units a second or more"},
		{"one segment of many", `, "readUnitsPerSecond": 1, "scan": {"TotalSegments": 1000, "Segment": 7}`, year * 8192, year, 0, ""},
		{"small items, of which each costs half a unit", `, "readUnitsPerSecond": 0.5, "segments": 10000`, gb, year, 0, ""},
		{"one more", `, "readUnitsPerSecond": 0.5, "segments": 10000`, gb, year + 2, 0, "readUnitsPerSecond: got 0.5, at which 15768001 read units of the table take 365 days, want 0.501 units a second or more"},
		{"one function at a time", `, "concurrency": 1`, year * 3000 * 8192, 1e12, 0, ""},
		{
			"one function at a time, for a little more", `, "concurrency": 1`, year*3000*8192 + 1e9, 1e12, 0,
			"concurrency: got 1, with which 94608122070 read units of the table take 365 days or more: a segment reads at most 3000 units a second, want 2 or more",
		},

		// 365 days for one item.
		{"a pace that reads the largest item in 365 days", `, "readUnitsPerSecond": 0.0000015855`, 0, 0, 0, ""},
		{
			"a pace that needs a little longer", `, "readUnitsPerSecond": 0.0000015854`, 0, 0, 0,
			"readUnitsPerSecond: got 1.5854e-06, at which a segment reads an item of 400 KB, the largest possible, in 365 days, want 1.59e-06 or more: an execution takes at most 365 days",
		},

		// 25,000 events of the history of one segment.
		{"a segment in short invocations", `, "segments": 1`, 3569 * 10 * 3000 * 8192, 1e9, 10 * time.Second, ""},
		{
			"a segment in one invocation more", `, "segments": 1`, 3570 * 10 * 3000 * 8192, 1e9, 10 * time.Second,
			"segments: got 1, so that one segment takes about 0.413 days in invocations of 10s, which can make a history of 25001 events, want a history of at most 25000 events: give 2 segments or more",
		},
		{"the same in long invocations", `, "segments": 1`, 3570 * 10 * 3000 * 8192, 1e9, 0, ""},
		{"a segment that the pace makes wait", `, "readUnitsPerSecond": 1, "segments": 1`, 1387 * 900 * 8192, 1e9, 0, ""},
		{
			"a segment that the pace makes wait longer", `, "readUnitsPerSecond": 1, "segments": 1`, 1390 * 900 * 8192, 1e9, 0,
			"segments: got 1, so that one segment takes about 14.5 days in invocations of 15m0s, which can make a history of 25015 events, want a history of at most 25000 events: give 2 segments or more",
		},
		{"the same, of few items", `, "readUnitsPerSecond": 1, "segments": 1`, 1390 * 900 * 8192, 2776, 0, ""},
		{"the same, of one item more", `, "readUnitsPerSecond": 1, "segments": 1`, 1390 * 900 * 8192, 2777, 0, "a history of 25006 events"},
		{"one segment of the caller's choice", `, "readUnitsPerSecond": 1, "scan": {"TotalSegments": 1}`, 1390 * 900 * 8192, 1e9, 0, "scan.TotalSegments: got 1,"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req, err := request.Parse([]byte(`{"table": "orders", "bucket": "lake"`+test.fields+`}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			described := table.Description{Bytes: test.bytes, Items: test.items, ReadUnits: 40_000}
			scan := run.ScanPlan{Request: *req.Scan, TotalSegments: segments(req, test.bytes)}
			if scan.ReadUnitsPerSecond, err = pace(req, described); err != nil {
				t.Fatal(err)
			}
			atOnce := min(concurrency(req, described.ReadUnits, scan.ReadUnitsPerSecond), len(scan.Segments()))
			err = (&Step{ScanTimeout: test.timeout}).checkDuration(req, scan, described, atOnce)
			if (err == nil) != (test.says == "") || err != nil && (failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
