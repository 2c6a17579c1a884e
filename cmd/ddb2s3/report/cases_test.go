package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/report"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// An unfinished run shows what its lists say so far.
func TestUnfinishedRunHasAReport(t *testing.T) {
	t.Parallel()
	m := makeRun(4)
	m.invocation(0, 1, 10, true, even(9, 900), 5000)
	m.invocation(1, 1, 10, false, even(9, 450), 5000)
	facts := m.read(t)
	facts.Status, facts.Error, facts.Cause = "FAILED", "TableNotFound", `the table "orders" <does not exist>`
	page := write(t, facts)
	contains(t, page, "FAILED", "TableNotFound", "&lt;does not exist&gt;", "The run is not committed: readers see nothing of it", "Of 4 segments, 1 is complete, 1 is in progress and 2 have no list yet.",
		"1,350", "bar open", "so there is nothing to query")
	lacks(t, page, "Verification", "estimate: 50")
}

// A run that has only begun, and lists of another plan or of tries that led nowhere.
func TestOnlyListsOfTheRunCount(t *testing.T) {
	t.Parallel()
	m := makeRun(1)
	contains(t, write(t, m.read(t)), "There are no segment lists of this run yet.", "NOT COMMITTED")
	m.invocation(0, 1, 10, true, even(9, 900), 5000)
	for _, other := range []func(*run.SegmentList){
		func(l *run.SegmentList) { l.Plan = "another" },
		func(l *run.SegmentList) { l.After = "a try that nobody knows" },
		func(l *run.SegmentList) { l.Version++ },
	} {
		list := m.lists[0][0]
		list.Done, list.Try, list.Totals.Scanned = false, "ffffffff", 77_777
		other(&list)
		m.put(m.plan.Layout().KeyOf(list), list)
		m.put(m.plan.Layout().SegmentLists()+"README.md", []byte("not a list"))
		page := write(t, m.read(t))
		contains(t, page, "A bar for each of 1 invocation in 1 segment, with 0 hand-overs")
		lacks(t, page, "77,777")
	}
}

// What others may have changed in the bucket is a check that failed, and never an end without a report.
func TestDamageIsACheckThatFailed(t *testing.T) {
	t.Parallel()
	layout := makeRun(1).plan.Layout()
	for _, test := range []struct {
		name   string
		damage func(*made)
		want   string
	}{
		{"no checksum", func(m *made) { delete(m.objects, layout.Checksum(layout.ManifestFiles())) }, "manifest-files.json has no checksum beside it."},
		{"another checksum", func(m *made) { m.put(layout.Checksum(layout.ManifestSummary()), []byte("x")) }, "manifest-summary.json has not the checksum that manifest-summary.md5 says."},
		{"no list of files", func(m *made) { delete(m.objects, layout.ManifestFiles()) }, "manifest-files.json is missing."},
		{"a broken list of files", func(m *made) { m.put(layout.ManifestFiles(), []byte("{")) }, "manifest-files.json cannot be read"},
		{"too few files", func(m *made) { m.put(layout.ManifestFiles(), []byte("{}\n")) }, "names 1 object with 0 records; the summary says 1 and 900."},
		{"the summary of another run", func(m *made) {
			m.put(layout.ManifestSummary(), manifest.Summary{Scan: &manifest.Scan{RunID: "other"}})
		}, "manifest-summary.json is not this run"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := makeRun(1)
			m.invocation(0, 1, 10, true, even(9, 900), 5000)
			m.commit(12)
			test.damage(m)
			contains(t, write(t, m.read(t)), test.want, "</span> failed:")
		})
	}
}

func TestFolderThatIsNoRunIsRefused(t *testing.T) {
	t.Parallel()
	if _, _, err := report.OpenFolder(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "Give the folder of a run") {
		t.Errorf("got %v", err)
	}
	for _, claim := range []string{"", "{", "{}", `{"version": 1}`, `{"version": 99}`} {
		folder := t.TempDir()
		writeFile(t, folder+"/_started", claim)
		if _, _, err := report.OpenFolder(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "is not the claim of a run") {
			t.Errorf("%q: got %v", claim, err)
		}
	}
}

