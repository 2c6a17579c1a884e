// Package awsjson speaks AWS JSON as a server does. That is the protocol of Glue, of Step Functions and of CloudWatch Logs. The package reads
// inputs into the SDK's types and writes the SDK's outputs, so that an emulation has the shapes of the service's model. It imports the SDK
// and the standard library only.
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
package awsjson

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// A Protocol is AWS JSON as one service speaks it.
type Protocol struct {
	// Target is the beginning of the X-Amz-Target header, such as "AWSGlue."; the name of the operation follows.
	Target      string
	ContentType string
	// Lower says that members begin with a lower-case letter, such as executionArn. Otherwise they have the names of the SDK's fields.
	Lower bool
	// Unsupported are the members of inputs that the server does not act on. It refuses them, because an answer that ignores them would be
	// wrong.
	Unsupported map[string]bool
	// Invalid returns the service's error for an input that is not of the model.
	Invalid func(message string) error
}

// Operation returns the name of the operation that a request calls, and whether it is a request to this service.
func (p *Protocol) Operation(r *http.Request) (name string, ours bool) {
	return strings.CutPrefix(r.Header.Get("X-Amz-Target"), p.Target)
}

// Unknown is the error for an operation that the server does not have.
func (p *Protocol) Unknown(name string) error {
	return &smithy.GenericAPIError{Code: "UnknownOperationException", Message: fmt.Sprintf("this server does not have the operation %q", name)}
}

// A Call carries out one operation. It decodes the input from the body of the request.
type Call func(ctx context.Context, body []byte) (out any, err error)

// NewCall returns the call of an operation with these types of the SDK.
func NewCall[In, Out any](p *Protocol, operation func(context.Context, *In) (*Out, error)) Call {
	return func(ctx context.Context, body []byte) (any, error) {
		in := new(In)
		if err := p.Decode(body, in); err != nil {
			return nil, err
		}
		return operation(ctx, in)
	}
}

// Serve answers a request with one of the calls, which have the names of their operations. Before that, refusal can refuse it.
func (p *Protocol) Serve(w http.ResponseWriter, r *http.Request, calls map[string]Call, refusal func(name string) error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	name, _ := p.Operation(r)
	call, known := calls[name]
	if !known {
		p.Answer(w, nil, p.Unknown(name))
		return
	}
	if err := refusal(name); err != nil {
		p.Answer(w, nil, err)
		return
	}
	out, err := call(r.Context(), body)
	p.Answer(w, out, err)
}

// field returns the field of an SDK's type for a member.
func (p *Protocol) field(of reflect.Type, member string) (reflect.StructField, bool) {
	name := member
	if p.Lower {
		name = strings.ToUpper(member[:min(1, len(member))]) + member[min(1, len(member)):]
	}
	field, found := of.FieldByName(name)
	return field, found && IsMember(field) && p.Name(field) == member
}

// Name returns the name of a field's member.
func (p *Protocol) Name(field reflect.StructField) string {
	if p.Lower {
		return strings.ToLower(field.Name[:1]) + field.Name[1:]
	}
	return field.Name
}

// IsMember reports whether a field of an SDK's type is a member of the model.
func IsMember(field reflect.StructField) bool {
	return field.IsExported() && field.Type != metadataType
}

// answerDelay is how long a server waits before it answers. The SDK fails if an answer comes within a millisecond: it closes the
// request's body at the first byte of the answer, while net/http may still read the body.
const answerDelay = 2 * time.Millisecond

// Answer writes the output of an operation, or the error, as the service does. An error that is not of the API is an internal failure.
func (p *Protocol) Answer(w http.ResponseWriter, out any, err error) {
	status, tree := http.StatusOK, p.Encode(out)
	if err != nil {
		refusal, ok := errors.AsType[smithy.APIError](err)
		if !ok {
			refusal = &smithy.GenericAPIError{Code: "InternalFailure", Message: err.Error(), Fault: smithy.FaultServer}
		}
		if status = http.StatusBadRequest; refusal.ErrorFault() == smithy.FaultServer {
			status = http.StatusInternalServerError
		}
		message := "message"
		if !p.Lower {
			message = "Message"
		}
		tree = map[string]string{"__type": refusal.ErrorCode(), message: refusal.ErrorMessage()}
	}
	body, err := json.Marshal(tree)
	if err != nil {
		panic(fmt.Sprintf("internal error: an answer that is not JSON: %v", err))
	}
	time.Sleep(answerDelay)
	w.Header().Set("Content-Type", p.ContentType)
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has left
}
