package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Reader reads the pages of one segment.
type Reader struct {
	client  *dynamodb.Client
	input   dynamodb.ScanInput
	table   string
	subject string // what is scanned, for error messages

	throttles Throttles
}

// NewReader returns a reader of one segment of the plan's scan. It fails with InvalidRequest if the SDK cannot send the scan's
// values.
func NewReader(client *dynamodb.Client, plan run.Plan, segment int) (*Reader, error) {
	input, err := scanInput(plan, segment)
	if err != nil {
		return nil, failure.Errorf(failure.InvalidRequest, "invalid request: scan: %w", err)
	}
	return &Reader{client: client, input: input, table: plan.Table, subject: what(plan.Table, plan.Scan.Request.IndexName)}, nil
}

// Next reads into p the page that follows exclusiveStartKey, or the segment's first page for nil. Its items are there after
// [Page.Parse].
//
// The SDK does everything except the items: signing, retries, the checksum of the whole answer, errors, the key and the capacity.
// The items stay the bytes that the service sent. Next fails with TableNotFound, AccessDenied, ScanRefused, Throttled or
// MalformedAnswer; p must not be used then.
func (r *Reader) Next(ctx context.Context, exclusiveStartKey json.RawMessage, p *Page) error {
	input := r.input
	if len(exclusiveStartKey) > 0 {
		key, err := attributevalue.UnmarshalMapJSON(exclusiveStartKey)
		if err != nil {
			return failure.Errorf(failure.Internal, "read the checkpoint's ExclusiveStartKey: %w", err)
		}
		input.ExclusiveStartKey = key
	}
	if p.Limit > 0 && (input.Limit == nil || p.Limit < *input.Limit) {
		input.Limit = &p.Limit
	}
	p.Lost = 0
	answer, err := r.scan(ctx, &input, p)
	if err != nil {
		return err
	}
	if err := r.keep(answer, p); err != nil {
		p.Lost++
		return err
	}
	return nil
}

// keep keeps an answer in p, apart from its items.
func (r *Reader) keep(answer *dynamodb.ScanOutput, p *Page) error {
	p.count, p.subject = int(answer.Count), r.subject
	if !p.unparsed {
		if err := p.counted(); err != nil {
			return err
		}
	}
	p.LastEvaluatedKey = nil
	if len(answer.LastEvaluatedKey) > 0 {
		err := checkKey(answer.LastEvaluatedKey)
		if err != nil {
			return failure.Errorf(failure.MalformedAnswer, "dynamodb:Scan on %s: %w", r.subject, err)
		}
		if p.LastEvaluatedKey, err = attributevalue.MarshalMapJSON(answer.LastEvaluatedKey); err != nil {
			return failure.Errorf(failure.Internal, "keep the page's LastEvaluatedKey: %w", err)
		}
	}
	p.Scanned, p.ReadUnits = int64(answer.ScannedCount), 0
	if answer.ConsumedCapacity != nil {
		p.ReadUnits = aws.ToFloat64(answer.ConsumedCapacity.CapacityUnits)
	}
	return nil
}

// checkKey fails if the key for the next page is not a possible key: it goes into a checkpoint and back to DynamoDB.
func checkKey(key map[string]types.AttributeValue) error {
	for _, value := range key {
		switch value.(type) {
		case *types.AttributeValueMemberS, *types.AttributeValueMemberN, *types.AttributeValueMemberB:
		default:
			return errors.New("LastEvaluatedKey has a value that is not an S, N or B")
		}
	}
	return nil
}

// scan requests one page. The SDK tries a few times. A caller that wants to wait for a throttled table must ask again.
func (r *Reader) scan(ctx context.Context, input *dynamodb.ScanInput, p *Page) (*dynamodb.ScanOutput, error) {
	answer, err := r.client.Scan(ctx, input, dynamodb.WithAPIOptions(func(stack *middleware.Stack) error {
		return errors.Join(
			stack.Finalize.Insert(&countThrottles{into: &r.throttles}, "Retry", middleware.After),
			stack.Finalize.Insert(&countLost{into: p}, "Retry", middleware.After),
			stack.Deserialize.Insert(&takeItems{into: p}, "OperationDeserializer", middleware.After),
		)
	}))
	if refusal := r.refusal(err); refusal != nil {
		return nil, failure.Errorf(failure.ScanRefused, "scan %s: %w", r.subject, refusal)
	}
	if err != nil {
		return nil, Named(err, "dynamodb:Scan", r.table, r.client.Options().Region)
	}
	return answer, nil
}

// scanInput translates the plan's scan for the SDK.
func scanInput(plan run.Plan, segment int) (dynamodb.ScanInput, error) {
	scan, total := plan.Scan.Request, plan.Scan.TotalSegments
	input := dynamodb.ScanInput{
		TableName:                &plan.Table,
		IndexName:                optional(scan.IndexName),
		FilterExpression:         optional(scan.FilterExpression),
		ProjectionExpression:     optional(scan.ProjectionExpression),
		ExpressionAttributeNames: scan.ExpressionAttributeNames,
		ConsistentRead:           scan.ConsistentRead,
		Select:                   types.Select(scan.Select),
		AttributesToGet:          scan.AttributesToGet,
		ConditionalOperator:      types.ConditionalOperator(scan.ConditionalOperator),
		ReturnConsumedCapacity:   types.ReturnConsumedCapacityTotal,
	}
	if scan.Limit != nil {
		input.Limit = aws.Int32(int32(*scan.Limit)) //nolint:gosec // request.Parse holds it below 1<<31
	}
	if total > 1 {
		input.TotalSegments = aws.Int32(int32(total)) //nolint:gosec // at most 1,000,000
		input.Segment = aws.Int32(int32(segment))     //nolint:gosec // less than TotalSegments
	}
	var err error
	if len(scan.ExpressionAttributeValues) > 0 {
		input.ExpressionAttributeValues = make(map[string]types.AttributeValue, len(scan.ExpressionAttributeValues))
		for name, value := range scan.ExpressionAttributeValues {
			if input.ExpressionAttributeValues[name], err = attributevalue.UnmarshalJSON(value); err != nil {
				return input, fmt.Errorf("ExpressionAttributeValues.%s: %w", name, err)
			}
		}
	}
	if len(scan.ScanFilter) > 0 {
		input.ScanFilter = make(map[string]types.Condition, len(scan.ScanFilter))
		for name, condition := range scan.ScanFilter {
			values := make([]types.AttributeValue, len(condition.AttributeValueList))
			for i, value := range condition.AttributeValueList {
				if values[i], err = attributevalue.UnmarshalJSON(value); err != nil {
					return input, fmt.Errorf("ScanFilter.%s: %w", name, err)
				}
			}
			input.ScanFilter[name] = types.Condition{
				ComparisonOperator: types.ComparisonOperator(condition.ComparisonOperator), AttributeValueList: values,
			}
		}
	}
	return input, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
