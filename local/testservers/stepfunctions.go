package testservers

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// StepFunctions answers DescribeExecution as Step Functions does, of the executions that it was told of.
type StepFunctions struct {
	config aws.Config

	mu         sync.Mutex // guards what follows
	executions map[string]executionEnd
	denied     string
	asked      int
	onAsked    func(request int)
}

type executionEnd struct {
	status run.ExecutionStatus
	stop   time.Time
}

// StartStepFunctions starts a server for a test.
func StartStepFunctions(t *testing.T) *StepFunctions {
	t.Helper()
	s := &StepFunctions{executions: map[string]executionEnd{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.config = aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	return s
}

// Executions returns the client that the functions ask it with.
func (s *StepFunctions) Executions() awsclient.Executions { return awsclient.NewExecutions(s.config) }

// Set says what has become of an execution; stop is when it has ended, if it has.
func (s *StepFunctions) Set(arn string, status run.ExecutionStatus, stop time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.executions[arn] = executionEnd{status, stop}
}

// Deny has it refuse every request.
func (s *StepFunctions) Deny(words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = words
}

// OnAsked has f called after each answer was decided on and before it is sent, with the number of those so far.
func (s *StepFunctions) OnAsked(f func(request int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAsked = f
}

func (s *StepFunctions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, answer, onAsked, request := s.answer(r)
	if onAsked != nil {
		onAsked(request)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer) // whoever asked is gone, or sees it
}

func (s *StepFunctions) answer(r *http.Request) (code int, answer map[string]any, onAsked func(int), request int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	refuse := func(name, words string) (int, map[string]any, func(int), int) {
		return http.StatusBadRequest, map[string]any{"__type": name, "message": words}, s.onAsked, s.asked
	}
	body, err := io.ReadAll(r.Body)
	var in struct {
		ExecutionArn string `json:"executionArn"`
		IncludedData string `json:"includedData"`
	}
	if err != nil || json.Unmarshal(body, &in) != nil || r.Header.Get("X-Amz-Target") != "AWSStepFunctions.DescribeExecution" || in.IncludedData != "METADATA_ONLY" {
		return refuse("ValidationException", "want the metadata of an execution, got "+r.Header.Get("X-Amz-Target")+string(body))
	}
	if s.denied != "" {
		return refuse("AccessDeniedException", s.denied)
	}
	found, known := s.executions[in.ExecutionArn]
	if !known {
		return refuse("ExecutionDoesNotExist", "Execution Does Not Exist: '"+in.ExecutionArn+"'")
	}
	answer = map[string]any{"executionArn": in.ExecutionArn, "status": found.status, "startDate": 1.7e9}
	if !found.stop.IsZero() {
		answer["stopDate"] = float64(found.stop.UnixMilli()) / 1000
	}
	return http.StatusOK, answer, s.onAsked, s.asked
}
