package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Page is one answer to Scan. It owns its memory, which every further use reuses.
type Page struct {
	// Limit is the most items that DynamoDB may evaluate for the page; 0 leaves the scan's own limit.
	Limit int32
	// Lost counts the tries for the page that DynamoDB may have carried out although no answer came. Before a try that follows one of them, Next
	// calls Again, and fails if Again does. Again may be nil.
	Lost  int
	Again func(context.Context) error
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

// SetLines makes a page of lines that another source than DynamoDB has. The page keeps the lines, and SetLines returns the memory that the page had
// before. parsed is that of [ddbjson.Page.Lines], which also says how SetLines fails.
func (p *Page) SetLines(lines []byte, parsed bool) (spare []byte, err error) {
	spare, p.body, p.unparsed = p.body, lines, false
	return spare, p.Items.Lines(lines, parsed)
}

func (p *Page) counted() error {
	if n := p.Items.Len(); n != p.count {
		return failure.Errorf(failure.MalformedAnswer, "dynamodb:Scan on %s: the answer counts %d items and holds %d", p.subject, p.count, n)
	}
	return nil
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
