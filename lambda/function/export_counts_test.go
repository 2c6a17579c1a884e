package function_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"
)

// change changes a JSON object in the bucket.
func change(t *testing.T, bucket, key string, what func(members map[string]any)) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(get(t, bucket, key)), &members); err != nil {
		t.Fatal(err)
	}
	what(members)
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	put(t, bucket, key, string(body))
}

// DynamoDB says three times how many items an export has. Each test raises some of these numbers.
func TestCountsOfAnExportMustAgree(t *testing.T) {
	t.Parallel()
	const (
		full     = `{}`
		changes  = `{"from": "2026-01-31T05:45:00Z", "to": "2026-01-31T06:00:00Z"}`
		filtered = `{"filter": {"FilterExpression": "attribute_exists(orderId)"}}`
	)
	for _, test := range []struct {
		name, export              string
		described, summary, files int
		want                      int64  // items of the result
		words                     string // of the error; "" for none
	}{
		{"all the same", full, 0, 0, 0, 50, ""},
		{"DescribeExport", full, 7, 0, 0, 0, "manifest-summary.json says that the export has 50 items, DescribeExport says 57, and the 4 files in manifest-files.json have 50"},
		{"the summary", full, 0, 7, 0, 0, "says that the export has 57 items, DescribeExport says 50, and the 4 files in manifest-files.json have 50"},
		{"both", full, 7, 7, 0, 0, "says that the export has 57 items, DescribeExport says 57, and the 4 files in manifest-files.json have 50"},
		{"the files", full, 0, 0, -1, 0, "says that the export has 50 items, DescribeExport says 50, and the 4 files in manifest-files.json have 49"},
		{"a file, below zero", full, 0, 0, -100, 0, "manifest-files.json says that lake/AWSDynamoDB/"},
		{"no changes", changes, 0, 0, 0, 0, ""},
		{"changes, both", changes, 7, 7, 0, 0, "says that the export has 7 items, DescribeExport says 7, and the 4 files in manifest-files.json have 0"},
		{"filtered", filtered, 0, 0, 0, 50, ""},
		{"filtered, both", filtered, 7, 7, 0, 50, ""}, // nobody knows what they count
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := exporting(t, exports.Options{}, `"export": `+test.export)
			planned, err := e.plan()
			if err != nil {
				t.Fatal(err)
			}
			if planned.Export, err = e.export(planned); err != nil {
				t.Fatal(err)
			}
			bucket, raise := bucketOf(t, e), func(members map[string]any, name string, by int) {
				members[name] = members[name].(float64) + float64(by)
			}
			var journal ledger.Journal
			if err := json.Unmarshal([]byte(get(t, bucket, planned.Plan.Journal())), &journal); err != nil {
				t.Fatal(err)
			}
			summary := journal.Pending[0].Done.Manifest
			list := strings.Replace(summary, "summary", "files", 1)
			for _, manifest := range []string{summary, list} {
				for _, checksum := range (run.Layout{}).Checksums(manifest) {
					remove(t, bucket, checksum)
				}
			}
			journal.Pending[0].Done.Items += int64(test.described)
			put(t, bucket, planned.Plan.Journal(), string(run.Marshal(journal)))
			change(t, bucket, summary, func(members map[string]any) { raise(members, "itemCount", test.summary) })
			first, rest, _ := strings.Cut(get(t, bucket, list), "\n")
			put(t, bucket, list, first)
			change(t, bucket, list, func(members map[string]any) { raise(members, "itemCount", test.files) })
			put(t, bucket, list, get(t, bucket, list)+"\n"+rest)

			out, err := call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan, Export: planned.Export})
			if test.words == "" {
				if err != nil || out.Result.Items != test.want {
					t.Errorf("got %d items, %v, want %d", out.Result.Items, err, test.want)
				}
				return
			}
			wantName(t, err, failure.ExportIncomplete, "nothing was committed", test.words)
			if keys := testservers.Keys(t, bucket, planned.Plan.Layout().Result()); len(keys) > 0 {
				t.Error("the run has a result")
			}
		})
	}
}
