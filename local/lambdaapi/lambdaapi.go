// Package lambdaapi answers Lambda's Invoke API with the functions of this project, in this process. A state machine, the AWS CLI or
// an SDK can call it instead of Lambda. An invocation gets the function's timeout as its deadline, and errors have the form and the
// names of Lambda's. It imports lambda/function, lambda/contract and lambda/failure.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
package lambdaapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// maxPayload is the largest request or answer of a synchronous invocation, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20

// Server answers the Invoke API. It may be used from any goroutine.
type Server struct {
	// Function returns the handler of a function, or nil if there is no such function.
	Function func(contract.Function) function.Handler
	// Timeout is how long one invocation may take.
	Timeout time.Duration
}

// Handler returns the API's routes.
func (s Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.invoke)
	return mux
}

func (s Server) invoke(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	function := s.Function(contract.Function(name))
	if function == nil {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf("there is no function %q; there are %v", name, contract.Functions()))
		return
	}
	if kind := r.Header.Get("X-Amz-Invocation-Type"); kind != "" && kind != "RequestResponse" {
		refuse(w, http.StatusBadRequest, "InvalidParameterValueException", fmt.Sprintf("invocation type %q: only RequestResponse is answered here", kind))
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", fmt.Sprintf("the payload has more than %d bytes", maxPayload))
			return
		}
		refuse(w, http.StatusBadRequest, "InvalidRequestContentException", "the payload could not be read: "+err.Error())
		return
	}
	answer, err := s.run(r.Context(), function, payload)
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		answer, _ = json.Marshal(failed(err)) // two strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	_, _ = w.Write(answer) // fails only if the caller has left
}

// run runs one invocation. Like Lambda, it does not wait for a function after its timeout.
func (s Server) run(ctx context.Context, function function.Handler, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	type outcome struct {
		answer []byte
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if panicked := recover(); panicked != nil {
				o = outcome{err: messages.InvokeResponse_Error{Type: "Runtime.Panic", Message: fmt.Sprint(panicked)}}
			}
			done <- o
		}()
		var out any
		if out, o.err = function(ctx, payload); o.err == nil {
			o.answer, o.err = json.Marshal(out)
		}
	}()
	select {
	case o := <-done:
		if o.err == nil && len(o.answer) > maxPayload {
			return nil, messages.InvokeResponse_Error{
				Type: "Function.ResponseSizeTooLarge", Message: fmt.Sprintf("the answer has %d bytes, at most %d are allowed", len(o.answer), maxPayload),
			}
		}
		return o.answer, o.err
	case <-ctx.Done():
		return nil, messages.InvokeResponse_Error{
			Type: "Sandbox.Timedout", Message: fmt.Sprintf("Task timed out after %.2f seconds", s.Timeout.Seconds()),
		}
	}
}

// failed returns the body of the answer when a function has failed.
func failed(err error) messages.InvokeResponse_Error {
	if named, ok := errors.AsType[messages.InvokeResponse_Error](err); ok {
		return named
	}
	return messages.InvokeResponse_Error{Type: string(failure.Internal), Message: err.Error()}
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", kind)
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]string{"Type": "User", "Message": message}) // strings always marshal
	_, _ = w.Write(body)
}
