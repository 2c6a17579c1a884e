package prune_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// window is a native export of the tests: the one of day n, FULL or INCREMENTAL, whose folder is beside the runs of that day.
func (l *lake) window(n int, kind request.ExportType) run.ExportedWindow {
	l.t.Helper()
	folder := fmt.Sprintf("%s/AWSDynamoDB/0%013d-0a1b2c3d", strings.NewReplacer("{table}", table, "{date}", l.now.Format("2006-01-02")).Replace(l.prefix), n)
	data := run.SharedData(folder)
	at, from := l.now, l.now.AddDate(0, 0, -1)
	w := run.ExportedWindow{ExportARN: folder, ExportType: kind, From: &from, To: &at, Manifest: "s3://" + l.name + "/" + folder + "/manifest-summary.json", Objects: 2, Bytes: 8}
	if kind == request.ExportFull {
		w.From, w.To, w.ExportTime, data = nil, nil, &at, folder+"/data/"
	}
	var lines bytes.Buffer
	for i := range 2 {
		key := fmt.Sprintf("%s%d-%d.json.gz", data, n, i)
		l.put(key, "data")
		l.must(manifest.EncodeFile(&lines, run.Object{Key: key}, "e"))
	}
	l.put(folder+"/_started", "")
	l.put(folder+"/manifest-files.json", lines.String())
	l.put(folder+"/manifest-files.md5", "sum")
	l.put(folder+"/manifest-summary.json", "{}")
	l.put(folder+"/manifest-summary.md5", "sum")
	return w
}

// export commits a run of native exports, which is of a chain unless alone is set.
func (l *lake) export(id string, alone bool, windows ...run.ExportedWindow) run.Plan {
	l.t.Helper()
	p := l.plan(id)
	p.Mode, p.Scan, p.Catalog = request.ModeExport, nil, nil
	p.Export = &run.ExportPlan{Request: request.Export{Format: request.FormatDynamoDBJSON}}
	if !alone {
		p.Export.Chain = &run.ExportChain{TableARN: tableARN, Bucket: l.name, Prefix: l.prefix}
	}
	l.claim(p)
	l.put(p.Final().ExportTry(strings.Repeat("0", 32)), "{}")
	result := run.Result{Version: run.Version, RunID: id, Mode: p.Mode, Table: table, Bucket: l.name, Root: p.Root, Exports: windows, StartTime: p.StartTime, EndTime: l.now}
	l.put(p.Final().Result(), string(run.Marshal(result)))
	return p
}

// exports returns the names of the runs with a result, and the last digits of the exports with a summary.
func (l *lake) exports() (found []string) {
	l.t.Helper()
	for _, key := range l.keys("") {
		folder, isResult := strings.CutSuffix(key, "/_result.json")
		export, isExport := strings.CutSuffix(key, "/manifest-summary.json")
		switch {
		case isResult:
			found = append(found, folder[strings.LastIndexByte(folder, '/')+1:])
		case isExport:
			found = append(found, export[len(export)-len("1-0a1b2c3d"):len(export)-len("-0a1b2c3d")])
		}
	}
	slices.Sort(found)
	return found
}

