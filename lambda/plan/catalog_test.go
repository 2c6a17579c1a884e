package plan_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// A run of the whole table is in the database of the deployment. Another run is in the catalog only if its request names a table.
func TestPlanSaysWhichTablesShowTheRun(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1), testservers.Bucket(t)
	read, write := testservers.Configs()
	clients := awsclient.NewClients(read, write, read)
	const segment = `, "scan": {"TotalSegments": 2, "Segment": 1}`
	for i, test := range []struct {
		name, database, fields string
		want                   *run.CatalogPlan
	}{
		{"no database", "", ``, &run.CatalogPlan{Table: table}},
		{"no database, and columns that would have to be learned", "", `, "format": "JSON"`, nil},
		{"a database", "lake", ``, &run.CatalogPlan{Database: "lake", Table: table}},
		{"a table of the request", "lake", `, "catalog": {"table": "sales"}`, &run.CatalogPlan{Database: "lake", Table: "sales"}},
		{"a table without a database", "", `, "catalog": {"table": "sales"}`, &run.CatalogPlan{Table: "sales"}},
		{"an object without a table", "lake", `, "catalog": {}`, &run.CatalogPlan{Database: "lake", Table: table}},
		{"an object without a table and without a database", "", `, "catalog": {}`, &run.CatalogPlan{Table: table}},
		{"false", "lake", `, "catalog": false`, nil},
		{"one segment", "lake", segment, nil},
		{"a transform", "lake", `, "transform": "{id: .orderId}"`, nil},
		{"a transform with a table", "lake", `, "transform": "{id: .orderId}", "catalog": {"table": "ids"}`, &run.CatalogPlan{Database: "lake", Table: "ids"}},
		{"a transform with an object", "lake", `, "transform": "{id: .orderId}", "catalog": {}`, nil},
		{"a native export", "lake", `, "export": {}`, &run.CatalogPlan{Database: "lake", Table: table}},
		{"a native export of some items", "lake", `, "export": {"filter": {"FilterExpression": "attribute_exists(orderId)"}}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Step{
				Tables: clients.Tables, Objects: clients.Objects, Executions: &executions.Memory{Others: execution.Running}, Account: account,
				Database: test.database, Log: slog.New(slog.DiscardHandler),
			}
			name := fmt.Sprint("run-", i)
			out, err := p.Run(t.Context(), run.PlanInput{
				Request:   json.RawMessage(fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, test.fields)),
				Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: time.Now()},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := out.Plan.Catalog
			if got != nil { // where scans that learn keep their schema
				got = &run.CatalogPlan{Database: got.Database, Table: got.Table}
			}
			if test.want != nil && test.want.Table == table {
				test.want.Table = ddl.TableName(table)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