// Names come from the table, and from every program that can write into the bucket.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	const attack = `</script></style></pre><img src=x onerror=alert(1)>"'` + "\u202e\x00`${1}"
	m := makeRun(1)
	m.plan.Table, m.plan.Catalog = "a<b>", &run.CatalogPlan{Database: "db<script>", Table: "orders"}
	m.plan.Scan.Format = request.FormatJSON
	columns := fmt.Sprintf(`[{"name": %[1]s, "attribute": %[1]s, "type": "string", "kind": "S"}]`, run.Marshal(attack))
	m.put(m.plan.Final().Schema(), run.Schema{
		Version: run.Version, RunID: "nightly", Table: m.plan.Table, StartTime: began, Columns: json.RawMessage(columns), Rest: map[string]int64{attack: 3, strings.Repeat("x", 70_000): 1},
		Last: "run" + attack, Drift: json.RawMessage(fmt.Sprintf(`{"changes": [{"column": %[1]s, "attribute": %[1]s, "change": "renamed", "from": %[1]s, "to": %[1]s}], "more": 2}`, run.Marshal(attack))),
	})
	m.written.Foreign = run.Foreign{Count: 1, Keys: []string{"lake/" + attack}}
	m.invocation(0, 1, 10, true, even(9, 900), 5000)
	m.lists[0][0].Work.Throttles = map[string]int64{attack: 1}
	m.commit(12)
	facts := m.read(t)
	facts.Cause = attack
	facts.Verified(false, attack)
	page := write(t, facts)
	contains(t, page, "&lt;img src=x", `\u202e\x00`, "3 changes since the run", "1 object in the folder", "2 more are not shown")
	lacks(t, page, "<img", "<script", "\u202e", "\x00", strings.Repeat("x", 200))
}

// A run that makes Parquet files has two passes. Its schema says what has changed since the last run.
func TestParquetShowsBothPassesAndTheDrift(t *testing.T) {
	t.Parallel()
	m := makeRun(2)
	m.plan.Parquet = &run.ParquetPlan{Compression: request.CompressionZSTD, FileSizeBytes: 1 << 20, KeepStaging: true}
	m.invocation(0, 1, 10, true, even(9, 900), 5000)
	m.invocation(1, 1, 12, true, even(9, 900), 5000)
	contains(t, write(t, m.read(t)), "A bar for each of 2 invocations in 2 segments", "PARQUET", "NOT COMMITTED")

	m.second(run.Schema{
		Version: run.Version, RunID: "nightly", Table: "orders", StartTime: began, Segments: 1, Last: "before", Items: 1800,
		Columns: json.RawMessage(`[{"name": "id", "attribute": "id", "type": "string", "kind": "S"}]`), Rest: map[string]int64{"total": 3},
		Drift:  json.RawMessage(`{"changes": [{"column": "total", "attribute": "total", "change": "widened", "from": "bigint", "to": "decimal(38,2)"}]}`),
		Staged: run.Staged{Records: 1800, Items: 1800, Scanned: 1800, ReadUnits: 90, TotalSegments: 2},
	})
	m.invocation(0, 13, 20, true, even(7, 1800), 7000)
	m.commit(21)
	page := write(t, m.read(t))
	contains(t, page, ">Scan</h2>", ">Conversion to Parquet</h2>", "COMMITTED", "1 change since the run before", "widened", "decimal(38,2)", "values in the column _rest", "STORED AS INPUTFORMAT", "1 object with 7.0 kB")
}

