package scan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/transform"
)

// EncoderOf returns the encoder that makes records of the run's items.
func EncoderOf(plan run.ScanPlan) (encoder.Encoder, error) {
	switch {
	case plan.Transform != "":
		compiled, err := transform.Compile(plan.Transform)
		if err != nil {
			return nil, failure.Errorf(failure.InvalidRequest, "invalid request: transform: %w", err)
		}
		return compiled, nil
	case plan.Encoder != nil:
		format, known := encoder.Lookup(plan.Encoder.Name)
		if !known {
			return nil, failure.Errorf(failure.InvalidRequest,
				"the run began with the encoder %q, which is not built into the function scan: deploy functions that have it", plan.Encoder.Name)
		}
		encoder, err := format.New()
		if err != nil {
			return nil, failure.Errorf(failure.ItemNotEncodable, "start the encoder %q: %w", plan.Encoder.Name, err)
		}
		return encoder, nil
	case plan.Format == request.FormatDynamoDBJSON:
		return oneToOne{ddbjson.DynamoDBJSON{}}, nil
	case plan.Format == request.FormatION:
		return oneToOne{ddbjson.Ion{}}, nil
	case plan.Format == request.FormatJSON:
		return oneToOne{ddbjson.JSON{}}, nil
	default:
		return nil, failure.Errorf(failure.InvalidRequest, "invalid request: format: %q is not available in this version", plan.Format)
	}
}

// oneToOne makes one record from each item.
type oneToOne struct{ ddbjson.Encoder }

func (e oneToOne) Append(_ context.Context, dst, item []byte) ([]byte, int, error) {
	dst, err := e.Encoder.Append(dst, item)
	return dst, 1, err
}

var (
	errUncounted = errors.New("the encoder returned records without bytes, or bytes without a record")
	errSlow      = errors.New("the invocation's time ran out before the page was written: raise the function's timeout, make pages smaller with scan.Limit, or make the transform or the encoder faster")
)

// encode appends the records of one item to dst.
func (s *segment) encode(ctx context.Context, dst, item []byte) ([]byte, int, error) {
	before := len(dst)
	out, records, err := s.Encoder.Append(ctx, dst, item)
	if err == nil && (records < 0 || (records == 0) != (len(out) == before)) {
		err = errUncounted
	}
	return out, records, err
}

// unencodable says which item has no records: by its place and the names of its key attributes. It shows no value, because the content
// is the user's. working is the context that the encoder had.
func (s *segment) unencodable(ctx, working context.Context, err error, before run.Totals, index int) error {
	place := fmt.Sprintf("item %d of page %d of invocation %d", index, before.Pages, s.from.Invocation)
	if len(s.plan.Scan.KeyNames) > 0 {
		place += " (its key: " + strings.Join(s.plan.Scan.KeyNames, ", ") + ")"
	}
	_, failed := errors.AsType[*transform.Error](err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // the invocation itself ended
	case failed:
		return failure.Errorf(failure.TransformFailed, "%s: %w", place, err)
	case working.Err() != nil && errors.Is(err, working.Err()):
		return failure.Errorf(failure.NoProgress, "%s: %w", place, errSlow)
	default:
		return failure.Errorf(failure.ItemNotEncodable, "%s cannot be written as %s: %w", place, s.plan.Scan.OutputFormat(), err)
	}
}
