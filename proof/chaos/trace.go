package chaos

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/servers"
)

// Event is an event of a run that is visible outside the functions. The tests translate events into steps of proof/model.
type Event struct {
	Kind EventKind
	// Invocations has the name of the invocation that the event is about. A call can have two, because Lambda can run it twice.
	Invocations []string
	Execution   int // counted from 0
	Function    contract.Function
	// Method, URL and Status are those of a request to S3.
	Method string
	URL    *url.URL
	Status int
	// Body is the payload of a call, its answer (nil if the call fails), or the body of a request (nil if it was damaged on the way).
	Body []byte
	// UploadID is the upload that a request has begun.
	UploadID string
}

// EventKind is the kind of an event.
type EventKind string

// The kinds of events. Requested events come in the order in which S3 carries the requests out.
const (
	Began     EventKind = "the execution begins"
	Failed    EventKind = "the execution fails"
	Called    EventKind = "call"
	Answered  EventKind = "answer"
	Stopped   EventKind = "the invocation has ended"
	Described EventKind = "DescribeExecution"
	Requested EventKind = "request"
)

// record adds an event. A call that arrives after its execution has failed was sent before: the state machine stops all calls before it
// reports the failure, but the two messages can overtake each other. So record puts the call before the failure.
func (r *seedRun) record(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := len(r.trace)
	for i, before := range slices.Backward(r.trace) {
		if e.Kind != Called || before.Kind == Began && before.Execution == e.Execution {
			break
		}
		if before.Kind == Failed && before.Execution == e.Execution {
			at = i
		}
	}
	r.trace = slices.Insert(r.trace, at, e)
}

// output is what Step Functions gets from a call, nil if the call fails.
func (r result) output() []byte {
	if r.failed || r.status != http.StatusOK {
		return nil
	}
	return r.body
}

// describer answers DescribeExecution for an invocation of plan.
type describer struct {
	*executions.Memory
	faultyClient *faultyClient
}

// Describe returns the state of an execution.
func (d describer) Describe(ctx context.Context, arn string) (execution.State, error) {
	state, err := d.Memory.Describe(ctx, arn)
	d.faultyClient.seedRun.record(Event{Kind: Described, Invocations: []string{d.faultyClient.caller}})
	return state, err
}

// header is the header of a request to S3 with the number of its run and the name of its invocation.
const header = "Chaos-Invocation"

func (s *faultyClient) header() string { return fmt.Sprintf("%d %s", s.seedRun.number, s.caller) }

// recorder sends requests to S3, and records those of invocations.
type recorder struct {
	http.RoundTripper
	harness *Harness
}

// record starts a server in front of S3 that records requests, and returns its address.
func (h *Harness) record(ctx context.Context, s3 string) (address string, err error) {
	h.recording, address, err = servers.InFront(ctx, s3, watcher{recorder{transportTo(hostOf(s3), true), h}, h})
	return address, err
}

// RoundTrip sends a request.
func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	number, caller, _ := strings.Cut(request.Header.Get(header), " ")
	request.Header.Del(header)
	run, _ := strconv.Atoi(number) // no run has the number 0
	r.harness.mu.Lock()
	seedRun := r.harness.runs[run]
	r.harness.mu.Unlock()
	body, err := readBody(request)
	if seedRun == nil || err != nil {
		return r.RoundTripper.RoundTrip(request)
	}
	response, err := r.RoundTripper.RoundTrip(request)
	if err != nil {
		return response, err
	}
	event := Event{Kind: Requested, Invocations: []string{caller}, Method: request.Method, URL: request.URL, Status: response.StatusCode}
	if sum := request.Header.Get("X-Amz-Checksum-Crc32"); sum == "" || sum == crc32Of(body) {
		event.Body = body
	}
	if request.Method == http.MethodPost && request.URL.Query().Has("uploads") {
		if event.UploadID, err = begun(response); err != nil {
			return nil, err
		}
	}
	seedRun.record(event)
	return response, nil
}

// crc32Of returns a checksum as S3 has it in its headers.
func crc32Of(body []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// begun returns the upload that an answer is about, "" if the answer is an error.
func begun(response *http.Response) (uploadID string, err error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		UploadID string `xml:"UploadId"`
	}
	if response.StatusCode != http.StatusOK {
		return "", nil
	}
	err = xml.Unmarshal(body, &answer)
	return answer.UploadID, err
}
