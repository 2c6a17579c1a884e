package catalog_test

import (
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"

	"github.com/google/go-cmp/cmp"
)

// New columns come last in the history, and each partition has its own columns. <table> has exactly those of its run.
func TestSchemaThatWidenedKeepsOldPartitions(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.show(l.parquet("a", 0, text("id"), whole("total")))
	out := l.show(l.parquet("b", 1, text("added"), text("id"), whole("total")))
	if shown := out.Tables[1]; shown.Name != "orders_history" || shown.Reason != "" || !shown.Changed {
		t.Errorf("got %+v", shown)
	}
	if diff := cmp.Diff([]string{"id string", "total bigint", "_rest string", "added string"}, names(l.table("orders_history").StorageDescriptor.Columns)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"added string", "id string", "total bigint", "_rest string"}, names(l.table("orders").StorageDescriptor.Columns)); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	history := l.partitions("orders_history")
	if diff := cmp.Diff([]string{"id string", "total bigint", "_rest string"}, names(history["a"].StorageDescriptor.Columns)); diff != "" {
		t.Errorf("partition of a (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"id string", "total bigint", "_rest string", "added string"}, names(history["b"].StorageDescriptor.Columns)); diff != "" {
		t.Errorf("partition of b (-want +got):\n%s", diff)
	}
	// A column that is gone stays in the history, and leaves <table>.
	l.show(l.parquet("c", 2, text("id")))
	if diff := cmp.Diff([]string{"id string", "_rest string"}, names(l.table("orders").StorageDescriptor.Columns)); diff != "" {
		t.Errorf("orders after c (-want +got):\n%s", diff)
	}
	if n := len(l.table("orders_history").StorageDescriptor.Columns); n != 4 {
		t.Errorf("history has %d columns after c", n)
	}
}

