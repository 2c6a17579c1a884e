package environment

import (
	"strings"
	"testing"
)

// Fields of a request, names of other tools and templates get an answer in a file too.
func TestNamesOfOtherToolsHaveAnAnswer(t *testing.T) {
	t.Parallel()
	const begin, schedule = "tables: [orders]\nbucket: {name: replica}\n", "schedules:\n- name: a\n  expression: rate(1 day)\n  input:\n    table: orders\n"
	for text, words := range map[string]string{
		"file_size: 1000": `3: file_size: unknown field: for file_size of Airflow's DynamoDBToS3Operator, use fileSizeBytes, the size after compression. ` +
			`The default is 128 MiB, and the operator's is 1,000 bytes (in a request: below defaults, or in the input of a schedule)`,
		"compression: ZSTD":                                   `3: compression: unknown field: a request has it: write compression below defaults, or in the input of a schedule`,
		"file_size_bytes: 5000":                               `3: file_size_bytes: unknown field: a request has it: write fileSizeBytes below defaults`,
		"log_retention_days: 7":                               `3: log_retention_days: unknown field, did you mean "logRetentionDays"?`,
		"defaults: {s3_key_prefix: x}":                        `3: defaults.s3_key_prefix: unknown field: for s3_key_prefix of Airflow's DynamoDBToS3Operator, use prefix, a folder`,
		"prefix: lake/{{ ds }}":                               `3: prefix: got "lake/{{ ds }}", want {date} in place of "{{ ds }}"`,
		"defaults: {transform: '{a: \"{{ ds }}\"}'}":          `3: defaults.transform: has a template of Airflow`,
		schedule + "    prefix: x/%Y/%m":                      `8: schedules[0].input.prefix: got "x/%Y/%m", want {year}/{month} in place of "%Y/%m"`,
		schedule + "    dynamodb_scan_kwargs: {}":             `8: schedules[0].input.dynamodb_scan_kwargs: unknown field: for dynamodb_scan_kwargs of Airflow's`,
		schedule + "    prefix: <aws.scheduler.execution-id>": `8: schedules[0].input.prefix: got "<aws.scheduler.execution-id>", want {runId} in place of`,
	} {
		_, err := parse("test.yaml", begin+text+"\n")
		if err == nil || !strings.Contains(err.Error(), "test.yaml:"+words) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: got %v\nwant %s", text, err, words)
		}
	}
	// EventBridge Scheduler fills these in.
	if _, err := parse("test.yaml", begin+schedule+"    export: {exportTime: <aws.scheduler.scheduled-time>}\n    prefix: x/<aws.scheduler.schedule-arn>\n"); err != nil {
		t.Error(err)
	}
}
