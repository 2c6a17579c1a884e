package run_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

func TestRoot(t *testing.T) {
	at := time.Date(2026, 1, 31, 23, 30, 0, 0, time.FixedZone("", -3600)) // the next day, in UTC
	for _, test := range []struct{ prefix, run, want string }{
		{"", "r1", "AWSDynamoDB/r1"},
		{"a/b/", "r1", "a/b/AWSDynamoDB/r1"},
		{"{table}/{date}", "r1", "orders/2026-02-01/AWSDynamoDB/r1"},
		{"y={year}/m={month}/d={day}/h={hour}/{runId}", "r1", "y=2026/m=02/d=01/h=00/r1/AWSDynamoDB/r1"},
	} {
		got, err := run.Root(test.prefix, "orders", test.run, at)
		if err != nil || got != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.prefix, got, err, test.want)
		}
		if prefix := (run.Plan{Root: got, RunID: test.run}).Prefix(); got != strings.TrimPrefix(prefix+"/AWSDynamoDB/"+test.run, "/") {
			t.Errorf("%q: the prefix of %q is %q", test.prefix, got, prefix)
		}
	}
	for _, name := range []string{"", ".hidden", "..", "a/b", "a b", "a\nb", strings.Repeat("a", 82), "ä"} {
		if _, err := run.Root("", "orders", name, at); failure.NameOf(err) != failure.InvalidRequest {
			t.Errorf("the name %q: got %v", name, err)
		}
	}
}

// No key of a run is longer than S3 allows. A prefix is refused only if a key would be longer.
func TestPrefixLeavesRoomForTheLongestKey(t *testing.T) {
	refused := 0
	for n := 900; n < 1024; n++ {
		root, err := run.Root(strings.Repeat("p", n), "orders", "run-1", time.Unix(0, 0))
		layout := run.Layout{Root: strings.Repeat("p", n) + "/AWSDynamoDB/run-1", Staging: true}
		longest := 0
		for _, key := range []string{
			layout.Data(0, 0, "0a1b2c3d", ".json.zst"), layout.SegmentList(0, 0, "0a1b2c3d"), layout.SegmentEnd(0), layout.ExportTry(strings.Repeat("f", 32)),
			layout.Checksum(layout.ManifestSummary()), layout.Claim(), layout.Result(), layout.Journal(), layout.PaceMarker("0123456789abcdef", 0),
		} {
			longest = max(longest, len(key))
		}
		if fits := longest <= 1024; fits != (err == nil) || fits && root != layout.Root {
			t.Errorf("a prefix of %d bytes makes keys of %d: got %v", n, longest, err)
		}
		if err != nil {
			refused++
		}
	}
	if refused == 0 || refused == 124 {
		t.Errorf("%d of 124 were refused", refused)
	}
}

// Keys sort like their numbers, so a listing is in the order of segments, parts and invocations.
func TestKeysSortByTheirNumbers(t *testing.T) {
	layout := run.Layout{Root: "r"}
	var data, lists []string
	for _, n := range []int{0, 9, 10, 99_999, run.MaxParts - 1} {
		for _, m := range []int{0, 9, 10, 99_999, run.MaxParts - 1} {
			data = append(data, layout.Data(n, m, "0a1b2c3d", ".json.gz"))
			lists = append(lists, layout.SegmentList(n, m, "0a1b2c3d"))
		}
		lists = append(lists, layout.SegmentEnd(n))
	}
	if !slices.IsSorted(data) || !slices.IsSorted(lists) {
		t.Errorf("%v\n%v", data, lists)
	}
	csv := &run.Encoder{Name: "csv", Extension: ".csv"}
	for _, test := range []struct {
		plan run.ScanPlan
		want string
	}{
		{run.ScanPlan{Compression: request.CompressionGZIP}, "r/data/000007-000012-0a1b2c3d.json.gz"},
		{run.ScanPlan{Compression: request.CompressionZSTD}, "r/data/000007-000012-0a1b2c3d.json.zst"},
		{run.ScanPlan{Compression: request.CompressionNone}, "r/data/000007-000012-0a1b2c3d.json"},
		{run.ScanPlan{Compression: request.CompressionGZIP, Format: request.FormatION}, "r/data/000007-000012-0a1b2c3d.ion.gz"},
		{run.ScanPlan{Compression: request.CompressionGZIP, Format: request.FormatJSON}, "r/data/000007-000012-0a1b2c3d.json.gz"},
		{run.ScanPlan{Compression: request.CompressionGZIP, Encoder: csv}, "r/data/000007-000012-0a1b2c3d.csv.gz"},
		{run.ScanPlan{Compression: request.CompressionNone, Encoder: csv}, "r/data/000007-000012-0a1b2c3d.csv"},
	} {
		if got := layout.Data(7, 12, "0a1b2c3d", test.plan.Extension()); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// A state machine may write a key's JSON again between two invocations.
func TestPositionDependsOnTheKeyNotItsSpelling(t *testing.T) {
	position := func(key string) string { return run.Position(json.RawMessage(key)) }
	first := position(`{"id":{"S":"ü<1"},"at":{"N":"1.50"}}`)
	if other := position(`{ "at": {"N":"1.50"}, "id": {"S":"\u00fc\u003c1"} }`); other != first || len(first) != 64 {
		t.Errorf("got %s and %s", first, other)
	}
	if other := position(`{"id":{"S":"ü<1"},"at":{"N":"1.5"}}`); other == first {
		t.Error("another key has the same position")
	}
	if position("") != "" {
		t.Error("no key has a position")
	}
}

// DynamoDB's folders lie beside the runs: those that all runs of a prefix share, and one for each native export.
func TestFoldersOfOthersAreNotRuns(t *testing.T) {
	const shared, export = "it is the name of a folder that all runs of a prefix share", "it is like the id of a native export"
	for _, test := range []struct{ name, want string }{
		{"data", shared},
		{"_chains", shared},
		{"01693685827463-2d8752fd", export},
		{"0rders-nightly-2d", export},
		{"0rders-nightly-2d8", export},
		{"0rders-nightly-2d8752fg", export},
		{"0rders-nightly-2", ""},
		{"0rders-nightly-2d8752fgh", ""},
		{"0rders-nightly-20260131T060000Z", ""},
		{"orders-nightly-2d8752fd", ""},
		{"1693685827463-2d8752fd", ""},
		{"01693685827463_2d8752fd", ""},
		{"x-01693685827463-2d8752fd", ""},
	} {
		_, err := run.Root("lake", "orders", test.name, time.Now())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), "want another name: "+test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
