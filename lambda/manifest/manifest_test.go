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

// What the plan says must be in the summary of its run. Only what the run counted, and who committed it when, is read from it.
func TestSummaryMustFitThePlan(t *testing.T) {
	scanned := plan()
	scanned.Scan.Request.IndexName, scanned.Scan.Transform = "by-day", "."
	scanned.KMSKeyID = "alias/lake"
	written := manifest.Written{Objects: 3, Records: 11, Work: &run.WorkTotals{Invocations: 2, WaitSeconds: 1.5, Throttles: map[string]int64{"reason": 3}}}
	written.Foreign.Add("raw/orders/AWSDynamoDB/night-1/data/_SUCCESS")
	summary := manifest.NewSummary(scanned, run.Totals{Items: 5, Scanned: 7, Bytes: 900, ReadUnits: 2.5}, written, time.Date(2026, 1, 31, 6, 1, 0, 0, time.UTC))
	summary.ExportARN, summary.Scan.WrittenBy = "arn:of:another:execution", "dynamodb-to-s3 0.0.1"
	body := string(run.Marshal(summary))
	if got, err := manifest.ParseSummary(scanned, []byte(body)); err != nil || cmp.Diff(summary, got) != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, test := range []struct{ old, forged, says string }{
		{`"2020-06-30"`, `"2021-06-30"`, `version is "2021-06-30", and must be "2020-06-30"`},
		{`"startTime":"2026-01-31T06:00:00.123Z"`, `"startTime":"2026-01-31T06:00:01Z"`, `it is of the run "night-1" that began at 2026-01-31T06:00:01Z`},
		{`"exportTime":"2026-01-31T06:00:00.123Z"`, `"exportTime":"2026-01-31T06:00:01Z"`, `exportTime is`},
		{`"arn:of:table"`, `"arn:of:other"`, `tableArn is "arn:of:other", and must be "arn:of:table"`},
		{`"id-of-table"`, `"other"`, `tableId is "other"`},
		{`"lake","s3P`, `"other","s3P`, `s3Bucket is "other", and must be "lake"`},
		{`"raw/orders"`, `null`, `s3Prefix is nothing, and must be "raw/orders"`},
		{`"KMS"`, `"AES256"`, `s3SseAlgorithm is "AES256"`},
		{`"alias/lake"`, `"alias/other"`, `s3SseKmsKeyId is "alias/other"`},
		{`night-1/manifest-files.json`, `night-2/manifest-files.json`, `manifestFilesS3Key is "raw/orders/AWSDynamoDB/night-2/manifest-files.json"`},
		{`"billedSizeBytes":0`, `"billedSizeBytes":1`, `billedSizeBytes is 1, and must be 0`},
		{`"DYNAMODB_JSON"`, `"ION"`, `outputFormat is "ION", and must be "DYNAMODB_JSON"`},
		{`"runId":"night-1"`, `"runId":"night-2"`, `it is of the run "night-2" that began at 2026-01-31T06:00:00Z`},
		{`"table":"orders"`, `"table":"other"`, `scan.table is "other"`},
		{`"totalSegments":8`, `"totalSegments":7`, `scan.totalSegments is 7, and must be 8`},
		{`"totalSegments":8`, `"totalSegments":8,"segment":1`, `scan.segment is 1, and must be nothing`},
		{`"by-day"`, `""`, `scan.indexName is nothing, and must be "by-day"`},
		{`"GZIP"`, `"NONE"`, `scan.compression is "NONE"`},
		{`"transform":true`, `"transform":false`, `scan.transform has another value`},
		{`"work":{`, `"conversion":{"invocations":1},"work":{`, `scan.conversion is an object, and must be nothing`},
		{body, `{}`, "it has no member scan"},
		{body, `[]`, "cannot unmarshal"},
	} {
		if !strings.Contains(body, test.old) {
			t.Fatalf("the summary has no %s", test.old)
		}
		if _, err := manifest.ParseSummary(scanned, []byte(strings.Replace(body, test.old, test.forged, 1))); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %q", test.forged, err, test.says)
		}
	}
}
