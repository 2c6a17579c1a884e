package request

import "encoding/json"

// Request is the input of the state machine. Optional numbers and switches are pointers: nil means "not given", which is
// not the same as zero.
//
// The struct tags are the source of docs/request.schema.json and docs/request.md; a test holds every bound in them against
// what Parse really refuses. A text may not be empty unless its tag says so.
type Request struct {
	Table              string      `json:"table" jsonschema:"required,minLength=3,maxLength=1024" jsonschema_description:"The table to replicate: its name, or its ARN, which is needed for one of another region or account. A SCAN reads across regions, at the cost of data transfer between them."`
	Bucket             string      `json:"bucket,omitempty" jsonschema:"minLength=3,maxLength=63,pattern=^[a-z0-9][a-z0-9.-]*[a-z0-9]$" jsonschema_description:"The bucket to write to. Default: the deployment's."`
	Prefix             string      `json:"prefix,omitempty" empty:"allowed" jsonschema:"maxLength=512" jsonschema_description:"Where in the bucket: the run writes below <prefix>/AWSDynamoDB/<runId>/. May hold {table} {date} {year} {month} {day} {hour} {runId}, in UTC, of scheduledTime or else of the execution's start. Default: the deployment's, else the bucket's root."`
	Mode               Mode        `json:"mode,omitempty" jsonschema:"enum=SCAN,enum=EXPORT" jsonschema_description:"How the table is read. SCAN: a parallel Scan by Lambda functions. EXPORT: DynamoDB's own export to S3, started and waited for. Default: EXPORT if export is given, else SCAN."`
	Scan               *Scan       `json:"scan,omitempty" jsonschema_description:"Parameters of DynamoDB's Scan API, under their API names and with their API meaning."`
	Segments           *int64      `json:"segments,omitempty" jsonschema:"minimum=1,maximum=10000" jsonschema_description:"Into how many segments the scan is split. Default: one for each GiB of the table (or index), at least 1, at most 10,000. Not together with scan.TotalSegments, which says the same."`
	Concurrency        *int64      `json:"concurrency,omitempty" jsonschema:"minimum=1,maximum=10000" jsonschema_description:"How many segments are scanned at once. Default: one for each 1,000 read units a second that the table can give (provisioned, on-demand maximum, or warm throughput), at least 1, at most 100; 10 where none is known; under a pace one for each 250 units a second of it."`
	ReadUnits          *float64    `json:"readUnitsPerSecond,omitempty" jsonschema:"exclusiveMinimum=0" jsonschema_description:"The pace: how many read units a second the whole run may consume, over all its segments together. Default: no limit. Not together with readPercent."`
	ReadPercent        *float64    `json:"readPercent,omitempty" jsonschema:"exclusiveMinimum=0,maximum=100" jsonschema_description:"The pace as a part of what the table (or index) can give: its provisioned read capacity, else its on-demand maximum, else its warm throughput, as it is when the run is planned. Refused where none of them is known."`
	FileSize           *int64      `json:"fileSizeBytes,omitempty" jsonschema:"minimum=1024,maximum=5368709120,default=134217728" jsonschema_description:"An object is closed at the first item that brings it to this many bytes, as stored (after compression)."`
	Format             Format      `json:"format,omitempty" jsonschema:"enum=DYNAMODB_JSON,enum=ION,enum=JSON,default=DYNAMODB_JSON" jsonschema_description:"How an item is written, one to a line. DYNAMODB_JSON: as native exports do, {\"Item\":{…}} with the type of each attribute, byte for byte what the service sent. ION: Amazon Ion text as native exports write it and imports read it; numbers are decimals. JSON: plain; numbers keep all their digits, sets become arrays, binary is base64."`
	Transform          string      `json:"transform,omitempty" jsonschema:"minLength=1,maxLength=8192" jsonschema_description:"Of a SCAN: a jq expression that makes of each item, in plain JSON, zero, one or many records, each an object, one to a line of plain JSON: {id, total}, or select(.status == \"paid\") | .lines[]. Numbers keep their digits where they are only moved. Not together with encoder, nor with another format than JSON."`
	Encoder            string      `json:"encoder,omitempty" jsonschema:"minLength=1,maxLength=64,pattern=^[a-zA-Z][a-zA-Z0-9_-]*$" jsonschema_description:"Of a SCAN: the name of an encoder of one's own, built into the functions (docs/transform.md), that turns items into records. Not together with transform or format."`
	Compression        Compression `json:"compression,omitempty" jsonschema:"enum=GZIP,enum=ZSTD,enum=NONE,default=GZIP" jsonschema_description:"How objects are compressed."`
	SourceRoleARN      string      `json:"sourceRoleArn,omitempty" jsonschema:"minLength=20,maxLength=2048,pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[a-zA-Z0-9_+=\\,.@-]{1\\,64}$" jsonschema_description:"Of a SCAN: the role that reads the table, for a table of another account. The environment must list it (sourceRoles). Default: the functions' own."`
	DestinationRoleARN string      `json:"destinationRoleArn,omitempty" jsonschema:"minLength=20,maxLength=2048,pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[a-zA-Z0-9_+=\\,.@-]{1\\,64}$" jsonschema_description:"Of a SCAN: the role that writes the objects, for a bucket of another account. The environment must list it (destinationRoles). Default: the functions' own."`
	BucketOwner        string      `json:"bucketOwner,omitempty" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"The account that must own the bucket: sent as the expected bucket owner with every call to S3, which refuses if another account owns it."`
	KMSKeyID           string      `json:"kmsKeyId,omitempty" jsonschema:"minLength=1,maxLength=2048,pattern=^[a-zA-Z0-9:/_-]+$" jsonschema_description:"The KMS key (id, ARN or alias) that encrypts every object of the run. Default: the bucket's own encryption."`
	Export             *Export     `json:"export,omitempty" jsonschema_description:"A native export, DynamoDB's ExportTableToPointInTime."`
	Scheduled          string      `json:"scheduledTime,omitempty" jsonschema:"format=date-time" jsonschema_description:"The time for which a schedule started this run, RFC 3339; the prefix's placeholders follow it. Set by schedules."`
	Schedule           string      `json:"schedule,omitempty" jsonschema:"minLength=1,maxLength=64,pattern=^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$" jsonschema_description:"The name of the schedule that started this run. Together with scheduledTime it is the run's name, <schedule>-<time>, so that a firing that is delivered twice makes one run. Set by schedules."`
}