// What no table can hold together goes into a new version of the table. The answer says why. A later run that fits the first version goes there.
func TestIrreconcilableRunGoesToANewVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, says string
		other      func(l lake) run.CatalogInput
	}{
		{"another type", "orders_history cannot have this run: the types differ: total bigint and string", func(l lake) run.CatalogInput {
			return l.parquet("b", 1, text("id"), text("total"))
		}},
		{"another format", "orders_history cannot have this run: its files are PARQUET, and those of the run are DYNAMODB_JSON", func(l lake) run.CatalogInput {
			return l.committed(l.planOf("b", 1))
		}},
		{"a column with the name of a partition key", "orders_history cannot have this run: the column run_id has the name of a partition key", func(l lake) run.CatalogInput {
			return l.parquet("b", 1, text("id"), text("run_id"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			l.show(l.parquet("a", 0, text("id"), whole("total")))
			before := names(l.table("orders_history").StorageDescriptor.Columns)
			shown := l.show(test.other(l)).Tables
			if shown[0].Name != "orders" || !shown[0].Changed || shown[0].Reason != "" {
				t.Errorf("orders: %+v", shown[0])
			}
			if shown[1].Name != "orders_history_2" || !shown[1].Changed || shown[1].Reason != test.says {
				t.Errorf("history: %+v", shown[1])
			}
			if diff := cmp.Diff(before, names(l.table("orders_history").StorageDescriptor.Columns)); diff != "" {
				t.Errorf("the first version has changed:\n%s", diff)
			}
			l.show(l.parquet("c", 2, text("id"), whole("total")))
			one, two := l.partitions("orders_history"), l.partitions("orders_history_2")
			if len(one) != 2 || len(two) != 1 || one["c"].Values == nil || two["b"].Values == nil {
				t.Errorf("the versions have %v and %v", one, two)
			}
		})
	}
}

// The keys of the partitions give way to attributes of the first run.
func TestPartitionKeysGiveWayToColumns(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	in := l.parquet("a", 0, text("run_id"))
	l.show(in)
	l.show(in)
	if diff := cmp.Diff([]string{"run_time string", "_run_id string"}, names(l.table("orders_history").PartitionKeys)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// exported commits an incremental export of a window, started so many minutes after dawn, and returns the input of the step.
func (l lake) exported(name string, id string, from, to time.Time, started int) run.CatalogInput {
	l.t.Helper()
	plan := l.planOf(name, 0)
	plan.Mode, plan.Scan, plan.Export = request.ModeExport, nil, &run.ExportPlan{Request: request.Export{Format: request.FormatDynamoDBJSON, ExportType: request.ExportIncremental}}
	folder := "backup/AWSDynamoDB/" + id
	window := run.ExportedWindow{
		ExportARN: orders + "/export/" + id, ExportType: request.ExportIncremental, From: &from, To: &to,
		Manifest: "s3://" + l.bucket + "/" + folder + "/manifest-summary.json", StartTime: dawn.Add(time.Duration(started) * time.Minute),
	}
	for key, body := range map[string]string{
		"/manifest-summary.json": `{"exportArn":"` + window.ExportARN + `","manifestFilesS3Key":"` + folder + `/manifest-files.json"}`,
		"/manifest-files.json":   `{"dataFileS3Key":"backup/AWSDynamoDB/data/` + id + `-1.json.gz"}` + "\n" + `{"dataFileS3Key":"backup/AWSDynamoDB/data/` + id + `-2.json.gz"}` + "\n",
	} {
		if _, err := l.at(plan).Put(l.t.Context(), folder+key, []byte(body)); err != nil {
			l.t.Fatal(err)
		}
	}
	return run.CatalogInput{Plan: plan, Result: run.Result{RunID: name, Mode: plan.Mode, Exports: []run.ExportedWindow{window}}}
}

// A window that was exported again is shown once: by the export that was started last, in whichever order the steps run.
func TestWindowIsShownByItsLatestExport(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"first", "second"}, {"second", "first"}, {"first", "second", "first", "second"}} {
		l := newLake(t)
		runs := map[string]run.CatalogInput{
			"first":  l.exported("first", "01767000000000-aaaaaaaa", dawn, dawn.Add(time.Hour), 70),
			"second": l.exported("second", "01767000000001-bbbbbbbb", dawn, dawn.Add(time.Hour), 80),
		}
		var last run.Cataloged
		for _, name := range order {
			last = l.show(runs[name])
		}
		windows := l.partitions("orders_changes")
		p := windows["2026-01-31 07:00:00.000"]
		if len(windows) != 1 || p.Values[0] != "2026-01-31 06:00:00.000" || p.Parameters["ddb2s3.run"] != "second" ||
			*p.StorageDescriptor.Location != "s3://"+l.bucket+"/backup/AWSDynamoDB/01767000000001-bbbbbbbb/_symlinks/" {
			t.Errorf("%v: got %+v", order, windows)
		}
		if shown := last.Tables[0]; order[len(order)-1] == "first" && (shown.Changed || !strings.Contains(shown.Reason, "01767000000001-bbbbbbbb of the same window")) {
			t.Errorf("%v: got %+v", order, shown)
		}
		list, err := l.at(runs["second"].Plan).Get(t.Context(), "backup/AWSDynamoDB/01767000000001-bbbbbbbb/_symlinks/files.txt")
		if want := "s3://" + l.bucket + "/backup/AWSDynamoDB/data/01767000000001-bbbbbbbb-1.json.gz\ns3://" + l.bucket + "/backup/AWSDynamoDB/data/01767000000001-bbbbbbbb-2.json.gz\n"; err != nil || string(list) != want {
			t.Errorf("the list has %q, %v", list, err)
		}
	}
}

// Structs and lists are merged in their parts.
func TestFieldsOfStructsAreMerged(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	customer := func(fields ...schema.Column) schema.Column {
		return schema.Column{Name: "customer", Attribute: "customer", Type: schema.Type{Name: schema.Struct, Kind: ddbjson.KindM, Fields: fields}}
	}
	l.show(l.parquet("a", 0, customer(text("name"))))
	l.show(l.parquet("b", 1, customer(text("city"), text("name"))))
	if got := names(l.table("orders_history").StorageDescriptor.Columns)[0]; got != "customer struct<name:string,city:string>" {
		t.Errorf("got %s", got)
	}
}
