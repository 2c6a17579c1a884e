package request

import "encoding/json"

// Request is the input of the state machine. Optional numbers and booleans are pointers: nil means that the field is not given, which is
// not the same as zero.
//
// The comments of the fields are the documentation in docs/request.md and docs/request.schema.json; the rules have the bounds. A string
// may be empty only if its field has the tag empty.
type Request struct {
	// The table to replicate: its name, or its ARN. Give the ARN if the table is in another region or account. A scan can read a table in
	// another region; the data transfer between the regions costs extra.
	Table string `json:"table"`
	// The bucket to write to. Default: the deployment's bucket.
	Bucket string `json:"bucket,omitempty"`
	// Where in the bucket the run writes: below <prefix>/AWSDynamoDB/<runId>/. The prefix can contain {table} {date} {year} {month} {day}
	// {hour} {runId}. Dates are in UTC. They come from scheduledTime, otherwise from the start of the execution. Default: the deployment's
	// prefix, otherwise the root of the bucket.
	Prefix string `json:"prefix,omitempty" empty:"allowed"`
	// How the table is read. SCAN: Lambda functions scan it in parallel. EXPORT: DynamoDB exports it to S3, and the run waits for the
	// export. Default: EXPORT if export is given, otherwise SCAN.
	Mode Mode `json:"mode,omitempty"`
	// Parameters of DynamoDB's Scan API, with the names and the meaning that they have there.
	Scan *Scan `json:"scan,omitempty"`
	// The number of segments into which the scan is split. Default: one for each GiB of the table or index, at least 1 and at most 10,000.
	// Not together with scan.TotalSegments, which sets the same number.
	Segments *int64 `json:"segments,omitempty"`
	// The number of segments that are scanned at the same time. Default: one for each 1,000 read units per second that the table can give (its
	// provisioned capacity, on-demand maximum or warm throughput), at least 1 and at most 100. If none of these is known, the default is 10.
	// With a pace, the default is one for each 250 read units per second of the pace. A run in PARQUET converts as many segments at the same time,
	// and 100 if the number is not given. In mode EXPORT, it is allowed only with PARQUET.
	Concurrency *int64 `json:"concurrency,omitempty"`
	// The pace: how many read units per second all segments of the run can consume together. Default: no limit. Not together with
	// readPercent.
	ReadUnits *float64 `json:"readUnitsPerSecond,omitempty"`
	// The pace as a percentage of what the table or index can give when the run is planned: its provisioned read capacity, otherwise its
	// on-demand maximum, otherwise its warm throughput. The run fails if none of them is known.
	ReadPercent *float64 `json:"readPercent,omitempty"`
	// Only explain the run: the execution ends after the plan, with an estimate of its read units, its minutes and its dollars, and of its
	// alternatives. It reads a few pages of the table, writes nothing, and claims no name.
	Explain *bool `json:"explain,omitempty"`
	// The most read units that the run can consume. A run that is estimated above it does not begin. A scan that reaches it stops, and a redrive
	// with a higher limit continues it. A scan can pass it by one page for each segment that is read at that time. Default: no limit.
	MaxReadUnits *float64 `json:"maxReadUnits,omitempty"`
	// The most US dollars that the run can cost, by the prices of the deployment. A run that is estimated above it does not begin. A scan that
	// reaches it stops, like with maxReadUnits. Default: no limit.
	MaxDollars *float64 `json:"maxDollars,omitempty"`
	// The size of an object in bytes, after compression. A function closes an object when an item brings it to this size.
	FileSize *int64 `json:"fileSizeBytes,omitempty"`
	// How an item is written; each item is one line. DYNAMODB_JSON: as native exports write it, {"Item":{…}} with the type of each
	// attribute, byte for byte what DynamoDB sent. ION: Amazon Ion text, as native exports write it and imports read it; numbers are
	// decimals. JSON: plain JSON; numbers keep all their digits, sets become arrays, and binary becomes base64. PARQUET: typed columns, whose
	// types fit all items of the table; what does not fit a column goes to the column _rest. In mode EXPORT, only PARQUET is allowed, for a FULL
	// export: DynamoDB exports the table, and the run converts the export.
	Format Format `json:"format,omitempty"`
	// Only for the format PARQUET. The names and the types of columns, by attribute. An attribute that is not listed gets the name and the type
	// that fit most of its values.
	Columns map[string]Column `json:"columns,omitempty"`
	// Only for the format PARQUET. How numbers with a fraction are stored. EXACT: as decimals of 18 digits if all
	// numbers of the column fit, and of 38 digits otherwise. DOUBLE: as doubles, which are rounded to about 16 digits.
	Numbers Numbers `json:"numbers,omitempty"`
	// Only for the format PARQUET. Keep the files below _staging/, from which the Parquet files were made: the items in DynamoDB JSON, with manifests
	// of their own. By default, they are removed after the commit.
	KeepStaging *bool `json:"keepStaging,omitempty"`
	// Only for SCAN. A jq expression that makes records from an item. Its input is the item in plain JSON. Each of its outputs must be an
	// object and becomes one record: a line of plain JSON, or a row with the format PARQUET. Examples: {id, total}, or
	// select(.status == "paid") | .lines[]. A number keeps all its digits if the expression only moves it. Not together with encoder, or with the
	// formats DYNAMODB_JSON and ION.
	Transform string `json:"transform,omitempty"`
	// Only for SCAN. The name of your own encoder, which makes records from items and is built into the functions (docs/transform.md). Not
	// together with transform or format.
	Encoder string `json:"encoder,omitempty"`
	// How objects are compressed. SNAPPY is only for the format PARQUET. Default: GZIP, and ZSTD for the format PARQUET.
	Compression Compression `json:"compression,omitempty"`
	// Only for SCAN. The role that reads the table, for a table of another account. The environment must list it in sourceRoles. Default:
	// the functions' own roles.
	SourceRoleARN string `json:"sourceRoleArn,omitempty"`
	// Only for SCAN. The role that writes the objects, for a bucket of another account. The environment must list it in destinationRoles.
	// Default: the functions' own roles.
	DestinationRoleARN string `json:"destinationRoleArn,omitempty"`
	// The account that must own the bucket. Every call to S3 names it as the expected owner, and S3 refuses the call if another account owns
	// the bucket.
	BucketOwner string `json:"bucketOwner,omitempty"`
	// The KMS key that encrypts every object of the run: its id, ARN or alias. Default: the bucket's own encryption.
	KMSKeyID string `json:"kmsKeyId,omitempty"`
	// The tables of the catalog that show the run, or false for none. Default, if the environment has a catalog: the tables with the DynamoDB
	// table's name, for a run of the whole table: without an index, a filter, a projection, a segment, a transform or an encoder.
	Catalog *Catalog `json:"catalog,omitempty"`
	// A native export, which is DynamoDB's ExportTableToPointInTime.
	Export *Export `json:"export,omitempty"`
	// The time for which a schedule starts the run. The placeholders of prefix for dates use it. Schedules set this field.
	Scheduled string `json:"scheduledTime,omitempty"`
	// The name of the schedule that starts the run. The name of the run is then <schedule>-<time>, with the time from scheduledTime. So if a
	// schedule's start is delivered twice, there is only one run. Schedules set this field.
	Schedule string `json:"schedule,omitempty"`
}

