package request_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

// invalidExports lists requests of mode EXPORT with the problems that each must cause, in order.
var invalidExports = []struct {
	name     string
	fields   string
	problems []string
}{
	{"an export in a scan", `"mode":"SCAN","export":{}`, []string{`export: not allowed in mode SCAN: leave mode out, or set it to EXPORT`}},
	{"fields that only a scan has", `"mode":"EXPORT","segments":4,"concurrency":2,"fileSizeBytes":2048,"format":"JSON","compression":"ZSTD"`, []string{
		`segments: not allowed in mode EXPORT: leave it out`, `concurrency: not allowed in mode EXPORT`, `fileSizeBytes: not allowed in mode EXPORT`,
		`format: not allowed in mode EXPORT: write it as export.format: DYNAMODB_JSON or ION`, `compression: not allowed in mode EXPORT: leave it out: DynamoDB always writes GZIP`,
	}},
	{"a scan's filter", `"export":{},"scan":{"FilterExpression":"#s = :s","ProjectionExpression":"a","ExpressionAttributeNames":{"#s":"status"},"ExpressionAttributeValues":{":s":{"S":"x"}}}`, []string{
		`scan.FilterExpression: not allowed in mode EXPORT: write it as export.filter.FilterExpression`,
		`scan.ProjectionExpression: not allowed in mode EXPORT: write it as export.filter.ProjectionExpression`,
		`scan.ExpressionAttributeNames: not allowed in mode EXPORT: write them as export.filter.ExpressionAttributeNames`,
		`scan.ExpressionAttributeValues: not allowed in mode EXPORT: write them as export.filter.ExpressionAttributeValues`,
	}},
	{"a scan's legacy filter", `"export":{},"scan":{"AttributesToGet":["a"],"ScanFilter":{"a":{"ComparisonOperator":"NULL"}},"ConditionalOperator":"AND"}`, []string{
		`scan.AttributesToGet: not allowed in mode EXPORT: write them as export.filter.ProjectionExpression`,
		`scan.ScanFilter: not allowed in mode EXPORT: write it as export.filter.FilterExpression`,
		`scan.ConditionalOperator: not allowed in mode EXPORT: write it into export.filter.FilterExpression`,
	}},
	{"a scan's other parameters", `"export":{},"scan":{"IndexName":"by-day","ConsistentRead":true,"Select":"ALL_ATTRIBUTES","Limit":5,"TotalSegments":4,"Segment":1}`, []string{
		`scan.IndexName: not allowed in mode EXPORT: an export reads the table, not an index: set mode to SCAN`, `scan.ConsistentRead: not allowed in mode EXPORT: leave it out: an export is a snapshot`,
		`scan.Select`, `scan.Limit`, `scan.TotalSegments`, `scan.Segment`,
	}},
	{"an empty scan", `"export":{},"scan":{}`, []string{`scan: not allowed in mode EXPORT: leave it out`}},
	{"an unknown field", `"export":{"exportTyp":"FULL"}`, []string{`export.exportTyp: unknown field, did you mean "exportType"?`}},
	{"a field of the filter in the wrong case", `"export":{"filter":{"filterExpression":"a = b"}}`, []string{`export.filter.filterExpression: unknown field, did you mean "FilterExpression"?`, `export.filter: has no expression`}},
	{"unknown values", `"export":{"exportType":"FULL_EXPORT","viewType":"NEW_IMAGES","format":"JSON","s3SseAlgorithm":"aws:kms"}`, []string{
		`export.exportType: got "FULL_EXPORT"`, `export.viewType: got "NEW_IMAGES", want one of NEW_IMAGE, NEW_AND_OLD_IMAGES, did you mean "NEW_IMAGE"?`,
		`export.format: got "JSON"`, `export.s3SseAlgorithm: got "aws:kms"`,
	}},
	{"numbers out of their bounds", `"export":{"checkIntervalSeconds":0,"maxAttempts":1000001}`, []string{
		`export.checkIntervalSeconds: got 0, want 1 to 86400`, `export.maxAttempts: got 1000001, want 1 to 1000000`,
	}},
	{"invalid times", `"export":{"exportType":"INCREMENTAL","from":"yesterday","to":1769850000}`, []string{`export.to: got 1769850000, want a string: put it in quotes`, `export.from: got "yesterday", want a time`}},
	{"an invalid beginning", `"export":{"from":"yesterday"}`, []string{`export.from: got "yesterday", want a time such as 2026-01-31T06:00:00Z`}},
	{"fractions of a millisecond", `"export":{"exportTime":"2026-01-31T06:00:00.0005Z"}`, []string{`export.exportTime: got "2026-01-31T06:00:00.0005Z", want whole milliseconds at most: DynamoDB's API has times in milliseconds`}},
	{"a window of a full export", `"export":{"exportType":"FULL","from":"last","to":"2026-01-31T06:00:00Z","viewType":"NEW_IMAGE"}`, []string{
		`export.from: not allowed in a FULL export: leave it out, or set export.exportType to INCREMENTAL`, `export.to: not allowed`, `export.viewType: not allowed`,
	}},
	{"a view of a full export", `"export":{"viewType":"NEW_IMAGE"}`, []string{`export.viewType: not allowed in a FULL export`}},
	{"a moment of an incremental export", `"export":{"exportTime":"2026-01-31T06:00:00Z","from":"2026-01-31T05:00:00Z"}`, []string{`export.exportTime: not allowed in an INCREMENTAL export, which has from and to`}},
	{"a window without its beginning", `"export":{"to":"2026-01-31T06:00:00Z"}`, []string{`export.from: missing: give where the window begins, or "last"`}},
	{"a window that ends before it begins", `"export":{"from":"2026-01-31T06:00:00Z","to":"2026-01-31T06:00:00Z"}`, []string{`export.to: got "2026-01-31T06:00:00Z", want a time after export.from, 2026-01-31T06:00:00Z`}},
	{"an owner that is not an account", `"export":{"s3BucketOwner":"me"}`, []string{`export.s3BucketOwner: got "me", want an AWS account of 12 digits`}},
	{"owners that differ", `"bucketOwner":"111111111111","export":{"s3BucketOwner":"222222222222"}`, []string{`export.s3BucketOwner: differs from bucketOwner: give one of them`}},
	{"keys that differ", `"kmsKeyId":"alias/a","export":{"s3SseKmsKeyId":"alias/b"}`, []string{`export.s3SseKmsKeyId: differs from kmsKeyId: give one of them`}},
	{"a key for encryption by S3", `"kmsKeyId":"alias/a","export":{"s3SseAlgorithm":"AES256"}`, []string{`export.s3SseAlgorithm: AES256 contradicts the KMS key that is given: leave one of them out`}},
	{"an empty filter", `"export":{"filter":{}}`, []string{`export.filter: has no expression: give one, or leave the filter out`}},
	{"a filter whose values are not defined", `"export":{"filter":{"KeyConditionExpression":"#k = :k"}}`, []string{
		`export.filter.ExpressionAttributeNames: does not define #k`, `export.filter.ExpressionAttributeValues: does not define :k`,
	}},
	{"a filter that is too long", `"export":{"filter":{"FilterExpression":"` + strings.Repeat("a", 4097) + `"}}`, []string{`export.filter.FilterExpression: got 4097 bytes, want at most 4096 bytes`}},
	{"a filter whose value is not an attribute value", `"export":{"filter":{"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":"x"}}}`, []string{`export.filter.ExpressionAttributeValues.:a: got a string, want an object`}},
}

