package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
)

// Without a database, the answer has statements, and Glue gets no call.
func TestStatementsWithoutADatabase(t *testing.T) {
	t.Parallel()
	many := []schema.Column{text("id")}
	for i := range 2000 {
		many = append(many, text(fmt.Sprintf("attribute_%04d", i)))
	}
	for _, test := range []struct {
		name  string
		input func(l lake) run.CatalogInput
		long  bool
		words []string
	}{
		{"PARQUET", func(l lake) run.CatalogInput { return l.parquet("a", 0, text("id"), whole("total")) }, false, []string{
			"CREATE EXTERNAL TABLE IF NOT EXISTS `orders` (\n  `id` string,\n  `total` bigint,\n", "LOCATION 's3://BUCKET/backup/AWSDynamoDB/a/data/'",
			"SELECT * FROM read_parquet('s3://BUCKET/backup/AWSDynamoDB/a/data/*.parquet', hive_partitioning = false)",
		}},
		{"DYNAMODB_JSON", func(l lake) run.CatalogInput { return l.committed(l.planOf("a", 0)) }, false, []string{
			"`item` map<string,struct<", "read_json('s3://BUCKET/backup/AWSDynamoDB/a/data/*.json.gz'",
		}},
		{"changes", func(l lake) run.CatalogInput {
			return l.exported("a", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70)
		}, false, []string{
			"CREATE EXTERNAL TABLE IF NOT EXISTS `orders_changes` (", "PARTITIONED BY (\n  `window_from` string,\n  `window_to` string\n)",
			"ALTER TABLE `orders_changes` ADD IF NOT EXISTS\nPARTITION (`window_from` = '2026-01-31 06:00:00.000', `window_to` = '2026-01-31 07:00:00.000')\nLOCATION 's3://BUCKET/backup/AWSDynamoDB/01767000000000-aaaaaaaa/_symlinks/'",
			"'s3://BUCKET/backup/AWSDynamoDB/data/01767000000000-aaaaaaaa-1.json.gz', 's3://BUCKET",
		}},
		{"many columns", func(l lake) run.CatalogInput { return l.parquet("a", 0, many...) }, true, []string{
			"`attribute_1999` string", "SELECT * FROM read_parquet(",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			in := test.input(l)
			in.Plan.Catalog = &run.CatalogPlan{Table: "orders"}
			if in.Plan.Scan != nil && in.Plan.Parquet == nil { // the manifest does not have it, so the plan may change
				in = l.committed(in.Plan)
			}
			out := l.show(in)
			if out.SQL == nil || len(out.Tables) > 0 || out.Database != "" || out.Reason != "" {
				t.Fatalf("got %+v", out)
			}
			all := out.SQL.DDL + out.SQL.DuckDB
			if (out.SQL.Object != "") != test.long || len(run.Marshal(out)) > 17<<10 {
				t.Errorf("the answer has %d bytes and the object %q", len(run.Marshal(out)), out.SQL.Object)
			}
			if test.long {
				key := strings.TrimPrefix(out.SQL.Object, "s3://"+l.bucket+"/")
				body, err := l.at(in.Plan).Get(t.Context(), key)
				if err != nil || key != "backup/AWSDynamoDB/a/_table.sql" || all != "" {
					t.Fatalf("%s: %v", key, err)
				}
				all = string(body)
			}
			for _, words := range test.words {
				if words = strings.ReplaceAll(words, "BUCKET", l.bucket); !strings.Contains(all, words) {
					t.Errorf("the statements lack %s:\n%.3000s", words, all)
				}
			}
			if calls := l.server.Calls(); len(calls) != 1 { // the creation of the database
				t.Errorf("calls: %v", calls)
			}
		})
	}
}

// What no table can show is no failure. The answer says why, and no table changes.
func TestReasonsForNoTable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		says  string
		input func(l lake) run.CatalogInput
	}{
		{"the run has exported nothing", func(l lake) run.CatalogInput {
			in := l.exported("a", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70)
			in.Result.Exports = nil
			return in
		}},
		{"a native export in ION are not known: use export.format DYNAMODB_JSON", func(l lake) run.CatalogInput {
			in := l.exported("a", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70)
			in.Plan.Export.Request.Format = request.FormatION
			return in
		}},
		{"the columns of the encoder csv are not known", func(l lake) run.CatalogInput {
			plan := l.planOf("a", 0)
			plan.Scan.Format, plan.Scan.Encoder = "", &run.Encoder{Name: "csv", Extension: ".csv"}
			return l.committed(plan)
		}},
		{"the data is no longer there, because the retention or another program has removed it", func(l lake) run.CatalogInput {
			in := l.parquet("a", 0, text("id"))
			if err := l.at(in.Plan).Delete(l.t.Context(), []string{in.Plan.Final().ManifestSummary(), in.Plan.Final().Schema()}); err != nil {
				l.t.Fatal(err)
			}
			return in
		}},
		{"the data is no longer there", func(l lake) run.CatalogInput {
			in := l.exported("a", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70)
			if err := l.at(in.Plan).Delete(l.t.Context(), []string{"backup/AWSDynamoDB/01767000000000-aaaaaaaa/manifest-summary.json"}); err != nil {
				l.t.Fatal(err)
			}
			return in
		}},
	} {
		l := newLake(t)
		out := l.show(test.input(l))
		if !strings.Contains(out.Reason, test.says) || len(out.Tables) > 0 || out.SQL != nil {
			t.Errorf("%s: got %+v", test.says, out)
		}
		if calls := l.server.Calls(); len(calls) != 1 {
			t.Errorf("%s: calls %v", test.says, calls)
		}
	}
}

// The folder is read whole, so objects of other programs are named.
func TestForeignObjectsAreNamed(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	in := l.committed(l.planOf("a", 0))
	in.Result.Foreign = &run.Foreign{Count: 3}
	if shown := l.show(in).Tables[0]; !shown.Changed || !strings.Contains(shown.Reason, "3 objects of other programs") {
		t.Errorf("got %+v", shown)
	}
}

// A manifest that another program has changed is refused.
func TestManifestThatHasChangedIsRefused(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	in := l.committed(l.planOf("a", 0))
	other := l.planOf("b", 1)
	other.Root = in.Plan.Root
	l.committed(other)
	export := l.exported("c", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70)
	export.Result.Exports[0].ExportARN = orders + "/export/other"
	for _, in := range []run.CatalogInput{in, export} {
		_, err := l.step.Run(t.Context(), in)
		if failure.NameOf(err) != failure.CatalogFailed || !strings.Contains(err.Error(), "is not the manifest that the run has committed") {
			t.Errorf("got %v", err)
		}
	}
}