// Scan has the parameters of DynamoDB's Scan API that a run can set, with the API's names.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
type Scan struct {
	// The global or local secondary index to scan instead of the table. If the index is deleted during the run, or created again with
	// another definition, the run fails.
	IndexName string `json:"IndexName,omitempty"`
	// Which items to keep. DynamoDB filters an item after it has read it, so a filter saves no read units.
	FilterExpression string `json:"FilterExpression,omitempty"`
	// Which attributes to keep.
	ProjectionExpression string `json:"ProjectionExpression,omitempty"`
	// Placeholders for names of attributes: {"#s": "status"}.
	ExpressionAttributeNames map[string]string `json:"ExpressionAttributeNames,omitempty"`
	// Values for the expressions, in DynamoDB JSON: {":s": {"S": "paid"}}.
	ExpressionAttributeValues map[string]AttributeValue `json:"ExpressionAttributeValues,omitempty"`
	// Strongly consistent reads, which cost twice the read units. They do not make the scan a snapshot. A global secondary index does not
	// support them.
	ConsistentRead *bool `json:"ConsistentRead,omitempty"`
	// Which attributes to return. COUNT is not allowed, because it returns no items.
	Select string `json:"Select,omitempty"`
	// The most items that one page reads. It limits a page, not the run.
	Limit *int64 `json:"Limit,omitempty"`
	// The number of segments. Without Segment it means the same as the request's field segments, and is at most 10,000. With Segment the run
	// scans only that one of these segments, so several executions can divide a table between them.
	TotalSegments *int64 `json:"TotalSegments,omitempty"`
	// The one segment to scan, counted from 0. It must be less than TotalSegments.
	Segment *int64 `json:"Segment,omitempty"`
	// Legacy: use ProjectionExpression.
	AttributesToGet []string `json:"AttributesToGet,omitempty"`
	// Legacy: use FilterExpression.
	ScanFilter map[string]Condition `json:"ScanFilter,omitempty"`
	// Legacy: use FilterExpression.
	ConditionalOperator string `json:"ConditionalOperator,omitempty"`
}

