package request_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/migration"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// answer returns what is wrong with one more member of a valid request, "" if it is accepted. The member can be in another.
func answer(t *testing.T, name, within string) string {
	t.Helper()
	member := map[string]any{name: 1}
	req := map[string]any{"table": "orders", "bucket": "b-1"}
	if within == "" {
		req[name] = 1
	} else {
		req[within] = member
	}
	body, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	_, err = request.Parse(body, nil)
	problems, _ := errors.AsType[problem.List](err)
	var told []string
	for _, each := range problems {
		told = append(told, each.String())
	}
	return strings.Join(told, "; ")
}

// Each name has an answer, in every spelling and in every place. Each field that an answer names exists.
func TestNamesOfOtherToolsHaveAnAnswer(t *testing.T) {
	t.Parallel()
	fields := map[string]bool{}
	var walk func(of reflect.Type, path string)
	walk = func(of reflect.Type, path string) {
		for field := range of.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			fields[path+name], fields[name] = true, true
			if field.Type.Kind() == reflect.Pointer && field.Type.Elem().Kind() == reflect.Struct {
				walk(field.Type.Elem(), path+name+".")
			}
		}
	}
	walk(reflect.TypeFor[request.Request](), "")
	quoted, seen := regexp.MustCompile("`([a-zA-Z0-9.]+)`"), map[string]bool{}
	for _, other := range migration.OtherNames {
		if seen[other.Name] {
			t.Errorf("%s is there twice", other.Name)
		}
		seen[other.Name] = true
		for _, named := range quoted.FindAllStringSubmatch(other.Here, -1) {
			if !fields[named[1]] {
				t.Errorf("the answer to %s names %s, which is no field", other.Name, named[1])
			}
		}
		if strings.Contains(other.Here, "; ") {
			t.Errorf("the answer to %s has what separates two problems", other.Name)
		}
		want := ": unknown field: for " + other.Name + " of " + other.Tool + ", " + strings.ReplaceAll(other.Here, "`", "")
		if got := answer(t, other.Name, ""); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %s\nwant %s", other.Name, got, want)
		}
		for _, spelled := range []string{strings.ToUpper(other.Name), "--" + strings.ReplaceAll(other.Name, "_", "-"), strings.ReplaceAll(other.Name, "_", ""), strings.ReplaceAll(other.Name, ".", "_")} {
			if got := answer(t, spelled, ""); !strings.Contains(got, ": unknown field: for ") {
				t.Errorf("%s: got %s", spelled, got)
			}
		}
	}
	for name, words := range map[string]string{
		"export.check_interval":         `unknown field: for check_interval of Airflow's DynamoDBToS3Operator, use export.checkIntervalSeconds`,
		"export.max_attempts":           `export.max_attempts: unknown field, did you mean "maxAttempts"?`,
		"export.ExportTime":             `export.ExportTime: unknown field, did you mean "exportTime"?`,
		"scan.TableName":                `unknown field: for TableName of the Scan API, use table`,
		"scan.filter_expression":        `scan.filter_expression: unknown field, did you mean "FilterExpression"?`,
		"scan.KeyConditionExpression":   `use scan.FilterExpression, because a run cannot query. Only an export has export.filter.KeyConditionExpression`,
		"scan.format":                   `scan.format: unknown field, did you mean "format", at the top level?`,
		"export.prefix":                 `export.prefix: unknown field, did you mean "prefix", at the top level?`,
		"file_size_bytes":               `file_size_bytes: unknown field, did you mean "fileSizeBytes"?`,
		"kms-key-id":                    `kms-key-id: unknown field, did you mean "kmsKeyId"?`,
		"FilterExpression":              `FilterExpression: unknown field, did you mean "scan.FilterExpression" or "export.filter.FilterExpression"?`,
		"index_name":                    `index_name: unknown field, did you mean "scan.IndexName"?`,
		"viewType":                      `viewType: unknown field, did you mean "export.viewType"?`,
		"export_table_to_point_in_time": `export_table_to_point_in_time: unknown field`,
	} {
		within, field, nested := strings.Cut(name, ".")
		if !nested {
			within, field = "", name
		}
		if got := answer(t, field, within); !strings.Contains(got, words) {
			t.Errorf("%s: got %s\nwant %s", name, got, words)
		}
	}
}