func TestParseNamesEveryProblemOfAnInvalidExport(t *testing.T) {
	for _, test := range invalidExports {
		t.Run(test.name, func(t *testing.T) {
			wantProblems(t, `{"table":"orders","bucket":"b-1",`+test.fields+`}`, test.problems)
		})
	}
}

func TestParseFillsInAnExport(t *testing.T) {
	for _, test := range []struct {
		name, request, defaults string
		want                    func(r request.Request) bool
	}{
		{"the mode alone", `"mode":"EXPORT"`, ``, func(r request.Request) bool {
			return r.Mode == request.ModeExport && r.Export.ExportType == request.ExportFull && r.Export.Format == request.FormatDynamoDBJSON &&
				*r.Export.CheckInterval == 30 && *r.Export.MaxAttempts == 60 && r.Export.ViewType == "" && r.Scan == nil
		}},
		{"an export alone", `"export":{"format":"ION"}`, ``, func(r request.Request) bool {
			return r.Mode == request.ModeExport && r.Export.Format == request.FormatION
		}},
		{"a window", `"export":{"from":"last"}`, ``, func(r request.Request) bool {
			return r.Export.ExportType == request.ExportIncremental && r.Export.ViewType == request.ViewNewAndOld && r.Export.InChain()
		}},
		{"the run's key and owner", `"kmsKeyId":"alias/a","bucketOwner":"111111111111","export":{}`, ``, func(r request.Request) bool {
			return r.Export.S3SseAlgorithm == "KMS" && r.Export.S3SseKMSKeyID == "alias/a" && r.Export.S3BucketOwner == "111111111111"
		}},
		{"the export's key and owner", `"export":{"s3SseKmsKeyId":"alias/a","s3BucketOwner":"111111111111"}`, ``, func(r request.Request) bool {
			return r.KMSKeyID == "alias/a" && r.BucketOwner == "111111111111" && r.Export.S3SseAlgorithm == "KMS"
		}},
		{"a deployment's defaults for scans", `"export":{}`, `{"segments":4,"compression":"ZSTD","scan":{"Limit":5},"prefix":"p"}`, func(r request.Request) bool {
			return r.Mode == request.ModeExport && r.Segments == nil && r.Prefix == "p"
		}},
		{"a deployment's defaults for exports, in a scan", `"segments":4`, `{"mode":"EXPORT","export":{"from":"last"},"prefix":"p"}`, func(r request.Request) bool {
			return r.Mode == request.ModeScan && r.Export == nil && r.Prefix == "p"
		}},
		{"a deployment that exports by default", `"prefix":"q"`, `{"mode":"EXPORT","prefix":"p","compression":"ZSTD"}`, func(r request.Request) bool {
			return r.Mode == request.ModeExport && r.Prefix == "q" && r.Compression == ""
		}},
		{"a deployment that exports in a chain", `"mode":"EXPORT"`, `{"export":{"from":"last"}}`, func(r request.Request) bool { return r.Export.InChain() }},
		{"a deployment that scans by default", `"export":{"from":"last"}`, `{"mode":"SCAN","fileSizeBytes":2048}`, func(r request.Request) bool {
			return r.Mode == request.ModeExport && r.FileSize == nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := request.Parse(json.RawMessage(`{"table":"orders","bucket":"b-1",`+test.request+`}`), json.RawMessage(test.defaults))
			if err != nil || !test.want(r) {
				t.Fatalf("got %+v, %+v, %v", r, r.Export, err)
			}
			again, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if second, err := request.Parse(again, json.RawMessage(test.defaults)); err != nil || second.Digest() != r.Digest() {
				t.Errorf("Parse does not accept its own result %s: %v", again, err)
			}
		})
	}
}
