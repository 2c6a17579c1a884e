package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The runs end in any order. <table> is at the one with the newest data, and <table>_history has all of them.
func TestTableIsAtTheNewestRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		hours map[string]int
		order []string
		want  string
	}{
		{"in order", map[string]int{"a": 0, "b": 1, "c": 2}, []string{"a", "b", "c"}, "c"},
		{"in the wrong order", map[string]int{"a": 0, "b": 1, "c": 2}, []string{"c", "a", "b"}, "c"},
		{"at one moment", map[string]int{"a": 0, "b": 0}, []string{"b", "a"}, "b"},
		{"repeated", map[string]int{"a": 0, "b": 1}, []string{"a", "b", "a", "b"}, "b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			runs, newest := map[string]run.CatalogInput{}, ""
			for _, name := range test.order {
				if runs[name].Plan.RunID == "" {
					runs[name] = l.committed(l.planOf(name, test.hours[name]))
				}
				before := newest
				if newest == "" || test.hours[name] > test.hours[newest] || test.hours[name] == test.hours[newest] && name > newest {
					newest = name
				}
				shown := l.show(runs[name]).Tables[0]
				if shown.Changed != (newest != before) || (shown.Reason != "") != (newest != name) {
					t.Errorf("%s: %+v, the newest is %s", name, shown, newest)
				}
				location := "s3://" + l.bucket + "/backup/AWSDynamoDB/" + newest + "/data/"
				if at := *l.table("orders").StorageDescriptor.Location; at != location {
					t.Fatalf("after %s, orders is at %s, want %s", name, at, location)
				}
			}
			history := l.partitions("orders_history")
			for name := range test.hours {
				if p := history[name]; len(p.Values) != 2 || *p.StorageDescriptor.Location != "s3://"+l.bucket+"/backup/AWSDynamoDB/"+name+"/data/" {
					t.Errorf("history has %+v of %s", p, name)
				}
			}
			if newest != test.want || len(history) != len(test.hours) || history[test.want].Values[0] != run.PartitionTime(runs[test.want].Plan.StartTime) {
				t.Errorf("the newest is %s, the history %v", newest, history)
			}
		})
	}
}

// A step that is repeated reads and writes nothing: no version of a table is new.
func TestRepeatedStepChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	in := l.parquet("a", 0, text("id"), whole("total"))
	l.show(in)
	before, version, calls := l.state(), *l.table("orders_history").VersionId+*l.table("orders").VersionId, len(l.server.Calls())
	again := l.show(in)
	for _, shown := range again.Tables {
		if shown.Changed {
			t.Errorf("%+v", shown)
		}
	}
	for _, call := range l.server.Calls()[calls:] {
		if strings.HasPrefix(call, "Update") || call == "CreateTable" {
			t.Errorf("the second step calls %s", call)
		}
	}
	if after := l.state(); after != before || *l.table("orders_history").VersionId+*l.table("orders").VersionId != version {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// What a person has written about a table stays. Parameters of other programs go: statistics of the last run are wrong for the next one.
func TestDescriptionOfAPersonStays(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.show(l.committed(l.planOf("a", 0)))
	table := l.table("orders")
	table.Parameters["numRows"] = "12"
	if _, err := l.client.UpdateTable(t.Context(), &glue.UpdateTableInput{DatabaseName: aws.String(database), TableInput: &types.TableInput{
		Name: table.Name, Description: aws.String("All orders."), Owner: aws.String("sales"), Parameters: table.Parameters,
		StorageDescriptor: table.StorageDescriptor, PartitionKeys: table.PartitionKeys, TableType: table.TableType,
	}}); err != nil {
		t.Fatal(err)
	}
	l.show(l.committed(l.planOf("b", 1)))
	if after := l.table("orders"); aws.ToString(after.Description) != "All orders." || aws.ToString(after.Owner) != "sales" || after.Parameters["numRows"] != "" {
		t.Errorf("got %v, %v, %v", aws.ToString(after.Description), aws.ToString(after.Owner), after.Parameters)
	}
}

// Between the read of a table and its update, another run writes.
func TestConflictReadsAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		hours     int // of the run that is in between
		operation string
		want      string
	}{
		{"of a newer run", 2, "UpdateTable", "other"},
		{"of an older run", 0, "UpdateTable", "own"},
		{"of the first run", 2, "CreateTable", "other"},
		{"of an older first run", 0, "CreateTable", "own"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			own, other := l.committed(l.planOf("own", 1)), l.committed(l.planOf("other", test.hours))
			if test.operation == "UpdateTable" {
				l.show(l.committed(l.planOf("first", -1)))
			}
			l.server.Before(test.operation, func(any) { l.show(other) })
			l.show(own)
			if got := l.table("orders").Parameters["ddb2s3.run"]; got != test.want {
				t.Errorf("orders is at %s, want %s", got, test.want)
			}
			if history := l.partitions("orders_history"); history["own"].Values == nil || history["other"].Values == nil {
				t.Errorf("history has %v", history)
			}
		})
	}
}

// If the table changes at each try, the step gives up under a name that the state machine retries.
func TestEndlessConflictIsTransient(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.show(l.committed(l.planOf("a", 0)))
	l.server.Refuse("UpdateTable", &types.ConcurrentModificationException{Message: aws.String("busy")}, 1000)
	_, err := l.step.Run(t.Context(), l.committed(l.planOf("b", 1)))
	if name := failure.NameOf(err); name != failure.JournalContended || name.Permanent() {
		t.Errorf("got %v: %v", name, err)
	}
}

// Tables that are not ours are never changed, whichever of the three it is.
func TestForeignTableIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"orders", "orders_history"} {
		for parameters, words := range map[string]string{
			"": "was not made for a run", "arn:aws:dynamodb:us-east-1:000000000000:table/orders": "shows another DynamoDB table, arn:aws:dynamodb:us-east-1:000000000000:table/orders",
		} {
			l := newLake(t)
			foreign := &types.TableInput{Name: aws.String(name), Parameters: map[string]string{"mine": "1"}, StorageDescriptor: &types.StorageDescriptor{Location: aws.String("s3://mine/")}}
			if parameters != "" {
				foreign.Parameters["ddb2s3.source"] = parameters
			}
			if _, err := l.client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String(database), TableInput: foreign}); err != nil {
				t.Fatal(err)
			}
			_, err := l.step.Run(t.Context(), l.committed(l.planOf("a", 0)))
			if failure.NameOf(err) != failure.CatalogFailed || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "catalog.table") ||
				!strings.HasPrefix(err.Error(), "the run is committed, and a redrive of the execution repeats only this step: ") {
				t.Errorf("%s: %v", name, err)
			}
			if table := l.table(name); *table.StorageDescriptor.Location != "s3://mine/" || table.Parameters["mine"] != "1" || slices.Contains(l.server.Calls(), "UpdateTable") {
				t.Errorf("%s has changed: %v", name, table)
			}
		}
	}
}