// The table is complete: each parameter of the two APIs is a field, or has an answer with a field or a reason. Airflow's are those of the
// provider's version 9.
func TestEveryParameterOfOtherToolsHasAnAnswer(t *testing.T) {
	t.Parallel()
	var names []string
	for _, input := range []reflect.Type{
		reflect.TypeFor[dynamodb.ExportTableToPointInTimeInput](), reflect.TypeFor[types.IncrementalExportSpecification](), reflect.TypeFor[dynamodb.ScanInput](),
	} {
		for field := range input.Fields() {
			if field.IsExported() {
				names = append(names, field.Name)
			}
		}
	}
	names = append(names, "dynamodb_table_name", "s3_bucket_name", "file_size", "dynamodb_scan_kwargs", "s3_key_prefix", "process_func", "point_in_time_export",
		"export_time", "export_format", "export_table_to_point_in_time_kwargs", "check_interval", "max_attempts", "source_aws_conn_id", "dest_aws_conn_id")
	if len(names) < 40 {
		t.Fatalf("%d names", len(names))
	}
	for _, name := range names {
		for _, spelled := range []string{name, snake(name)} {
			got := answer(t, spelled, "")
			if strings.Contains(got, "want one of") || !strings.Contains(got, spelled+": unknown field") {
				t.Errorf("%s: got %s", spelled, got)
			}
		}
	}
}

var humps = regexp.MustCompile(`([a-z0-9])([A-Z])`)

func snake(name string) string { return strings.ToLower(humps.ReplaceAllString(name, "${1}_${2}")) }

