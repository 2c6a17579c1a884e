package manifest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/version"

	"github.com/google/go-cmp/cmp"
)

func plan() run.Plan {
	return run.Plan{
		RunID: "night-1", ExecutionID: "arn:of:execution", StartTime: time.Date(2026, 1, 31, 6, 0, 0, 123_000_000, time.UTC),
		Table: "orders", TableARN: "arn:of:table", TableID: "id-of-table", Bucket: "lake", Root: "raw/orders/AWSDynamoDB/night-1",
		Scan: &run.ScanPlan{TotalSegments: 8, Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP},
	}
}

// The members of native exports come first, under their names. The member "scan" has the rest.
func TestSummaryHasTheNativeLayout(t *testing.T) {
	summary := manifest.NewSummary(plan(), run.Totals{Items: 5, Scanned: 7, Bytes: 900, ReadUnits: 2.5}, manifest.Written{Objects: 3, Records: 11}, time.Date(2026, 1, 31, 6, 1, 0, 0, time.UTC))
	body, err := json.Marshal(summary)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":"2020-06-30","exportArn":"arn:of:execution","startTime":"2026-01-31T06:00:00.123Z","endTime":"2026-01-31T06:01:00Z",` +
		`"tableArn":"arn:of:table","tableId":"id-of-table","exportTime":"2026-01-31T06:00:00.123Z","s3Bucket":"lake","s3Prefix":"raw/orders",` +
		`"s3SseAlgorithm":null,"s3SseKmsKeyId":null,"manifestFilesS3Key":"raw/orders/AWSDynamoDB/night-1/manifest-files.json","billedSizeBytes":0,` +
		`"itemCount":11,"outputFormat":"DYNAMODB_JSON","scan":{"writtenBy":"dynamodb-to-s3 ` + version.Number + `","runId":"night-1","table":"orders","totalSegments":8,"compression":"GZIP",` +
		`"scannedCount":7,"items":5,"readUnits":2.5,"objects":3,"bytes":900}}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}

	atRoot := plan()
	atRoot.Root, atRoot.KMSKeyID = "AWSDynamoDB/night-1", "alias/lake"
	summary = manifest.NewSummary(atRoot, run.Totals{}, manifest.Written{}, time.Now())
	if summary.S3Prefix != nil || *summary.S3SseAlgorithm != "KMS" || *summary.S3SseKmsKeyID != "alias/lake" {
		t.Errorf("got %+v", summary)
	}
}

func TestFilesAreALineEach(t *testing.T) {
	var text bytes.Buffer
	for i, o := range []run.Object{
		{Key: "r/data/000000-000000.json.gz", Items: 2, Bytes: 10, MD5: "m1=="},
		{Key: "r/data/000000-000001.json.gz", Items: 1, Bytes: 5, MD5: "m2=="},
	} {
		if err := manifest.EncodeFile(&text, o, []string{"e1-1", "e2-3"}[i]); err != nil {
			t.Fatal(err)
		}
	}
	body := text.Bytes()
	const want = `{"itemCount":2,"md5Checksum":"m1==","etag":"e1-1","dataFileS3Key":"r/data/000000-000000.json.gz"}` + "\n" +
		`{"itemCount":1,"md5Checksum":"m2==","etag":"e2-3","dataFileS3Key":"r/data/000000-000001.json.gz"}` + "\n"
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	files, err := manifest.DecodeFiles(body)
	if diff := cmp.Diff([]manifest.File{
		{ItemCount: 2, MD5Checksum: "m1==", ETag: "e1-1", DataFileKey: "r/data/000000-000000.json.gz"},
		{ItemCount: 1, MD5Checksum: "m2==", ETag: "e2-3", DataFileKey: "r/data/000000-000001.json.gz"},
	}, files); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if files, err := manifest.DecodeFiles(nil); err != nil || len(files) > 0 {
		t.Errorf("of no lines: %v, %v", files, err)
	}
	if _, err := manifest.DecodeFiles([]byte("{}\n{")); err == nil || !strings.Contains(err.Error(), "line 2 of manifest-files.json") {
		t.Errorf("a line that is not JSON: %v", err)
	}
	if got := string(manifest.Checksum([]byte("abc"))); got != "kAFQmDzST7DWlj99KOF/cg==" { // from RFC 1321's test suite, in base64
		t.Errorf("the checksum of abc is %s", got)
	}
}
