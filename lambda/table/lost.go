package table

import (
	"context"
	"net/http/httptrace"

	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/smithy-go/middleware"
)

// countLost stands inside the SDK's retry loop. It counts the tries for which DynamoDB may have consumed read units although no answer came, and asks
// before the tries that follow.
type countLost struct{ into *Page }

func (*countLost) ID() string { return "CountLost" }

func (c *countLost) HandleFinalize(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	if p := c.into; p.Lost > 0 && p.Again != nil {
		if err := p.Again(ctx); err != nil {
			return out, metadata, err
		}
	}
	connected := false
	out, metadata, err = next.HandleFinalize(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	}), in)
	if refused := fault.Status(err)/100 == 4; err != nil && connected && !refused {
		c.into.Lost++
	}
	return out, metadata, err
}
