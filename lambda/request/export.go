package request

import (
	"time"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// Export is the part of a request that a native export has. A field that is a parameter of ExportTableToPointInTime has the meaning of that
// parameter.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html
type Export struct {
	// FULL: the whole table as it was at exportTime. INCREMENTAL: what changed between from and to. Default: INCREMENTAL if from or to is
	// given, otherwise FULL.
	ExportType ExportType `json:"exportType,omitempty"`
	// Only for FULL. The time of the snapshot, within the recovery window of the table's point-in-time recovery: not in the future, with at most
	// milliseconds. Default: now.
	ExportTime string `json:"exportTime,omitempty"`
	// Only for INCREMENTAL. Where the window begins (inclusive), with at most milliseconds. With "last" it begins where the last run with the same table,
	// prefix, filter, format, view type, encryption and bucket owner ended. If there is no such run, or if the run cannot continue from it, the
	// run makes a FULL export, and its result says why.
	From string `json:"from,omitempty"`
	// Only for INCREMENTAL. Where the window ends (exclusive), with at most milliseconds: 15 minutes to 24 hours after from, or any time after
	// "last". Default: the latest restorable time, about 5 minutes ago. A later time is for DynamoDB to accept, except after "last".
	To string `json:"to,omitempty"`
	// Only for INCREMENTAL. NEW_IMAGE: each changed item as it was at the end of the window. NEW_AND_OLD_IMAGES: also as it was at the
	// beginning of the window.
	ViewType ViewType `json:"viewType,omitempty"`
	// How DynamoDB writes an item. DynamoDB always compresses the objects with GZIP.
	Format Format `json:"format,omitempty"`
	// Which items and attributes to export: the API's FilterSpecification. In an INCREMENTAL export, DynamoDB applies it to the latest state of
	// each changed item. An item that no longer fits the filter is then not in the window.
	Filter *Filter `json:"filter,omitempty"`
	// How the objects are encrypted. Default: KMS if a key is given, otherwise the bucket's own encryption.
	S3SseAlgorithm string `json:"s3SseAlgorithm,omitempty"`
	// The KMS key that encrypts the objects. Default: kmsKeyId.
	S3SseKMSKeyID string `json:"s3SseKmsKeyId,omitempty"`
	// The account that owns the bucket. It is required if the table belongs to another account. Default: bucketOwner.
	S3BucketOwner string `json:"s3BucketOwner,omitempty"`
	// The seconds between two checks whether the export is complete.
	CheckInterval *int64 `json:"checkIntervalSeconds,omitempty"`
	// The number of checks after which the run fails with ExportTimedOut. DynamoDB continues the export, and a redrive checks the same export
	// again.
	MaxAttempts *int64 `json:"maxAttempts,omitempty"`
}

// Filter is the API's FilterSpecification.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_FilterSpecification.html
type Filter struct {
	// One partition key, and optionally a condition on the sort key, as in Query.
	KeyConditionExpression string `json:"KeyConditionExpression,omitempty"`
	// Which items to export, as in Scan.
	FilterExpression string `json:"FilterExpression,omitempty"`
	// Which attributes to export.
	ProjectionExpression string `json:"ProjectionExpression,omitempty"`
	// Placeholders for names of attributes: {"#s": "status"}.
	ExpressionAttributeNames map[string]string `json:"ExpressionAttributeNames,omitempty"`
	// Values for the expressions, in DynamoDB JSON: {":s": {"S": "paid"}}.
	ExpressionAttributeValues map[string]AttributeValue `json:"ExpressionAttributeValues,omitempty"`
}

// ExportType is whether an export has the whole table or only its changes.
type ExportType string

// The types of exports.
const (
	ExportFull        ExportType = "FULL"
	ExportIncremental ExportType = "INCREMENTAL"
)

// ViewType is which states of an item an incremental export has.
type ViewType string

// The view types.
const (
	viewNew       ViewType = "NEW_IMAGE"
	ViewNewAndOld ViewType = "NEW_AND_OLD_IMAGES"
)

// fromLast, as the beginning of a window, is the end of the last run of this table and prefix.
const fromLast = "last"

// The API's bounds of an incremental window, and the defaults of the wait.
const (
	MinWindow            = 15 * time.Minute
	MaxWindow            = 24 * time.Hour
	defaultCheckInterval = 30 // seconds
	defaultMaxAttempts   = 60
)

// InChain says that the export begins where the last run ended.
func (e Export) InChain() bool { return e.From == fromLast }

// Moment reads a time of a request, strictly in RFC 3339, from 1970 to 9999 in UTC: the years that a folder can have as its name. It returns
// the zero time for every other text, also for "" and "last".
func Moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !momentForm().MatchString(text) || at.Unix() < 0 || at.UTC().Year() > 9999 {
		return time.Time{}
	}
	return at.UTC()
}

// momentForm is stricter than package time, which accepts a comma, an hour of one digit, and a fraction of any length.
var momentForm = lazyregexp.New(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)
