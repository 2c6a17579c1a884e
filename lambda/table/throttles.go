package table

import (
	"context"
	"errors"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Throttles counts the tries that DynamoDB refused for lack of capacity.
type Throttles struct {
	Tries int64
	// Reasons counts them by DynamoDB's reasons. One try can have several.
	Reasons map[string]int64
}

// Throttles returns what the reader has met so far, including the tries that the SDK repeated. It must not be called while Next
// runs.
func (r *Reader) Throttles() Throttles {
	return Throttles{Tries: r.throttles.Tries, Reasons: maps.Clone(r.throttles.Reasons)}
}

func (t *Throttles) add(reasons []string) {
	t.Tries++
	if t.Reasons == nil {
		t.Reasons = map[string]int64{}
	}
	for _, reason := range reasons {
		t.Reasons[reason]++
	}
}

// countThrottles stands inside the SDK's retry loop and sees every single try. Outside the loop, a refused try does not show if a
// later try succeeds.
type countThrottles struct{ into *Throttles }

func (*countThrottles) ID() string { return "CountThrottles" }

func (c *countThrottles) HandleFinalize(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleFinalize(ctx, in)
	if api, ok := errors.AsType[smithy.APIError](err); ok && fault.Throttles(api.ErrorCode()) {
		c.into.add(reasons(api))
	}
	return out, metadata, err
}

// reasons returns why a try was refused, each reason once. If DynamoDB gives no reason, it returns the error's code.
func reasons(err smithy.APIError) []string {
	var given []types.ThrottlingReason
	switch err := err.(type) {
	case *types.ProvisionedThroughputExceededException:
		given = err.ThrottlingReasons
	case *types.RequestLimitExceeded:
		given = err.ThrottlingReasons
	case *types.ThrottlingException:
		given = err.ThrottlingReasons
	}
	var names []string
	for _, reason := range given {
		if reason.Reason != nil && !slices.Contains(names, *reason.Reason) {
			names = append(names, *reason.Reason)
		}
	}
	if names == nil {
		return []string{err.ErrorCode()}
	}
	return names
}