// Condition is one entry of the legacy ScanFilter.
type Condition struct {
	// How the attribute is compared.
	ComparisonOperator string `json:"ComparisonOperator"`
	// The values to compare with, in DynamoDB JSON.
	AttributeValueList []AttributeValue `json:"AttributeValueList,omitempty"`
}

// AttributeValue is one value in DynamoDB JSON, such as {"N":"1.5"}.
type AttributeValue = json.RawMessage

// Mode is how a table is read.
type Mode string

// The modes: a parallel scan, or DynamoDB's own export to S3.
const (
	ModeScan   Mode = "SCAN"
	ModeExport Mode = "EXPORT"
)

// Column says how an attribute is stored in the format PARQUET.
type Column struct {
	// The name of the column. Default: the name of the attribute.
	Name string `json:"name,omitempty"`
	// The type of the column, as Athena and Hive write it: string, binary, boolean, bigint, double, decimal(18,2), decimal(38,2), array<…>,
	// map<string,…>, struct<name:type,…>, or json for a string of DynamoDB JSON. A value that does not fit it goes to the column _rest. Default: the type that fits
	// most values.
	Type string `json:"type,omitempty"`
}

// Numbers is how the format PARQUET stores numbers with a fraction.
type Numbers string

// The ways to store numbers.
const (
	NumbersExact  Numbers = "EXACT"
	NumbersDouble Numbers = "DOUBLE"
)

// Format is how an item is written.
type Format string

// The formats. Each record is one line, or one row with PARQUET.
const (
	FormatDynamoDBJSON Format = "DYNAMODB_JSON"
	FormatION          Format = "ION"
	FormatJSON         Format = "JSON"
	FormatParquet      Format = "PARQUET"
)

// Compression is how an object is compressed.
type Compression string

// The compressions.
const (
	CompressionGZIP   Compression = "GZIP"
	CompressionZSTD   Compression = "ZSTD"
	CompressionSnappy Compression = "SNAPPY"
	CompressionNone   Compression = "NONE"
)

// Bounds and defaults that other packages use too.
const (
	MaxSegments     = 10_000    // a Distributed Map runs at most this many children at once
	MaxFileSize     = 5 << 30   // the largest object that one CopyObject call can copy
	DefaultFileSize = 128 << 20 // large enough for Athena and Spark, small enough to hand over in time

	maxTotalSegments = 1_000_000 // the Scan API's own
)
