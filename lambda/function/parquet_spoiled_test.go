package function_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// Another program changes or removes something between two states. The run fails by name and says what to do, nothing of it is visible, and a new
// execution makes a run.
func TestParquetRunCommitsNothingThatIsNotWhole(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 300)
	type place struct {
		t      *testing.T
		bucket string
		first  run.Layout
		final  run.Layout
	}
	removed := func(key func(place) string) func(place) {
		return func(p place) { remove(p.t, p.bucket, key(p)) }
	}
	changed := func(key func(place) string, old, replacement string) func(place) {
		return func(p place) {
			p.t.Helper()
			before := get(p.t, p.bucket, key(p))
			after := regexp.MustCompile(old).ReplaceAllString(before, replacement)
			if after == before {
				p.t.Fatalf("%s has no %s: %.300s", key(p), old, before)
			}
			put(p.t, p.bucket, key(p), after)
		}
	}
	stagedFile := func(p place) string { return testservers.Keys(p.t, p.bucket, p.first.DataPrefix())[1] }
	end := func(p place) string { return p.first.SegmentEnd(1) }
	summary := func(p place) string { return p.first.ManifestSummary() }
	files := func(p place) string { return p.first.ManifestFiles() }
	share := func(p place) string { return p.final.SegmentFiles(1) }
	schema := func(p place) string { return p.final.Schema() }
	claim := func(p place) string { return p.final.Claim() }
	upload := func(p place) {
		testservers.Abort(p.t, p.bucket, testservers.Uploads(p.t, p.bucket, p.final.DataOf(1))[0])
	}
	const newExecution = "start a new execution"
	for _, test := range []struct {
		before string // the state
		name   string
		spoil  func(place)
		want   failure.Name
		words  string
	}{
		{"Columns", "a list of a segment's end is removed", removed(end), failure.ListsInconsistent, "_segments/000001-end.json is not as the run wrote it"},
		{"Columns", "a list has no schema", changed(end, `,"schema":.*$`, "}"), failure.ListsInconsistent, "it has no schema"},
		{"Columns", "a list has a damaged schema", changed(end, `"kinds":`, `"kind":`), failure.ListsInconsistent, "000001-end.json is not as the run wrote it"},
		{"Columns", "a list is of another segment", changed(end, `"segment":1`, `"segment":0`), failure.ListsInconsistent, "it is not the list of the end of this segment"},
		{"Columns", "a list is of another plan", changed(end, `"plan":"\w`, `"plan":"x`), failure.ListsInconsistent, "it is not the list of the end of this segment"},
		{"Columns", "a list is not of the end", changed(end, `"done":true`, `"done":false`), failure.ListsInconsistent, "it is not the list of the end of this segment"},
		{"Columns", "a list has learned from other items", changed(end, `"schema":\{"items":`, `"schema":{"items":1`), failure.ListsInconsistent, "and 300 were written"},
		{"Columns", "the manifest is removed", removed(summary), failure.ListsInconsistent, "_staging/manifest-summary.json is not as the run wrote it"},
		{"Columns", "the manifest has another count", changed(summary, `"itemCount":300`, `"itemCount":299`), failure.ListsInconsistent, "its files have 300 records"},
		{"Columns", "the list of files is removed", removed(files), failure.ListsInconsistent, "_staging/manifest-files.json is not as the run wrote it"},
		{"Columns", "the list of files lacks a file", changed(files, `^.*\n`, ""), failure.ListsInconsistent, "_staging/manifest-files.json is not as the run wrote it"},
		{"Columns", "the list of files names another object", changed(files, `_staging/data`, "data"), failure.ListsInconsistent, "it names AWSDynamoDB/run-1/data/"},
		{"Columns", "the list of files has other counts", changed(files, `"itemCount":\d+`, `"itemCount":1`), failure.ListsInconsistent, "is not as the run wrote it"},
		{"Columns", "the claim is removed", removed(claim), failure.RunNameTaken, "the claim of the run"},
		{"ConvertSegments", "a staged file is removed", removed(stagedFile), failure.ListsInconsistent, "Another program has changed or removed it"},
		{"ConvertSegments", "a staged file is another", func(p place) { put(p.t, p.bucket, stagedFile(p), "x") }, failure.ListsInconsistent, "Another program has changed or removed it"},
		{"ConvertSegments", "the files of a share are removed", removed(share), failure.ListsInconsistent, "_staging/_files/000001.json is not as the run wrote it"},
		{"ConvertSegments", "the files of a share are not JSON", changed(share, `^.`, ""), failure.ListsInconsistent, "_staging/_files/000001.json is not as the run wrote it"},
		{"ConvertSegments", "a share names an object of another run", changed(share, `run-1/_staging`, "run-2/_staging"), failure.ListsInconsistent, "it names AWSDynamoDB/run-2/"},
		{"ConvertSegments", "a share has fewer files", func(p place) { put(p.t, p.bucket, share(p), "") }, failure.ListsInconsistent, "and 300 records were staged"},
		{"ConvertSegments", "a share has another count", changed(share, `"itemCount":(\d)`, `"itemCount":1$1`), failure.ListsInconsistent, "and its manifest says 1"},
		{"ConvertSegments", "the schema is removed", removed(schema), failure.ListsInconsistent, "_schema.json is not the schema of this run"},
		{"ConvertSegments", "the schema is changed", changed(schema, `"attribute":"total"`, `"attribute":"sum"`), failure.ListsInconsistent, "it has changed since the function columns wrote it"},
		{"ConvertSegments", "the claim is removed", removed(claim), failure.RunNameTaken, "the claim of the run"},
		{"ConvertSegments", "the claim and what the first pass has staged are removed", func(p place) {
			for _, key := range append(testservers.Keys(p.t, p.bucket, p.first.StagingPrefix()), claim(p)) {
				remove(p.t, p.bucket, key)
			}
		}, failure.RunNameTaken, "the claim of the run"},
		{"Finalize", "the schema is changed", changed(schema, `"attribute":"total"`, `"attribute":"sum"`), failure.ListsInconsistent, "it has changed since the function columns wrote it"},
		{"Finalize", "an upload is aborted", upload, failure.UploadGone, "nothing was committed"},
		{"Finalize", "the claim is removed", removed(claim), failure.RunNameTaken, "the claim of the run"},
	} {
		t.Run(test.name+" before "+test.before, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			e := execution{t: t, name: "run-1", segmentBytes: 1, request: parquetRequest(table, bucket, `"segments": 2`)}
			m := machine{next: "Plan"}
			for m.next != test.before || test.before == "Finalize" && !m.planned.Plan.SecondPass() {
				next, err := m.step(e)
				if err != nil {
					t.Fatal(err)
				}
				m.next = next
			}
			test.spoil(place{t, bucket, run.Layout{Root: m.planned.Plan.Root, Staging: true}, m.planned.Plan.Final()})
			err := m.drive(e)
			wantName(t, err, test.want, test.words)
			if test.want == failure.ListsInconsistent {
				wantName(t, err, test.want, newExecution)
			}
			if seen := append(testservers.Keys(t, bucket, m.planned.Plan.Root+"/data/"), testservers.Keys(t, bucket, m.planned.Plan.Root+"/manifest")...); len(seen) > 0 {
				t.Errorf("a reader sees %v", seen)
			}
			if last := testservers.Keys(t, bucket, run.LastSchemas("")); len(last) > 0 {
				t.Errorf("the schema of a run that is not committed is at %v", last)
			}
			e.name = "run-2"
			result, err := e.run()
			if err != nil || len(query(t, result, "select orderId from rows")) != 300 {
				t.Errorf("a new execution returns %+v, %v", result, err)
			}
		})
	}
}

