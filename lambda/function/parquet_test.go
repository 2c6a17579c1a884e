package function_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// Each run makes Parquet files of the same table. The rows must be the table's items, and the result must say what was read.
func TestParquetHasEveryItemOnce(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, many)
	for _, test := range []struct {
		name, fields     string
		hurry            time.Duration
		share            int64
		segments, shares int // at least so many segments in each pass
		objects          int64
	}{
		{"by default", ``, 0, 0, 1, 1, 1},
		{"in several segments", `"segments": 4`, 0, 1, 4, 4, 4},
		{"with several invocations in both passes", `"segments": 3, "scan": {"Limit": 25}`, 5 * time.Minute, 40_000, 3, 3, 3},
		{"in small files", `"fileSizeBytes": 10000, "scan": {"Limit": 50}`, 0, 0, 1, 1, 4},
		{"in GZIP", `"compression": "GZIP"`, 0, 0, 1, 1, 1},
		{"in SNAPPY", `"compression": "SNAPPY"`, 0, 0, 1, 1, 1},
		{"without compression", `"compression": "NONE"`, 0, 0, 1, 1, 1},
		{"with pinned columns", `"columns": {"orderId": {"name": "id"}, "total": {"type": "decimal(38,6)"}, "status": {"type": "bigint"}}`, 0, 0, 1, 1, 1},
		{"at a pace", `"readUnitsPerSecond": 100000, "segments": 2`, 0, 0, 2, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			e := execution{t: t, name: "run-1", request: parquetRequest(table, bucket, test.fields), hurry: test.hurry, segmentBytes: test.share, pageBytes: 30_000}
			planned := e.scanned()
			first := e.firstPass(planned)
			if keys := testservers.Keys(t, bucket, planned.Plan.Root+"/data/"); len(keys) > 0 {
				t.Errorf("%v are visible before the second pass", keys)
			}
			second, err := e.converted(first.Plan)
			if err != nil {
				t.Fatal(err)
			}
			if keys := testservers.Keys(t, bucket, planned.Plan.Root+"/data/"); len(keys) > 0 {
				t.Errorf("%v are visible before the commit", keys)
			}
			result, err := e.finalize(second.Plan)
			if err != nil {
				t.Fatal(err)
			}
			holdsRows(t, bucket, result, many)
			if result.Segments != test.segments || result.ReadUnits == 0 || result.Records != many || result.Objects < test.objects || len(second.Segments) < test.shares {
				t.Errorf("%d shares gave %+v", len(second.Segments), result)
			}
			// The work of the scan is that of the first pass, and the conversion is that of the second one.
			if read, converted := result.Work, result.Conversion; read.Invocations < int64(test.segments) || converted.Invocations < int64(test.shares) ||
				read.Pages < read.Invocations || !read.StartTime.Before(converted.StartTime) || read.PageBytes <= result.Bytes || converted.PageBytes == read.PageBytes {
				t.Errorf("got %+v, then %+v", read, converted)
			}
			again, err := e.finalize(second.Plan)
			if diff := cmp.Diff(result, again); err != nil || diff != "" {
				t.Errorf("the second finalize: %v, (-first +again):\n%s", err, diff)
			}
		})
	}
}

