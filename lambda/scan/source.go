package scan

import (
	"context"
	"encoding/json"
	"errors"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Source says where the pages of a segment come from, and how their items are written.
type Source struct {
	Pages Pages
	// Throttles counts the throttled requests for pages so far.
	Throttles func() table.Throttles
	// Confirm asks once whether the source is still the plan's, and fails if it is not.
	Confirm func(context.Context) error
	Encoder encoder.Encoder
	// Compressor makes objects of records; nil for the compression of the plan.
	Compressor sink.Compressor
	// Tree learns from the records; nil if nothing is learned.
	Tree *Tree
	// Rest counts, by attribute, the items that have a value in the column _rest; nil if there is no such column.
	Rest func() map[string]int64
}

// ErrDamaged is the error of a page if the pages before it may be wrong too: a checksum covers all of them. The invocation then hands over nothing.
var ErrDamaged = errors.New("what was read before may be damaged too")

// Pages reads the pages of a segment.
type Pages interface {
	// Next reads the page that begins at a key, nil for the first one, and the key of the page after it.
	Next(ctx context.Context, exclusiveStartKey json.RawMessage, into *table.Page) error
}

// tableSource returns the source of a segment of a table.
func (step *Step) tableSource(_ context.Context, in run.ScanInput, _ *bucket.Bucket) (Source, error) {
	tables := step.Tables(in.Plan)
	reader, err := table.NewReader(tables, in.Plan, in.Segment)
	if err != nil {
		return Source{}, err
	}
	encoder, err := EncoderOf(*in.Plan.Scan)
	if err != nil {
		return Source{}, err
	}
	source := Source{
		Pages: reader, Throttles: reader.Throttles, Encoder: encoder,
		Confirm: func(ctx context.Context) error { return table.Confirm(ctx, tables, in.Plan, oneTry) },
	}
	if in.Plan.Learns() {
		source.Tree = new(Tree)
		source.Encoder = source.Tree.learning(encoder, in.Plan)
	}
	return source, nil
}

func oneTry(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