// A template that nothing fills in is refused in every text. In a prefix, the message names the placeholder.
func TestTemplatesAreRefused(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"{{ ds }}": `{date} in place of "{{ ds }}". Dates come from scheduledTime`, "a/{{ds}}/b": `{date} in place of "{{ds}}"`,
		"{{ ds_nodash }}": `{year}{month}{day} in place of`, "{{ execution_date }}": `{date} in place of`, "{{ logical_date | ds }}": `{date} in place of`,
		"{{ data_interval_start.strftime('%Y/%m/%d') }}": `{year}/{month}/{day} in place of`, "{{ ts_nodash }}": `{year}{month}{day}T{hour} in place of`,
		"{{ params.table }}/{{ ds }}": `{table} in place of "{{ params.table }}", {date} in place of "{{ ds }}"`, "{{ dag_run.run_id }}": `{runId} in place of`,
		"{{ yesterday_ds }}": `one of {table} {date} {year} {month} {day} {hour} {runId} in place of`, "{{table}}": `{table} in place of "{{table}}"`,
		"{{ macros.ds_add(ds, -1) }}": `one of {table} {date}`, "{{ (logical_date - macros.timedelta(days=1)).strftime('%Y') }}": `one of {table} {date}`, "{{ }}": `one of {table} {date}`, "{{": `want a } after each {`,
		"${date}": `{date} in place of "${date}"`, "x-${ENV}/${table}": `one of {table} {date} {year} {month} {day} {hour} {runId} in place of "${ENV}", {table} in place of "${table}"`,
		"%Y-%m-%d": `{date} in place of "%Y-%m-%d"`, "dt=%Y%m%d/%H": `{year}{month}{day}/{hour} in place of`, "%F": `{date} in place of`,
		"yyyy/MM/dd": `{year}/{month}/{day} in place of "yyyy/MM/dd"`, "dt=YYYY-MM-DD": `{date} in place of "YYYY-MM-DD"`, "!{timestamp:yyyy/MM/dd}": `{year}/{month}/{day} in place of "!{timestamp:yyyy/MM/dd}"`,
		"<aws.scheduler.scheduled-time>": `{date} in place of`, "<aws.scheduler.execution-id>": `{runId} in place of`, "<aws.scheduler.schedule-arn>": `one of {table}`,
		"$.prefix": `one of {table}`, "$$.Execution.Name": `{runId} in place of`, "{% $states.input.date %}": `{date} in place of`,
		"{{ macros.ds_format(ds, '%Y-%m-%d', '%Y/%m/%d') }}": `want {year}/{month}/{day} in place of`, "{{ ds | replace('-', '/') }}": `want fixed text or one of {table}`,
		"{{ ds.replace('-', '/') }}": `want fixed text or one of {table}`, "{{ execution_date | ds_nodash }}": `want {year}{month}{day} in place of`,
		"{{ ts.strftime('%Y-%m-%d %H:%M') }}": `want fixed text or one of {table}`, "%Y-%m-%dT%H:%M:%S": `one of {table} {date} {year} {month} {day} {hour} {runId} in place of "%Y-%m-%dT%H:%M:%S"`,
		"%Y/{{ ds }}": `want {year} in place of "%Y", {date} in place of "{{ ds }}"`, "{{ execution_date.isoformat() }}": `want fixed text`, "{{ ds[:7] }}": `want fixed text`,
		"{{ ds.strftime('%y') }}": `want fixed text or one of {table}`, "yyyy-MM-dd HH:mm": `in place of "yyyy-MM-dd HH:mm"`,
		"{{ data_interval_end.in_timezone('Europe/Berlin') | ds }}": `want fixed text or one of {table}`,
		"$(date +%F)/x": `want {date} in place of "$(date +%F)". Dates`, "$(date -d yesterday +%F)": `want fixed text or one of {table}`, "$TABLE/a": `want {table} in place of "$TABLE". Dates`,
		"{yyyy}/x": `in place of "{yyyy}", did you mean "{year}"?`, "{MM}": `in place of "{MM}", did you mean "{month}"?`, "{date:yyyy}": `in place of "{date:yyyy}", did you mean "{year}"?`,
		"{ds}": `in place of "{ds}", did you mean "{date}"?`, "{table_name}": `in place of "{table_name}", did you mean "{table}"?`, "{tabel}": `did you mean "table"?`,
	} {
		body, err := json.Marshal(map[string]any{"table": "orders", "bucket": "b-1", "prefix": prefix})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := request.Parse(body, nil); err == nil || !strings.Contains(err.Error(), "prefix: got ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %s", prefix, err, want)
		}
	}
	for fields, problems := range map[string][]string{
		`"table":"{{ params.table }}","bucket":"${BUCKET}"`: {
			`table: got "{{ params.table }}", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders: nothing here fills in "{{ params.table }}". Only prefix has placeholders, such as {date}`,
			`bucket: got "${BUCKET}", want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit: nothing here fills in "${BUCKET}"`,
		},
		`"scheduledTime":"<aws.scheduler.scheduled-time>"`: {`scheduledTime: got "<aws.scheduler.scheduled-time>", want a time such as 2026-01-31T06:00:00Z: nothing here fills in`},
		`"export":{"from":"{{ data_interval_start }}"}`:    {`export.from: got "{{ data_interval_start }}", want a time such as 2026-01-31T06:00:00Z, or "last": nothing here fills in`},
		`"transform":"select(.day == \"{{ ds }}\")"`:       {`transform: has a template of Airflow or of EventBridge Scheduler, which nothing here fills in: write the text itself`},
		`"scan":{"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":{"L":[{"M":{"x":{"S":"from {{ ds }} on"}}}]}}}`: {
			`scan.ExpressionAttributeValues.:a.L[0].M.x.S: has a template of Airflow`,
		},
		`"scan":{"FilterExpression":"#a = #a","ExpressionAttributeNames":{"#a":"{{ dag_run.conf.name }}"}}`:                     {`scan.ExpressionAttributeNames.#a: has a template of Airflow`},
		`"scan":{"ScanFilter":{"a":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"<aws.scheduler.scheduled-time>"}]}}}`: {`scan.ScanFilter.a.AttributeValueList[0].S: has a template`},
		`"export":{"filter":{"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":{"S":"{{ ds }}"}}}}`:                 {`export.filter.ExpressionAttributeValues.:a.S: has a template`},
		`"scan":{"FilterExpression":"a = {{ params.value }}"}`:                                                                  {`scan.FilterExpression: got "a = {{ params.value }}", want at most 4096 bytes: nothing here fills in`},
	} {
		if !strings.Contains(fields, `"table"`) {
			fields = `"table":"orders","bucket":"b-1",` + fields
		}
		wantProblems(t, fmt.Sprintf("{%s}", fields), problems)
	}
}

// Texts that look like templates, but are none here.
func TestTextsThatAreNoTemplates(t *testing.T) {
	t.Parallel()
	for _, fields := range []string{
		`"transform":"{day: (.at | strftime(\"%Y-%m-%d\")), text: \"${x} {{ name }} $.a\", n: {a: {b: 1}}}"`,
		`"prefix":"yyyyMMddless/price$/a$b/_$folder$/{table}"`, `"prefix":"my-yyyyy/{date}T{hour}"`,
		`"scan":{"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":{"S":"Dear {{ name }} {{ params.name }} {{ next_page }}, $.x ${y} %Y {% if %}"}}}`,
		`"scan":{"FilterExpression":"#a = #a","ExpressionAttributeNames":{"#a":"{{ name }} %Y"}}`,
	} {
		if _, err := request.Parse(json.RawMessage(`{"table":"orders","bucket":"b-1",`+fields+`}`), nil); err != nil {
			t.Errorf("%s: %v", fields, err)
		}
	}
}