// The run's folder has the files of the second pass and nothing of the first one, unless the request asks for it.
func TestParquetLeavesOnlyItsFiles(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 300)
	for _, keep := range []bool{false, true} {
		bucket := testservers.Bucket(t)
		fields := fmt.Sprintf(`"prefix": "lake/{table}/{date}", "segments": 2, "keepStaging": %v`, keep)
		result, err := execution{t: t, name: "run-1", request: parquetRequest(table, bucket, fields)}.run()
		if err != nil {
			t.Fatal(err)
		}
		holdsRows(t, bucket, result, 300)
		if want := "lake/" + table + "/2026-01-31/AWSDynamoDB/run-1"; result.Root != want {
			t.Errorf("the run is at %s, want %s", result.Root, want)
		}
		kinds := map[string]int{}
		for _, key := range testservers.Keys(t, bucket, "") {
			name := strings.TrimPrefix(key, result.Root+"/")
			if folder, _, found := strings.Cut(name, "/"); found && name != key {
				name = folder + "/"
			} else if name == key {
				name = "_schemas/"
			}
			kinds[name]++
		}
		want := map[string]int{
			"_started": 1, "_schema.json": 1, "_segments/": 1, "data/": 1, "manifest-files.json": 1, "manifest-files.md5": 1,
			"manifest-summary.json": 1, "manifest-summary.md5": 1, "_schemas/": 1,
		}
		if keep { // two files, two lists of segments, the files of one share, and four manifests
			want["_staging/"] = 9
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("with keepStaging %v (-want +got):\n%s", keep, diff)
		}
	}
}

func TestParquetOfNoItems(t *testing.T) {
	t.Parallel()
	filled := testservers.Orders(t, 50)
	for name, test := range map[string]struct {
		table, fields string
		scanned       int
	}{
		"an empty table":           {testservers.Orders(t, 0), `"segments": 3`, 0},
		"every item filtered away": {filled, `"segments": 2, "scan": {"FilterExpression": "attribute_exists(nothing)"}`, 50},
		"a transform of nothing":   {filled, `"transform": "empty"`, 50},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			result, err := execution{t: t, name: "run-1", request: parquetRequest(test.table, bucket, test.fields)}.run()
			if err != nil {
				t.Fatal(err)
			}
			if result.Records != 0 || result.Objects != 0 || result.Bytes != 0 || result.Schema == nil || result.Schema.Columns != 0 {
				t.Errorf("got %+v", result)
			}
			if summary := summaryOf(t, result); summary.Scan.ScannedCount != int64(test.scanned) {
				t.Errorf("%d items were scanned, want %d", summary.Scan.ScannedCount, test.scanned)
			}
			if keys := testservers.Keys(t, bucket, result.Root+"/data/"); len(keys) > 0 {
				t.Errorf("the run has %v", keys)
			}
		})
	}
}

func TestParquetOfSomeItems(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 500)
	for _, fields := range []string{
		`"scan": {"FilterExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "status"}, "ExpressionAttributeValues": {":s": {"S": "shipped"}}}`,
		`"segments": 2, "scan": {"ProjectionExpression": "orderId, #t", "ExpressionAttributeNames": {"#t": "total"}}`,
		`"scan": {"TotalSegments": 3, "Segment": 1}`,
	} {
		t.Run(fields, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			plain, err := execution{t: t, name: "plain", request: fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, bucket, fields)}.run()
			if err != nil {
				t.Fatal(err)
			}
			result, err := execution{t: t, name: "run-1", request: parquetRequest(table, bucket, fields)}.run()
			if err != nil {
				t.Fatal(err)
			}
			want, got := staged(t, plain), rebuilt(t, result)
			if !slices.Equal(want, got) || len(got) == 0 || len(got) == 500 && !strings.Contains(fields, "Projection") {
				t.Errorf("%d rows differ from the %d items of a run in DYNAMODB_JSON", len(got), len(want))
			}
			if result.Items != plain.Items || result.Segments != plain.Segments || result.ReadUnits != plain.ReadUnits {
				t.Errorf("the result has %d items, %d segments and %v units, and a run in DYNAMODB_JSON has %d, %d and %v",
					result.Items, result.Segments, result.ReadUnits, plain.Items, plain.Segments, plain.ReadUnits)
			}
			now, before := *summaryOf(t, result).Scan, *summaryOf(t, plain).Scan
			if now.ScannedCount != before.ScannedCount || now.TotalSegments != before.TotalSegments || !cmp.Equal(now.Segment, before.Segment) {
				t.Errorf("the manifests say %+v and %+v", now, before)
			}
		})
	}
}

