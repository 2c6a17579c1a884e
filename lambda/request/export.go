package request

import (
	"regexp"
	"time"
)

// Export is what a request says of a native export. Where a field mirrors a parameter of ExportTableToPointInTime it has
// that parameter's meaning.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html
type Export struct {
	ExportType     ExportType `json:"exportType,omitempty" jsonschema:"enum=FULL,enum=INCREMENTAL" jsonschema_description:"FULL: the whole table as it was at exportTime. INCREMENTAL: what changed between from and to. Default: INCREMENTAL if from or to is given, else FULL."`
	ExportTime     string     `json:"exportTime,omitempty" jsonschema:"format=date-time" jsonschema_description:"Of a FULL export: the moment of the snapshot, RFC 3339 in whole seconds, within the table's recovery window. Default: now."`
	From           string     `json:"from,omitempty" jsonschema_description:"Of an INCREMENTAL export: where the window begins, inclusive, RFC 3339 in whole seconds. Or \"last\": where the last run of this table and prefix ended; the first run, and one that can no longer follow on the last, makes a FULL export and says why."`
	To             string     `json:"to,omitempty" jsonschema_description:"Of an INCREMENTAL export: where the window ends, exclusive, RFC 3339 in whole seconds; 15 minutes to 24 hours after from, or any time after \"last\". Default: the latest moment that can be exported, some 5 minutes ago."`
	ViewType       ViewType   `json:"viewType,omitempty" jsonschema:"enum=NEW_IMAGE,enum=NEW_AND_OLD_IMAGES,default=NEW_AND_OLD_IMAGES" jsonschema_description:"Of an INCREMENTAL export: whether an item is written as it is after the window only, or also as it was before."`
	Format         Format     `json:"format,omitempty" jsonschema:"enum=DYNAMODB_JSON,enum=ION,default=DYNAMODB_JSON" jsonschema_description:"How DynamoDB writes an item. Objects are always compressed with GZIP."`
	Filter         *Filter    `json:"filter,omitempty" jsonschema_description:"Which items and attributes to export: the API's FilterSpecification."`
	S3SseAlgorithm string     `json:"s3SseAlgorithm,omitempty" jsonschema:"enum=AES256,enum=KMS" jsonschema_description:"How the objects are encrypted. Default: KMS if a key is given, else the bucket's own encryption."`
	S3SseKMSKeyID  string     `json:"s3SseKmsKeyId,omitempty" jsonschema:"minLength=1,maxLength=2048,pattern=^[a-zA-Z0-9:/_-]+$" jsonschema_description:"The KMS key that encrypts the objects. Default: kmsKeyId."`
	S3BucketOwner  string     `json:"s3BucketOwner,omitempty" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"The account that owns the bucket; required if it is another account than the table's. Default: bucketOwner."`
	CheckInterval  *int64     `json:"checkIntervalSeconds,omitempty" jsonschema:"minimum=1,maximum=86400,default=30" jsonschema_description:"How many seconds to wait before each check whether the export is done."`
	MaxAttempts    *int64     `json:"maxAttempts,omitempty" jsonschema:"minimum=1,maximum=1000000,default=60" jsonschema_description:"After how many checks the run fails with ExportTimedOut. The export itself goes on; a redrive goes on following it."`
}

// Filter mirrors the API's FilterSpecification.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_FilterSpecification.html
type Filter struct {
	KeyConditionExpression    string                    `json:"KeyConditionExpression,omitempty" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"One partition key, and optionally a condition on the sort key, as in Query."`
	FilterExpression          string                    `json:"FilterExpression,omitempty" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"Which items to export, as in Scan."`
	ProjectionExpression      string                    `json:"ProjectionExpression,omitempty" jsonschema:"minLength=1,maxLength=4096" jsonschema_description:"Which attributes to export."`
	ExpressionAttributeNames  map[string]string         `json:"ExpressionAttributeNames,omitempty" jsonschema_description:"Substitutes for attribute names: {\"#s\": \"status\"}."`
	ExpressionAttributeValues map[string]AttributeValue `json:"ExpressionAttributeValues,omitempty" jsonschema_description:"Values of the expressions, in DynamoDB JSON: {\":s\": {\"S\": \"paid\"}}."`
}

// ExportType says whether an export holds a whole table or what changed in it.
type ExportType string

// The types of exports.
const (
	ExportFull        ExportType = "FULL"
	ExportIncremental ExportType = "INCREMENTAL"
)

// ViewType says which states of an item an incremental export holds.
type ViewType string

// The view types.
const (
	ViewNew       ViewType = "NEW_IMAGE"
	ViewNewAndOld ViewType = "NEW_AND_OLD_IMAGES"
)

// fromLast, as the beginning of a window, is the end of the last run of this table and prefix.
const fromLast = "last"

// The API's bounds of an incremental window, and the defaults of the wait.
const (
	MinWindow            = 15 * time.Minute
	MaxWindow            = 24 * time.Hour
	DefaultCheckInterval = 30 // seconds
	DefaultMaxAttempts   = 60
)

// InChain says that the export begins where the last run ended.
func (e Export) InChain() bool { return e.From == fromLast }

// Moment reads a time of a request, strictly in RFC 3339, from 1970 to 9999 in UTC: the years that a folder can have as its name. It returns
// the zero time for every other text, also for "" and "last".
func Moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !momentForm.MatchString(text) || at.Unix() < 0 || at.UTC().Year() > 9999 {
		return time.Time{}
	}
	return at.UTC()
}

// momentForm is stricter than package time, which accepts a comma, an hour of one digit, and a fraction of any length.
var momentForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)
