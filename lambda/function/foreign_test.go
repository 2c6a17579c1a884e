package function_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// Others put objects into the folder of a run: markers of Spark, a file of somebody, near misses of our names. finalize leaves all of them
// alone and says so. It removes what tries of this run left.
func TestSweepLeavesForeignNamesAlone(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 200), testservers.Bucket(t)
	var log bytes.Buffer
	e := execution{
		t: t, name: "run-1", hurry: 5 * time.Minute, log: &log,
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "readUnitsPerSecond": 100000, "scan": {"Limit": 50}}`, table, bucket),
	}
	planned := e.scanned()
	layout := planned.Plan.Layout()
	list := get(t, bucket, layout.SegmentEnd(0))
	foreign := map[string]string{
		"data/_SUCCESS": "", "data/somebody.json.gz": "x", "data/00000-0000-xyz.json": "x", "data/000000-000077-0a1b2c3d.json": "another compression",
		"data/000002-000000-0a1b2c3d.json.gz": "a segment that the run does not have", "data/000000-000000-0A1B2C3D.json.gz": "capitals",
		"data/copy/000000-000000-0a1b2c3d.json.gz": "a folder below", "_segments/README.md": "not JSON", "_segments/000000-end.json.bak": list,
		"_segments/000007-end.json": list, "_segments/000000-1-0a1b2c3d.json": list, "_pace/notes": "x", "notes.txt": "x",
	}
	strays := []string{layout.Data(0, 77, "0a1b2c3d", ".json.gz"), layout.Data(1, 0, "ffffffff", ".json.gz")}
	for name, body := range foreign {
		put(t, bucket, layout.Root+"/"+name, body)
	}
	for _, key := range strays {
		put(t, bucket, key, "x")
	}
	for _, key := range []string{layout.Data(1, 78, "0a1b2c3d", ".json.gz"), layout.Root + "/data/somebody-uploads", layout.Root + "/uploads"} {
		if _, err := testservers.S3().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	result, err := e.finalize(planned.Plan)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range foreign {
		if got := get(t, bucket, layout.Root+"/"+name); got != body {
			t.Errorf("%s has changed to %q", name, got)
		}
	}
	all := testservers.Keys(t, bucket, layout.Root+"/")
	for _, key := range strays {
		if slices.Contains(all, key) {
			t.Errorf("%s is still there", key)
		}
	}
	if markers := testservers.Keys(t, bucket, layout.PaceMarkers()); len(markers) != 1 {
		t.Errorf("the markers are %v", markers)
	}
	if uploads := testservers.Uploads(t, bucket, ""); len(uploads) != 2 {
		t.Errorf("%d uploads are left, want those of others", len(uploads))
	}
	// The run does not list its whole folder, so it does not see notes.txt. It sees uploads anywhere in it.
	if result.Items != 200 || result.Foreign == nil || result.Foreign.Count != int64(len(foreign)-1+2) || len(result.Foreign.Keys) != 3 {
		t.Errorf("the result is %+v with %+v", result, result.Foreign)
	}
	if text := log.String(); !strings.Contains(text, fmt.Sprintf(`"level":"WARN","msg":"names that are not the run's are left alone","runId":"run-1","table":%q,"count":%d,"first":[`, table, result.Foreign.Count)) {
		t.Errorf("the log has\n%s", text)
	}
	again, err := e.finalize(planned.Plan)
	if diff := cmp.Diff(result, again); err != nil || diff != "" {
		t.Errorf("the result, asked for again: %v (-first +again):\n%s", err, diff)
	}
}

// The folder of a full export has a file that DynamoDB has not written.
func TestExportLeavesForeignNamesAlone(t *testing.T) {
	t.Parallel()
	tables := startExports(t, exports.Options{Checks: 1})
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	e := execution{t: t, name: "run-1", tables: tables, start: tables.Now(), request: fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT"}`, table, bucket)}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	progress, err := e.export(planned)
	if err != nil {
		t.Fatal(err)
	}
	arn := tables.Exports()[0].ARN
	key := "AWSDynamoDB/" + arn[strings.LastIndexByte(arn, '/')+1:] + "/data/_SUCCESS"
	put(t, bucket, key, "")
	out, err := call[run.FinalizeOutput](e, "finalize", run.FinalizeInput{Plan: planned.Plan, Export: progress})
	if err != nil {
		t.Fatal(err)
	}
	want := &run.Foreign{Count: 1, Keys: []string{key}}
	if diff := cmp.Diff(want, out.Result.Exports[0].Foreign); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	get(t, bucket, key)
}
