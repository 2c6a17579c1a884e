package environment

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogFaults(t *testing.T) {
	t.Parallel()
	const base = "tables: [orders, events-*]\nbucket: {name: replica}\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"a catalog without a database", base + "catalog: {create: true}", []string{`3: catalog.database: missing: give the Glue database that gets the tables`}},
		{"a database that Athena does not take", base + "catalog:\n  database: My-Lake", []string{
			`4: catalog.database: got "My-Lake", want 1 to 255 of a-z 0-9 _, which is what Athena takes`,
		}},
		{"a database with a long name", base + "catalog:\n  database: " + long(256), []string{
			`4: catalog.database: got "` + long(100) + `"…, want 1 to 255 of a-z 0-9 _, which is what Athena takes`,
		}},
		{"a catalog that is off", base + "catalog: false", []string{`3: catalog: got a boolean, want an object`}},
		{"an unknown field", base + "catalog: {database: lake, creat: true}", []string{`3: catalog.creat: unknown field, did you mean "create"?`}},
		{"a table of the catalog for all requests", base + "defaults: {catalog: {table: all}}", []string{
			`3: defaults.catalog.table: would give several DynamoDB tables the same table in the catalog: write it in a request, or in the input of a schedule of one table`,
		}},
		{"a table of the catalog for several tables", "tables: [orders, events]\nbucket: {name: replica}\nschedules:\n- name: a\n  expression: rate(1 day)\n  tables: [orders, events]\n  input:\n    catalog: {table: all}", []string{
			`8: schedules[0].input.catalog.table: would give several DynamoDB tables the same table in the catalog: write it in a request, or in the input of a schedule of one table`,
		}},
		{"a retention of nothing", base + "retention: {dryRun: true}", []string{
			`3: retention: missing: give keepRuns or keepDays, or both: a run stays that either keeps`,
		}},
		{"a retention that keeps none", base + "retention:\n  keepRuns: 0\n  keepDays: -1", []string{
			`4: retention.keepRuns: got 0, want 1 to 10000000`,
			`5: retention.keepDays: got -1, want 1 to 10000000`,
		}},
		{"a fraction of a day", base + "retention: {keepDays: 0.5}", []string{`3: retention.keepDays: got 0.5, want a whole number`}},
		{"no tables", base + "retention: {keepRuns: 7, tables: []}", []string{`3: retention.tables: is empty: name at least one table, or leave it out for all`}},
		{"other tables", base + "retention:\n  keepRuns: 7\n  tables:\n  - orders\n  - payroll\n  - arn:aws:dynamodb:eu-west-1:111122223333:table/orders\n  - orders\n  - pay*", []string{
			`7: retention.tables[1]: is not in tables (orders, events-*)`,
			`8: retention.tables[2]: got "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or a pattern of names with * in it; not an ARN`,
			`9: retention.tables[3]: got "orders", want each value once, the first is in line 6`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			holdFaults(t, test.text, test.want)
		})
	}
}

// The functions read the retention as the file gives it.
func TestRetentionReachesTheFunctions(t *testing.T) {
	t.Parallel()
	const base = "bucket: {name: replica}\ntables: [orders, events-*, \"arn:aws:dynamodb:eu-west-1:111122223333:table/invoices\"]\n"
	for _, test := range []struct {
		text string
		want run.RetentionRule
		has  []string
		not  []string
	}{
		{"keepRuns: 1", run.RetentionRule{Retention: run.Retention{KeepRuns: 1}}, []string{"orders", "events-1"}, nil},
		{"keepDays: 30, dryRun: true", run.RetentionRule{Retention: run.Retention{KeepDays: 30, DryRun: true}}, []string{"orders"}, nil},
		{
			"keepRuns: 7, keepDays: 30, tables: [events-2, orders, invoices, \"*-old\"]",
			run.RetentionRule{Retention: run.Retention{KeepRuns: 7, KeepDays: 30}, Tables: []string{"events-2", "orders", "invoices", "*-old"}},
			[]string{"events-2", "orders", "invoices", "events-old"},
			[]string{"events-1", "order"},
		},
	} {
		e, err := parse("test.yaml", base+"retention: {"+test.text+"}")
		if err != nil {
			t.Fatal(err)
		}
		rule := e.Retention.Rule()
		if diff := cmp.Diff(test.want, rule); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
		for _, table := range test.has {
			if rule.Of(table) == nil {
				t.Errorf("%s: does not apply to %s", test.text, table)
			}
		}
		for _, table := range test.not {
			if rule.Of(table) != nil {
				t.Errorf("%s: applies to %s", test.text, table)
			}
		}
	}
}

func TestDatabasesThatAthenaTakes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"lake", "a", "dynamodb_replica", "_1", "2026", strings.Repeat("n", 255)} {
		e, err := parse("test.yaml", "bucket: {name: replica}\ntables: [orders]\ncatalog: {database: \""+name+"\", create: true}")
		if err != nil || e.Catalog.Database != name || !e.Catalog.Create {
			t.Errorf("%s: got %+v, %v", name, e.Catalog, err)
		}
	}
}
