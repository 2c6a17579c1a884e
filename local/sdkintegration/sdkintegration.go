// Package sdkintegration answers the SDK integrations of a state machine, such as a Task with the Resource
// "arn:aws:states:::aws-sdk:dynamodb:describeExport". It calls the service through the SDK, and gives the answer, or the error, the
// form and the names that a state machine sees on AWS. It imports the SDK only.
// https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
package sdkintegration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// maxParameters is the largest size of a Task's Parameters, in bytes: Step Functions' quota on payloads.
const maxParameters = 256 << 10

// Server answers POST /aws-sdk/<service>/<action> with the Parameters as the body. The status is 200 with the result, 400 with an
// Error, or 404 for an unknown action. Its handler may be used from any goroutine.
type Server struct {
	// DynamoDB is the configuration of the client of DynamoDB.
	DynamoDB aws.Config
}

// Error is the error of an action, with the names of Step Functions.
type Error struct {
	Name  string `json:"error"`
	Cause string `json:"cause"`
}

func (e *Error) Error() string { return e.Name + ": " + e.Cause }

// An action calls a service with Parameters and returns the SDK's output.
type action func(ctx context.Context, parameters []byte) (any, error)

// Handler returns the API's routes.
func (s Server) Handler() http.Handler {
	// The SDK must not retry: the Retry of the state handles throttling.
	tables := dynamodb.NewFromConfig(s.DynamoDB, func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
	actions := map[string]action{"dynamodb:describeExport": call(tables.DescribeExport)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /aws-sdk/{service}/{action}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("service") + ":" + r.PathValue("action")
		run, ok := actions[name]
		if !ok {
			http.Error(w, fmt.Sprintf("there is no %q here", name), http.StatusNotFound)
			return
		}
		s.answer(w, r, name, run)
	})
	return mux
}

func (s Server) answer(w http.ResponseWriter, r *http.Request, name string, run action) {
	result, err := s.run(w, r, run)
	status := http.StatusOK
	if err != nil {
		status, result = http.StatusBadRequest, err
	}
	body, err := json.Marshal(result)
	if err != nil {
		panic(fmt.Sprintf("internal error: the answer of %s does not marshal: %v", name, err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the caller has left
}

// run returns the result, or an *Error.
func (s Server) run(w http.ResponseWriter, r *http.Request, run action) (any, error) {
	parameters, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxParameters))
	if err != nil {
		return nil, &Error{Name: runtimeError, Cause: "read the Parameters: " + err.Error()}
	}
	output, err := run(r.Context(), parameters)
	if err != nil {
		return nil, named(err)
	}
	return shape(output), nil
}

// errParameters means that the action does not have these Parameters.
var errParameters = errors.New("the Parameters do not fit")

// call returns the action of an operation of an SDK client.
func call[In, Out, Option any](operation func(context.Context, *In, ...Option) (*Out, error)) action {
	return func(ctx context.Context, parameters []byte) (any, error) {
		in := new(In)
		decoder := json.NewDecoder(bytes.NewReader(parameters))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(in); err != nil {
			return nil, fmt.Errorf("%w: %w", errParameters, err)
		}
		return operation(ctx, in)
	}
}