// A native export has windows, and no segments.
func TestExportsAreShownWithTheirWindows(t *testing.T) {
	t.Parallel()
	m := makeRun(1)
	m.plan.Mode, m.plan.Scan = request.ModeExport, nil
	m.plan.Export = &run.ExportPlan{Request: request.Export{Format: request.FormatDynamoDBJSON, ExportType: request.ExportFull}}
	from, to := at(-7200), at(-3600)
	window := func(kind request.ExportType, id string, begin, end float64) run.ExportedWindow {
		w := run.ExportedWindow{
			ExportARN: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/export/" + id, ExportType: kind, Items: 1234, Objects: 2, Bytes: 9000, BilledBytes: 50_000,
			Manifest: "s3://lake/orders/AWSDynamoDB/" + id + "/manifest-summary.json", StartTime: at(begin), EndTime: at(end),
		}
		summary := run.Marshal(manifest.Summary{ExportARN: w.ExportARN})
		key := strings.TrimPrefix(w.Manifest, "s3://lake/")
		m.put(key, summary)
		m.put(strings.Replace(key, ".json", ".md5", 1), manifest.Checksum(summary))
		return w
	}
	full := window(request.ExportFull, "01693685827463-2d8752fd", 3, 200)
	full.ExportTime, full.Reason, full.Followed = &from, "it is the first export of the chain", true
	m.put("orders/AWSDynamoDB/01693685827463-2d8752fd/data/a.json.gz", make([]byte, 4000))
	m.put("orders/AWSDynamoDB/01693685827463-2d8752fd/data/b.json.gz", make([]byte, 5000))
	changes := window(request.ExportIncremental, "01693685827999-2d8752fe", 201, 400)
	changes.From, changes.To = &from, &to
	m.put(m.plan.Final().Result(), run.Result{
		Version: run.Version, RunID: "nightly", Mode: request.ModeExport, Table: "orders", Items: 2468, Records: 2468, Objects: 4, Bytes: 18_000, BilledBytes: 100_000,
		Exports: []run.ExportedWindow{full, changes}, StartTime: began, EndTime: at(410), Pruned: &run.Pruned{Count: 2, Objects: 7, Bytes: 70, Kept: 3},
	})
	page := write(t, m.read(t))
	contains(t, page, "2 native exports of DynamoDB", "INCREMENTAL", "2026-11-27 03:00:00 UTC", "it is the first export of the chain", "found in progress", "100.0 kB",
		"The manifest is that of the export 01693685827463-2d8752fd.", "2 objects with 9.0 kB", "CREATE EXTERNAL TABLE", "2 runs removed with 7 objects and 70 B", "3 stay")

	m.plan.Export.Request.ExportType = request.ExportIncremental
	delete(m.objects, m.plan.Final().Result())
	m.put(m.plan.Journal(), ledger.Journal{Version: run.Version, Pending: []ledger.PendingExport{{
		ExportSpec: ledger.ExportSpec{ExportType: request.ExportIncremental, From: &from, To: &to}, Since: at(5), ExportARN: changes.ExportARN,
	}}})
	contains(t, write(t, m.read(t)), "in progress", "This page shows what its journal says so far", "1 native export")
}

// Ten thousand segments with three invocations each, all of them throttled: the page stays small, and its charts are drawn from all lists.
func TestLargeRunHasASmallReport(t *testing.T) {
	t.Parallel()
	m := makeRun(10_000)
	for segment := range 10_000 {
		begin := 1 + float64(segment%100)*40
		for i := range 3 {
			intervals := even(run.MaxIntervals, 3200)
			for k := 0; k < len(intervals); k += 2 {
				intervals[k] = run.Interval{Throttles: 3}
			}
			if segment == 77 {
				intervals[1].Items = 1_000_000
			}
			m.invocation(segment, begin+float64(i)*400, begin+float64(i)*400+300, i == 2, intervals, 900_000).Work.WaitSeconds = 1
		}
	}
	m.commit(6000)
	facts := m.read(t)
	start := time.Now()
	page := write(t, facts)
	t.Logf("%d bytes in %s", len(page), time.Since(start))
	if len(page) > 1e6 {
		t.Errorf("the page has %d bytes", len(page))
	}
	contains(t, page, "The 24 segments that took longest, of 10,000. All segments together: 30,000 invocations, 20,000 hand-overs.", "Segments at work",
		"DynamoDB refused 1,440,000 tries", "A column is the largest of 167 segments", "30,000 objects", "3,004,500")
}
