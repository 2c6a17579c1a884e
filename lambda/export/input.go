package export

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// input returns the request for DynamoDB. It fails if the SDK cannot send the filter's values.
func input(tableARN string, spec ledger.ExportSpec, token string) (*dynamodb.ExportTableToPointInTimeInput, error) {
	in := &dynamodb.ExportTableToPointInTimeInput{
		TableArn: &tableARN, S3Bucket: &spec.S3Bucket, S3Prefix: optional(spec.S3Prefix), S3BucketOwner: optional(spec.S3BucketOwner),
		S3SseAlgorithm: types.S3SseAlgorithm(spec.S3SseAlgorithm), S3SseKmsKeyId: optional(spec.S3SseKMSKeyID),
		ExportFormat: types.ExportFormat(spec.Format), ExportType: types.ExportTypeFullExport, ExportTime: spec.ExportTime, ClientToken: &token,
	}
	if spec.ExportType == request.ExportIncremental {
		in.ExportType = types.ExportTypeIncrementalExport
		in.IncrementalExportSpecification = &types.IncrementalExportSpecification{
			ExportFromTime: spec.From, ExportToTime: spec.To, ExportViewType: types.ExportViewType(spec.ViewType),
		}
	}
	filter, err := filterSpecification(spec.Filter)
	in.FilterSpecification = filter
	return in, err
}

func filterSpecification(filter *request.Filter) (*types.FilterSpecification, error) {
	if filter == nil {
		return nil, nil
	}
	specification := &types.FilterSpecification{
		KeyConditionExpression: optional(filter.KeyConditionExpression), FilterExpression: optional(filter.FilterExpression),
		ProjectionExpression: optional(filter.ProjectionExpression), ExpressionAttributeNames: filter.ExpressionAttributeNames,
	}
	for name, value := range filter.ExpressionAttributeValues {
		decoded, err := attributevalue.UnmarshalJSON(value)
		if err != nil {
			return nil, fmt.Errorf("ExpressionAttributeValues %s: %w", name, err)
		}
		if specification.ExpressionAttributeValues == nil {
			specification.ExpressionAttributeValues = map[string]types.AttributeValue{}
		}
		specification.ExpressionAttributeValues[name] = decoded
	}
	return specification, nil
}

// identical reports whether an export gives what the run would get from an export of its own with these parameters.
func identical(spec ledger.ExportSpec, d types.ExportDescription, plan run.Plan) bool {
	format, exportType, encryption := d.ExportFormat, d.ExportType, d.S3SseAlgorithm
	if format == "" {
		format = types.ExportFormatDynamodbJson
	}
	if encryption == types.S3SseAlgorithmAes256 && spec.S3SseAlgorithm == "" {
		encryption = "" // DynamoDB describes the default as AES256
	}
	incremental := exportType == types.ExportTypeIncrementalExport
	return aws.ToString(d.S3Bucket) == spec.S3Bucket && strings.TrimSuffix(aws.ToString(d.S3Prefix), "/") == spec.S3Prefix &&
		format == types.ExportFormat(spec.Format) && incremental == (spec.ExportType == request.ExportIncremental) &&
		(d.TableId == nil || *d.TableId == plan.TableID) &&
		(spec.S3BucketOwner == "" || aws.ToString(d.S3BucketOwner) == spec.S3BucketOwner) &&
		string(encryption) == spec.S3SseAlgorithm && aws.ToString(d.S3SseKmsKeyId) == spec.S3SseKMSKeyID &&
		sameTimes(spec, d, plan.StartTime) && sameFilter(spec.Filter, d.FilterSpecification)
}

// sameTimes compares the times of an export. If the run asks for now, the export's moment must not be before the start of the execution
// that began the run. So every item that was written before the start is in it. A redrive and a takeover continue the same
// run, so they do not ask for a later moment.
func sameTimes(spec ledger.ExportSpec, d types.ExportDescription, started time.Time) bool {
	at := func(t *time.Time) int64 { return aws.ToTime(t).UnixMilli() }
	switch {
	case spec.ExportType == request.ExportIncremental:
		window := d.IncrementalExportSpecification
		return window != nil && at(window.ExportFromTime) == at(spec.From) && at(window.ExportToTime) == at(spec.To) &&
			(window.ExportViewType == types.ExportViewType(spec.ViewType) || window.ExportViewType == "" && spec.ViewType == request.ViewNewAndOld)
	case spec.ExportTime == nil:
		return !aws.ToTime(d.ExportTime).Before(started)
	default:
		return at(d.ExportTime) == at(spec.ExportTime)
	}
}

func sameFilter(filter *request.Filter, other *types.FilterSpecification) bool {
	own, err := filterSpecification(filter)
	if err != nil {
		return false
	}
	if own == nil || other == nil {
		return own == nil && other == nil
	}
	return aws.ToString(own.KeyConditionExpression) == aws.ToString(other.KeyConditionExpression) &&
		aws.ToString(own.FilterExpression) == aws.ToString(other.FilterExpression) &&
		aws.ToString(own.ProjectionExpression) == aws.ToString(other.ProjectionExpression) &&
		maps.Equal(own.ExpressionAttributeNames, other.ExpressionAttributeNames) &&
		maps.EqualFunc(own.ExpressionAttributeValues, other.ExpressionAttributeValues,
			func(a, b types.AttributeValue) bool { return reflect.DeepEqual(a, b) })
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
