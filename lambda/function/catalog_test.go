package function_test

import (
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The first run of a chain exports the whole table, and a later one makes several windows. The catalog shows each export once, in order, also if the
// step of an earlier run comes last.
func TestCatalogShowsEachExportOfAChain(t *testing.T) {
	t.Parallel()
	client, server := testservers.Glue(t)
	cfg, err := server.AWS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("lake")}}); err != nil {
		t.Fatal(err)
	}
	e := exporting(t, exports.Options{Checks: 1}, `"export": {"from": "last"}, "catalog": {"table": "orders"}`)
	e.glue = &cfg
	ended := func(name string) run.CatalogInput {
		e.name = name
		result, err := e.runExport()
		if err != nil {
			t.Fatal(err)
		}
		planned, err := e.plan()
		if err != nil {
			t.Fatal(err)
		}
		return run.CatalogInput{Plan: planned.Plan, Result: result}
	}
	first := ended("run-1")
	e.tables.Advance(50 * time.Hour)
	second := ended("run-2")
	if len(second.Result.Exports) < 2 {
		t.Fatalf("the second run has made %d windows", len(second.Result.Exports))
	}
	for _, in := range []run.CatalogInput{second, first, second} {
		if _, err := call[run.Cataloged](e, contract.FunctionCatalog, in); err != nil {
			t.Fatal(err)
		}
	}
	for table, want := range map[string][]run.ExportedWindow{"orders_history": first.Result.Exports, "orders_changes": second.Result.Exports} {
		answer, err := client.GetPartitions(t.Context(), &glue.GetPartitionsInput{DatabaseName: aws.String("lake"), TableName: &table})
		if err != nil {
			t.Fatal(err)
		}
		var got, values []string
		for _, p := range answer.Partitions {
			got = append(got, p.Values[0])
		}
		for _, w := range want {
			at := w.ExportTime
			if w.From != nil {
				at = w.From
			}
			values = append(values, run.PartitionTime(*at))
		}
		slices.Sort(got)
		if !slices.Equal(got, values) {
			t.Errorf("%s has %v, want %v", table, got, values)
		}
	}
}
