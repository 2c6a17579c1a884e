// Package migration owns what people bring from other tools: the names of their fields, and their templates. It says what each is called here,
// for the errors of package request and for docs/migration.md. It may import document and lazyregexp.
package migration

import (
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
)

// OtherName is a name from another tool or API, for something that a request says in its own way.
type OtherName struct {
	Tool string // in words
	Name string // as the tool spells it; requests may spell it in another way, such as s3Prefix, s3_prefix and --s3-prefix
	Here string // what to do here, for the documentation: fields are in backticks
}

// The tools.
const (
	airflow   = "Airflow's DynamoDBToS3Operator"
	exportAPI = "ExportTableToPointInTime"
	scanAPI   = "the Scan API"
	cli       = "the AWS CLI"
	glue      = "AWS Glue"
	console   = "the console's example"
)

// OtherNames are the names that people bring from other tools. docs/migration.md lists them, and the error for an unknown field says what
// to do instead.
//
// https://airflow.apache.org/docs/apache-airflow-providers-amazon/stable/_api/airflow/providers/amazon/aws/transfers/dynamodb_to_s3/
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
// https://docs.aws.amazon.com/cli/latest/reference/dynamodb/scan.html
// https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-connect-dynamodb-home.html
var OtherNames = []OtherName{
	{airflow, "dynamodb_table_name", "use `table`, a name or an ARN"},
	{airflow, "s3_bucket_name", "use `bucket`. A deployment has a default"},
	{airflow, "s3_key_prefix", "use `prefix`, a folder: `dynamodb/{table}/{date}`"},
	{airflow, "file_size", "use `fileSizeBytes`, the size after compression. The default is 128 MiB, and the operator's is 1,000 bytes"},
	{airflow, "dynamodb_scan_kwargs", "use `scan`, with the same names. Write expressions as text and values in DynamoDB JSON, not as conditions of boto3. " +
		"With `TotalSegments` but without `Segment`, a run scans all segments"},
	{airflow, "process_func", "use `transform`, a jq expression, or `encoder`, your own in Go. For plain JSON, which the operator writes, set `format` to JSON"},
	{airflow, "point_in_time_export", "use `export`, at least `{}`"},
	{airflow, "export_time", "use `export.exportTime`, such as 2026-01-31T06:00:00Z"},
	{airflow, "export_format", "use `export.format`"},
	{airflow, "export_table_to_point_in_time_kwargs", "use `export`, with `exportType`, `from`, `to`, `viewType`, `filter`, `s3SseAlgorithm`, `s3SseKmsKeyId` and `s3BucketOwner`"},
	{airflow, "check_interval", "use `export.checkIntervalSeconds`"},
	{airflow, "max_attempts", "use `export.maxAttempts`"},
	{airflow, "source_aws_conn_id", "use `sourceRoleArn`, a role that the environment lists in sourceRoles. Default: the functions' own roles. A native export " +
		"takes no role: deploy the stack in the table's account"},
	{airflow, "dest_aws_conn_id", "use `destinationRoleArn`, a role that the environment lists in destinationRoles. Default: the functions' own roles"},
	{airflow, "aws_conn_id", "use `sourceRoleArn` and `destinationRoleArn`. Default: the functions' own roles"},

	{exportAPI, "TableArn", "use `table`"},
	{exportAPI, "S3Bucket", "use `bucket`"},
	{exportAPI, "S3Prefix", "use `prefix`"},
	{exportAPI, "S3BucketOwner", "use `bucketOwner`"},
	{exportAPI, "S3SseAlgorithm", "use `export.s3SseAlgorithm`"},
	{exportAPI, "S3SseKmsKeyId", "use `kmsKeyId`"},
	{exportAPI, "ExportTime", "use `export.exportTime`, such as 2026-01-31T06:00:00Z"},
	{exportAPI, "ExportFormat", "use `export.format`"},
	{exportAPI, "ExportType", "use `export.exportType`: FULL or INCREMENTAL"},
	{exportAPI, "IncrementalExportSpecification", "use `export`, with `from`, `to` and `viewType`"},
	{exportAPI, "ExportFromTime", "use `export.from`, such as 2026-01-31T06:00:00Z"},
	{exportAPI, "ExportToTime", "use `export.to`, such as 2026-01-31T12:00:00Z"},
	{exportAPI, "ExportViewType", "use `export.viewType`"},
	{exportAPI, "FilterSpecification", "use `export.filter`"},
	{exportAPI, "ClientToken", "leave it out: a run makes its own tokens, so that no export is started twice"},

	{scanAPI, "TableName", "use `table`"},
	{scanAPI, "ExclusiveStartKey", "leave it out: a run always reads whole segments. To continue after a failure, redrive the execution"},
	{scanAPI, "ReturnConsumedCapacity", "leave it out: a run always asks for it and reports it"},
	{cli, "max-items", "leave it out: a run reads every item. `scan.FilterExpression` chooses the items to keep"},
	{cli, "page-size", "use `scan.Limit`"},
	{cli, "starting-token", "leave it out: a run always reads whole segments. To continue after a failure, redrive the execution"},
	{cli, "key-condition-expression", "use `scan.FilterExpression`, because a run cannot query. Only an export has `export.filter.KeyConditionExpression`"},
	{cli, "region", "use the table's ARN as `table`"},

	{glue, "dynamodb.input.tableName", "use `table`"},
	{glue, "dynamodb.tableArn", "use `table`"},
	{glue, "dynamodb.throughput.read.percent", "use `readPercent`: 50 for Glue's 0.5"},
	{glue, "dynamodb.throughput.read.ratio", "use `readPercent`: 50 for Glue's 0.5"},
	{glue, "dynamodb.throughput.read", "use `readUnitsPerSecond`"},
	{glue, "dynamodb.table.read.capacity", "leave it out, and use `readUnitsPerSecond` in place of a percentage"},
	{glue, "dynamodb.splits", "use `segments`. The default fits the size of the table"},
	{glue, "dynamodb.consistentRead", "use `scan.ConsistentRead`"},
	{glue, "dynamodb.input.retry", "leave it out: a run slows down when DynamoDB throttles, and continues as long as it makes progress"},
	{glue, "dynamodb.export", "use `export`, at least `{}`, for Glue's ddb. Nothing reads a past export"},
	{glue, "dynamodb.exportTime", "use `export.exportTime`"},
	{glue, "dynamodb.s3.bucket", "use `bucket`"},
	{glue, "dynamodb.s3.prefix", "use `prefix`"},
	{glue, "dynamodb.s3.bucketOwner", "use `bucketOwner`"},
	{glue, "dynamodb.s3.sse.algorithm", "use `export.s3SseAlgorithm`"},
	{glue, "dynamodb.s3.sse.kmsKeyId", "use `kmsKeyId`"},
	{glue, "dynamodb.simplifyDDBJson", "set `format` to JSON, in mode SCAN"},
	{glue, "dynamodb.unnestDDBJson", "set `format` to JSON, in mode SCAN"},
	{glue, "dynamodb.sts.roleArn", "use `sourceRoleArn`, a role that the environment lists in sourceRoles"},
	{glue, "dynamodb.sts.roleSessionName", "leave it out: the session has the run's name"},
	{glue, "dynamodb.sts.region", "use the table's ARN as `table`"},
	{glue, "dynamodb.region", "use the table's ARN as `table`"},

	// The console fills in {"Comment": "Insert your JSON here"} as the input of a new execution.
	{console, "Comment", "leave it out, and replace the whole input by the request"},
}

// InsteadOf says what to do in place of a field that is named as in another tool, or "" for an unknown name.
func InsteadOf(name string) string {
	i := slices.IndexFunc(OtherNames, func(other OtherName) bool { return other.Name == name }) // two tools can differ in the spelling alone
	if i < 0 {
		i = slices.IndexFunc(OtherNames, func(other OtherName) bool { return document.Plain(other.Name) == document.Plain(name) })
	}
	if i < 0 {
		return ""
	}
	other := OtherNames[i]
	return "for " + other.Name + " of " + other.Tool + ", " + strings.ReplaceAll(other.Here, "`", "")
}
