package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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

// Page is one answer to Scan. It owns its memory, which every further use reuses.
type Page struct {
	// Limit is the most items that DynamoDB may evaluate for the page; 0 leaves the scan's own limit.
	Limit int32
	// Items holds the page's items after Parse, until the page is used again.
	Items ddbjson.Page
	// LastEvaluatedKey is where the next page starts, in DynamoDB JSON. It is nil at the end of the segment and only there: an
	// empty page can have one.
	LastEvaluatedKey json.RawMessage
	// Scanned counts the items that were read, before any filter.
	Scanned   int64
	ReadUnits float64
	// Bytes is the length of the answer.
	Bytes int64

	body []byte
	rest []byte // the answer without its items
	// unparsed says that Parse must still find the items in body. count is how many items the answer says that it has.
	unparsed bool
	count    int
	subject  string // what was scanned, for error messages
}

// Parse finds the page's items, unless that is done. It reads every byte of the page, so the caller does it while the next page is
// on its way. It fails with MalformedAnswer.
func (p *Page) Parse() error {
	if !p.unparsed {
		return nil
	}
	p.unparsed = false
	if err := p.Items.Parse(p.body); err != nil {
		return failure.Errorf(failure.MalformedAnswer, "dynamodb:Scan on %s: %w", p.subject, fault.Damage(err))
	}
	return p.counted()
}

// Hold makes a page of lines that another source than DynamoDB has. The page keeps the lines, and Hold returns the memory that the page had
// before. parsed is that of [ddbjson.Page.Lines], which also says how Hold fails.
func (p *Page) Hold(lines []byte, parsed bool) (spare []byte, err error) {
	spare, p.body, p.unparsed = p.body, lines, false
	return spare, p.Items.Lines(lines, parsed)
}

func (p *Page) counted() error {
	if n := p.Items.Len(); n != p.count {
		return failure.Errorf(failure.MalformedAnswer, "dynamodb:Scan on %s: the answer counts %d items and holds %d", p.subject, p.count, n)
	}
	return nil
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
	answer, err := r.scan(ctx, &input, p)
	if err != nil {
		return err
	}
	p.count, p.subject = int(answer.Count), r.subject
	if !p.unparsed {
		if err := p.counted(); err != nil {
			return err
		}
	}
	p.LastEvaluatedKey = nil
	if len(answer.LastEvaluatedKey) > 0 {
		if err := checkKey(answer.LastEvaluatedKey); err != nil {
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

// takeItems stands between the SDK's decoder and the network. It keeps the bytes of the answer's items and gives the decoder the
// same answer without them. The checksum is checked further down: it is correct, or absent, if the body could be read to its end.
type takeItems struct{ into *Page }

func (*takeItems) ID() string { return "TakeItems" }

func (t *takeItems) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || response.StatusCode != http.StatusOK {
		return out, metadata, nil // the SDK reads errors
	}
	if err := t.into.read(response); err != nil {
		if ctx.Err() != nil {
			return out, metadata, ctx.Err()
		}
		return out, metadata, fault.Damage(err)
	}
	return out, metadata, nil
}

// read reads the whole body of the answer, and leaves in its place the part that the SDK decodes.
func (p *Page) read(response *smithyhttp.Response) error {
	body := response.Body
	response.Body = http.NoBody // after a damaged answer, there is nothing left to read
	err := p.fill(body, response.ContentLength)
	_ = body.Close() // a fault of the answer, such as a wrong checksum, has shown in the read
	if err != nil {
		return err
	}
	p.Bytes = int64(len(p.body))
	if p.rest, p.unparsed = ddbjson.Frame(p.rest, p.body); !p.unparsed {
		// There is no next page, or its key is in another place. Then parsing delays no request, or cannot be avoided.
		if err := p.Items.Parse(p.body); err != nil {
			return err
		}
		p.rest = append(p.rest[:0], p.Items.Rest()...)
	}
	response.Body = io.NopCloser(bytes.NewReader(p.rest))
	response.ContentLength = int64(len(p.rest))
	return nil
}

// fill reads all of from into the page's buffer. The buffer grows to the size of the largest page and keeps it. The length is -1 if it is
// not known, as that of a compressed answer.
func (p *Page) fill(from io.Reader, length int64) error {
	const slack = 512 // room for the read that finds the end
	p.body = p.body[:0]
	if need := int(max(length, 0)) + slack; cap(p.body) < need {
		p.body = make([]byte, 0, need+need/8)
	}
	for {
		if len(p.body) == cap(p.body) {
			p.body = slices.Grow(p.body, slack) // by a quarter, to keep little unused memory
		}
		n, err := from.Read(p.body[len(p.body):cap(p.body)])
		p.body = p.body[:len(p.body)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
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