// Scan mirrors the parameters of DynamoDB's Scan API that a run may set, under their API names.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
type Scan struct {
	IndexName                 string                    `json:"IndexName,omitempty" jsonschema:"minLength=3,maxLength=255,pattern=^[a-zA-Z0-9_.-]+$" jsonschema_description:"A global or local secondary index to scan instead of the table."`
	FilterExpression          string                    `json:"FilterExpression,omitempty" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"Which items to keep. It is applied after the read and saves no read units."`
	ProjectionExpression      string                    `json:"ProjectionExpression,omitempty" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"Which attributes to keep."`
	ExpressionAttributeNames  map[string]string         `json:"ExpressionAttributeNames,omitempty" jsonschema_description:"Substitutes for attribute names: {\"#s\": \"status\"}."`
	ExpressionAttributeValues map[string]AttributeValue `json:"ExpressionAttributeValues,omitempty" jsonschema_description:"Values of the expressions, in DynamoDB JSON: {\":s\": {\"S\": \"paid\"}}."`
	ConsistentRead            *bool                     `json:"ConsistentRead,omitempty" jsonschema:"default=false" jsonschema_description:"Strongly consistent reads, at twice the read units; no snapshot. Not on a global secondary index."`
	Select                    string                    `json:"Select,omitempty" jsonschema:"enum=ALL_ATTRIBUTES,enum=ALL_PROJECTED_ATTRIBUTES,enum=SPECIFIC_ATTRIBUTES" jsonschema_description:"Which attributes to return. COUNT is refused: it returns no items."`
	Limit                     *int64                    `json:"Limit,omitempty" jsonschema:"minimum=1,maximum=2147483647" jsonschema_description:"At most how many items one page evaluates. It limits a page, not the run."`
	TotalSegments             *int64                    `json:"TotalSegments,omitempty" jsonschema:"minimum=1,maximum=1000000" jsonschema_description:"The number of segments; alone it says the same as segments (and is then at most 10,000). With Segment the run scans that one segment of so many, so that several executions can share a table."`
	Segment                   *int64                    `json:"Segment,omitempty" jsonschema:"minimum=0,maximum=999999" jsonschema_description:"The one segment to scan, from 0, less than TotalSegments."`
	AttributesToGet           []string                  `json:"AttributesToGet,omitempty" jsonschema_description:"Legacy: use ProjectionExpression."`
	ScanFilter                map[string]Condition      `json:"ScanFilter,omitempty" jsonschema_description:"Legacy: use FilterExpression."`
	ConditionalOperator       string                    `json:"ConditionalOperator,omitempty" jsonschema:"enum=AND,enum=OR" jsonschema_description:"Legacy: use FilterExpression."`
}

// Condition is one entry of the legacy ScanFilter.
type Condition struct {
	ComparisonOperator string           `json:"ComparisonOperator" jsonschema:"required,enum=EQ,enum=NE,enum=IN,enum=LE,enum=LT,enum=GE,enum=GT,enum=BETWEEN,enum=NOT_NULL,enum=NULL,enum=CONTAINS,enum=NOT_CONTAINS,enum=BEGINS_WITH" jsonschema_description:"How the attribute is compared."`
	AttributeValueList []AttributeValue `json:"AttributeValueList,omitempty" jsonschema_description:"With what, in DynamoDB JSON."`
}

// AttributeValue is one value in DynamoDB JSON, such as {"N":"1.5"}, kept as the bytes that were given.
type AttributeValue = json.RawMessage

// Mode says how a table is read.
type Mode string

// The modes: a parallel Scan, or DynamoDB's own export to S3.
const (
	ModeScan   Mode = "SCAN"
	ModeExport Mode = "EXPORT"
)

// Format says how an item is written.
type Format string

// The formats, one record a line.
const (
	FormatDynamoDBJSON Format = "DYNAMODB_JSON"
	FormatION          Format = "ION"
	FormatJSON         Format = "JSON"
)

// Compression says how an object is compressed.
type Compression string

// The compressions.
const (
	CompressionGZIP Compression = "GZIP"
	CompressionZSTD Compression = "ZSTD"
	CompressionNone Compression = "NONE"
)

// Bounds and defaults that other packages use too.
const (
	MaxSegments     = 10_000    // a Distributed Map runs at most this many children at once
	MaxFileSize     = 5 << 30   // the largest object that one CopyObject call can copy
	DefaultFileSize = 128 << 20 // large enough for Athena and Spark, small enough to hand over in time

	maxTotalSegments = 1_000_000 // the Scan API's own
)