// A transform makes two records of each order with two lines or more. The columns are those of the records.
func TestParquetOfTransformedItems(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 200), testservers.Bucket(t)
	orders := sampleOrders(t, table)
	lines := 0
	for _, order := range orders {
		lines += len(order.Lines)
	}
	e := execution{t: t, name: "run-1", request: parquetRequest(table, bucket, `"segments": 2, "transform": ".orderId as $id | .lines[] | {id: $id, sku, price, tags: [.sku]}"`)}
	result, err := e.run()
	if err != nil {
		t.Fatal(err)
	}
	if result.Items != 200 || result.Records != int64(lines) || result.Schema.Columns != 4 || lines == 200 {
		t.Errorf("of %d lines, the result is %+v, %+v", lines, result, result.Schema)
	}
	rows := query(t, result, "select id || ' ' || sku || ' ' || price::double || ' ' || len(tags) || ' ' || tags[1] from rows")
	var want []string
	for _, order := range orders {
		for _, line := range order.Lines {
			price, err := line.Price.Float64()
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("%s %s %s 1 %s", order.ID, line.SKU, duckDouble(price), line.SKU))
		}
	}
	slices.Sort(want)
	slices.Sort(rows)
	if !slices.Equal(rows, want) {
		t.Errorf("%d rows differ from %d lines, such as %q and %q", len(rows), len(want), rows[:1], want[:1])
	}
}

// A full native export is first read to learn the schema, and then converted.
func TestParquetOfAnExport(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		e := exporting(t, exports.Options{Checks: 2}, fmt.Sprintf(`"export": {}, "format": "PARQUET", "keepStaging": %v`, keep))
		e.segmentBytes = 1000
		result, err := e.runExport()
		if err != nil {
			t.Fatal(err)
		}
		bucket := bucketOf(t, e)
		holdsRows(t, bucket, result, 50)
		made := e.tables.Exports()
		if len(made) != 1 || len(result.Exports) != 1 || result.Exports[0].ExportARN != made[0].ARN {
			t.Fatalf("%d exports were made, the result has %+v", len(made), result.Exports)
		}
		window := result.Exports[0]
		if result.Mode != request.ModeExport || result.Items != 50 || result.Records != 50 || result.BilledBytes == 0 || result.BilledBytes != window.BilledBytes ||
			result.Segments != 0 || result.ReadUnits != 0 || window.Items != 50 || (window.Manifest == "") == keep {
			t.Errorf("got %+v", result)
		}
		if !strings.HasPrefix(made[0].Manifest, result.Root+"/_staging/AWSDynamoDB/") {
			t.Errorf("the export is at %s", made[0].Manifest)
		}
		summary := summaryOf(t, result)
		if !summary.ExportTime.Equal(dawn) || summary.BilledSizeBytes != result.BilledBytes || summary.ItemCount != 50 || summary.Scan.ScannedCount != 50 {
			t.Errorf("the manifest is %+v, %+v", summary, summary.Scan)
		}
		if staged := testservers.Keys(t, bucket, result.Root+"/_staging/"); (len(staged) > 0) != keep {
			t.Errorf("with keepStaging %v, the folder of the first pass has %v", keep, staged)
		}
		again, err := e.runExport()
		if diff := cmp.Diff(result, again); err != nil || diff != "" {
			t.Errorf("the second result: %v, (-first +again):\n%s", err, diff)
		}
		wantExports(t, e, 1)
	}
}

func parquetRequest(table, bucket, fields string) string {
	req := fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "PARQUET"`, table, bucket)
	if fields != "" {
		req += ", " + fields
	}
	return req + "}"
}

// firstPass commits the first pass of a run.
func (e execution) firstPass(planned run.PlanOutput) run.PlanOutput {
	e.t.Helper()
	out, err := e.end(planned)
	if err != nil || !out.Convert || out.Result.RunID != "" {
		body, _ := json.Marshal(out) // shown in the message
		e.t.Fatalf("got %s, %v", body, err)
	}
	return planned
}