// A chain makes a full export, windows, and later a full export again. The windows stay from the oldest full export on that stays.
func TestChainsStayFromTheirBaseOn(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"raw/{table}", "raw/{date}/{table}"} {
		l := newLake(t)
		l.catalog, l.prefix = false, prefix
		l.put("raw/2026/orders/AWSDynamoDB/note.txt", "x") // no date
		var last run.Plan
		var windows []run.ExportedWindow
		for n, kind := range []request.ExportType{request.ExportFull, request.ExportIncremental, request.ExportIncremental, request.ExportFull, request.ExportIncremental, request.ExportIncremental} {
			windows = append(windows, l.window(n, kind))
			last = l.export(fmt.Sprintf("run-%d", n), false, windows[n])
			l.now = l.now.AddDate(0, 0, 1)
		}
		journal := last.Journal()
		l.put(journal, "{}")
		l.gone(last, run.Retention{KeepRuns: 2}) // both full exports are among the newest two
		if got := l.exports(); len(got) != 12 {
			t.Errorf("%s: with the first base, %v are left", prefix, got)
		}
		out := l.gone(last, run.Retention{KeepRuns: 1})
		if got, want := l.exports(), []string{"3", "4", "5", "run-3", "run-4", "run-5"}; !slices.Equal(got, want) || out.Count != 3 || out.Objects != 6 || out.Foreign != nil {
			t.Errorf("%s: %v are left, want %v: %+v", prefix, got, want, out)
		}
		var left []string
		for _, key := range l.keys("") {
			if strings.HasSuffix(key, ".gz") {
				left = append(left, key[strings.LastIndexByte(key, '/')+1:])
			}
		}
		slices.Sort(left)
		if want := []string{"3-0.json.gz", "3-1.json.gz", "4-0.json.gz", "4-1.json.gz", "5-0.json.gz", "5-1.json.gz"}; !slices.Equal(left, want) {
			t.Errorf("%s: the files %v are left, want %v", prefix, left, want)
		}
		if n := len(l.keys(journal)); n != 1 {
			t.Errorf("%s: the journal is gone", prefix)
		}
	}
}

// A chain whose full export is not known stays whole.
func TestChainWithoutAKnownBaseStays(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	var last run.Plan
	for n := range 3 {
		last = l.export(fmt.Sprintf("run-%d", n), false, l.window(n, request.ExportIncremental))
		l.now = l.now.AddDate(0, 0, 1)
	}
	l.gone(last, run.Retention{KeepRuns: 1})
	if got := l.exports(); len(got) != 6 {
		t.Errorf("%v are left", got)
	}
}

// An export that another program has started stays. So does a file that the manifest of another export names, and an export that nobody's result names.
func TestExportsOfOthersStay(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	followed := l.window(0, request.ExportFull)
	followed.Followed = true
	l.export("run-0", true, followed)
	l.now = l.now.AddDate(0, 0, 1)
	l.export("run-1", true, l.window(1, request.ExportIncremental))
	byHand := l.window(2, request.ExportIncremental)
	folder := strings.TrimSuffix(strings.TrimPrefix(byHand.Manifest, "s3://"+l.name+"/"), "/manifest-summary.json")
	shared := string(run.Marshal(manifest.File{DataFileKey: run.SharedData(folder) + "1-0.json.gz"}))
	l.put(folder+"/manifest-files.json", string(l.get(folder+"/manifest-files.json"))+shared+"\n")
	l.now = l.now.AddDate(0, 0, 1)
	l.export("run-3", true, l.window(3, request.ExportIncremental))
	l.now = l.now.AddDate(0, 0, 1)
	last := l.export("run-4", true, l.window(4, request.ExportFull))
	l.now = l.now.Add(2 * time.Hour)
	l.gone(last, run.Retention{KeepRuns: 1})
	if got, want := l.exports(), []string{"0", "2", "3", "4", "run-3", "run-4"}; !slices.Equal(got, want) {
		t.Errorf("%v are left, want %v", got, want)
	}
	if got := l.keys(run.SharedData(folder)); len(got) != 5 || !strings.HasSuffix(got[0], "/1-0.json.gz") {
		t.Errorf("the files %v are left", got)
	}
	if n := len(l.keys(strings.TrimSuffix(strings.TrimPrefix(followed.Manifest, "s3://"+l.name+"/"), "manifest-summary.json"))); n != 7 {
		t.Errorf("the followed export has %d objects", n)
	}
}

// Two runs can have the same export in their results. It stays with the later one.
func TestExportOfTwoRuns(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	w := l.window(0, request.ExportFull)
	l.export("run-0", true, w)
	w.Followed = true
	last := l.export("run-1", true, w)
	l.now = l.now.AddDate(0, 0, 1)
	l.gone(last, run.Retention{KeepRuns: 1})
	if got := l.exports(); !slices.Equal(got, []string{"0", "run-0", "run-1"}) {
		t.Errorf("%v are left", got)
	}
}
