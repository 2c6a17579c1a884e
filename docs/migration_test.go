package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/migration"
)

// migrations are the sections of migration.md, by the tool in migration.OtherNames.
var migrations = []struct{ tool, title, words string }{
	{"Airflow's DynamoDBToS3Operator", "Airflow's DynamoDBToS3Operator", "The operator scans in one process, and a retry leaves duplicates. Here, a retry leaves none. " +
		"Start the state machine with Airflow's `StepFunctionStartExecutionOperator`: Airflow fills in templates in its `state_machine_input`."},
	{"ExportTableToPointInTime", "ExportTableToPointInTime, `aws dynamodb export-table-to-point-in-time` and Terraform's `aws_dynamodb_table_export`", ""},
	{"the Scan API", "The Scan API", "All other parameters have the same names in `scan`. boto3's conditions (`Attr(\"status\").eq(\"paid\")`) are expressions as text here."},
	{"the AWS CLI", "The AWS CLI", "Options of `aws dynamodb scan` that the Scan API does not have."},
	{"AWS Glue", "AWS Glue's connection options for DynamoDB", ""},
}

// examples of templates, with the places that they come from.
var examples = []struct {
	from      string
	templates []string
}{
	{"Airflow", []string{"{{ ds }}", "{{ ds_nodash }}", "{{ execution_date }}", "{{ logical_date }}", "{{ data_interval_start.strftime('%Y/%m/%d') }}", "{{ ts }}", "{{ run_id }}", "{{ params.table }}"}},
	{"shells, Terraform", []string{"${date}", "${table}"}},
	{"formats of dates", []string{"%Y-%m-%d", "%Y/%m/%d/%H", "yyyy/MM/dd"}},
	{"Data Firehose", []string{"!{timestamp:yyyy/MM/dd}"}},
	{"EventBridge Scheduler", []string{"<aws.scheduler.scheduled-time>", "<aws.scheduler.execution-id>"}},
}

// migration.md has every name from another tool that the error for an unknown field explains.
func TestMigrationIsFresh(t *testing.T) {
	var page strings.Builder
	page.WriteString("# Coming from another tool\n\nThis page says what the parameters of other tools are called in a [request](request.md). The error for an " +
		"unknown field says the same: a request or an environment can have `s3_key_prefix`, `S3KeyPrefix` or `--s3-key-prefix`, and the cause names `prefix`. No field is " +
		"ignored. A test generates this page from `lambda/request/othernames.go`.\n")
	written := 0
	for _, section := range migrations {
		fmt.Fprintf(&page, "\n## %s\n\n", section.title)
		if section.words != "" {
			page.WriteString(section.words + "\n\n")
		}
		page.WriteString("| there | here |\n|---|---|\n")
		for _, other := range migration.OtherNames {
			if other.Tool == section.tool {
				fmt.Fprintf(&page, "| `%s` | %s |\n", other.Name, markdown.Replace(other.Here))
				written++
			}
		}
	}
	if all := len(migration.OtherNames) - 1; written != all { // the console's example is no tool
		t.Errorf("the page has %d names of %d: list the tool in migrations", written, all)
	}
	page.WriteString("\n## Templates\n\nNothing here fills in the templates of other programs, so a request with a template fails with `InvalidRequest`. Only `prefix` has " +
		"placeholders. Dates come from `scheduledTime`, otherwise from the start of the execution. Airflow's `ds` can be the start of the " +
		"data interval: for a daily run, that is the day before. In the values and names of expressions, and in `transform`, only Airflow's own names and those of EventBridge Scheduler are refused. " +
		"A schedule of an environment can have `<aws.scheduler.scheduled-time>` in every text of its input: EventBridge Scheduler fills it in.\n\n" +
		"| from | there | in `prefix` |\n|---|---|---|\n")
	for _, each := range examples {
		for _, template := range each.templates {
			here := migration.PlaceholderFor(template)
			if here == "" {
				t.Errorf("%s has no placeholder", template)
			}
			fmt.Fprintf(&page, "| %s | `%s` | `%s` |\n", each.from, template, here)
		}
	}
	fresh(t, "migration.md", []byte(page.String()))
}