// After the commit, a repeated finalize returns the result, whatever has happened to the schema and to the staged files.
func TestCommittedParquetRunNeedsNothingElse(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 50), testservers.Bucket(t)
	var log bytes.Buffer
	e := execution{t: t, name: "run-1", log: &log, request: parquetRequest(table, bucket, "")}
	m := machine{}
	if err := m.drive(e); err != nil {
		t.Fatal(err)
	}
	layout := m.planned.Plan.Final()
	_, err := execution{t: t, name: "run-1", request: parquetRequest(table, bucket, `"numbers": "DOUBLE"`)}.plan()
	wantName(t, err, failure.RunNameTaken, "was begun with another request")
	remove(t, bucket, layout.Schema())
	put(t, bucket, layout.StagingPrefix()+"data/000000-000000-0a1b2c3d.json.zst", "x")
	again, err := e.finalize(m.planned.Plan)
	if diff := cmp.Diff(m.result, again); err != nil || diff != "" {
		t.Errorf("%v, (-first +again):\n%s", err, diff)
	}
	if !strings.Contains(log.String(), "the next run will not compare its columns with those of this run") {
		t.Error("the log does not say that the schema is gone")
	}
	if left := testservers.Keys(t, bucket, layout.StagingPrefix()); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	_, err = e.plan()
	wantName(t, err, failure.ListsInconsistent, "the run is committed, and its schema is gone", layout.ManifestSummary())
}
