package function_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/google/go-cmp/cmp"
)

// tape records the requests of a function and their answers, and plays the answers again.
type tape struct {
	aws.HTTPClient // is recorded; nil to play

	mu      sync.Mutex // guards the following fields
	sent    []string   // operations, with what they are about
	answers map[string][]*http.Response
	bodies  map[*http.Response][]byte
}

func record(client aws.HTTPClient) *tape {
	return &tape{HTTPClient: client, answers: map[string][]*http.Response{}, bodies: map[*http.Response][]byte{}}
}

// roundTrip is the time until an answer is played.
const roundTrip = time.Second

func (t *tape) Do(r *http.Request) (*http.Response, error) {
	name := r.Method + " " + r.URL.RequestURI()
	if t.HTTPClient == nil {
		return t.play(r, name)
	}
	answer, err := t.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	answer.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers[name], t.bodies[answer] = append(t.answers[name], answer), body
	t.sent = append(t.sent, middleware.GetOperationName(r.Context())+subject(r))
	return answer, err
}

func (t *tape) play(r *http.Request, name string) (*http.Response, error) {
	time.Sleep(roundTrip) // by the clock of synctest's bubble
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.answers[name]) == 0 {
		return nil, fmt.Errorf("%s was not recorded", name)
	}
	answer := t.answers[name][0]
	t.answers[name] = t.answers[name][1:]
	answer.Body, answer.Request = io.NopCloser(bytes.NewReader(t.bodies[answer])), r
	return answer, nil
}

// subject returns what a request is about, in the folder of the run.
func subject(r *http.Request) string {
	_, key, _ := strings.Cut(r.URL.Path+r.URL.Query().Get("prefix"), "/run-1/")
	if folder, _, found := strings.Cut(key, "data/"); found {
		return " " + folder + "data" // its name has the name of the try
	}
	if strings.Contains(r.URL.Path, "/_schemas/") {
		return " _schemas" // its name has a digest
	}
	return strings.TrimRight(" "+key, " ")
}

// The requests of the smallest run are the fixed costs of every run. The table has one page, and the request has the defaults. Completing
// the upload is finalize's, and the summary is written after everything else that makes the run whole.
func TestSmallestRunMakesFewRequests(t *testing.T) {
	t.Parallel()
	const mostRequests, mostRoundTrips = 18, 7
	e := execution{t: t, name: "run-1", request: fmt.Sprintf(`{"table": %q, "bucket": %q}`, testservers.Orders(t, 10), testservers.Bucket(t))}
	var planned run.PlanOutput
	var finalize *tape // of the last step
	total := 0
	kinds := map[string]int{} // of requests to S3
	for _, step := range []struct {
		name contract.Function
		run  func() error
		want []string
	}{
		{contract.FunctionPlan, func() (err error) { planned, err = e.plan(); return err }, []string{"DescribeTable", "PutObject _started", "Scan"}},
		{contract.FunctionScan, func() error { _, err := e.scan(planned.Plan, 0); return err }, []string{
			"CreateMultipartUpload data", "DescribeTable", "GetObject _started", "PutObject _segments/000000-end.json", "Scan", "UploadPart data",
		}},
		{contract.FunctionFinalize, func() error { _, err := e.finalize(planned.Plan); return err }, []string{
			"CompleteMultipartUpload data", "GetObject _segments/000000-end.json", "GetObject _started", "ListMultipartUploads", "ListObjectsV2",
			"PutObject manifest-files.json", "PutObject manifest-files.md5", "PutObject manifest-summary.json", "PutObject manifest-summary.md5",
		}},
	} {
		source, _ := testservers.Configs()
		finalize = record(source.HTTPClient)
		e.warm = through(finalize)
		if err := step.run(); err != nil {
			t.Fatal(err)
		}
		got := slices.Sorted(slices.Values(finalize.sent))
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s sends (-want +got):\n%s", step.name, diff)
		}
		total += len(got)
		for _, request := range got {
			switch operation, _, _ := strings.Cut(request, " "); {
			case operation == "DescribeTable", operation == "Scan":
			case strings.HasPrefix(operation, "List"):
				kinds["LIST"]++
			case operation == "GetObject":
				kinds["GET"]++
			default:
				kinds["PUT"]++
			}
		}
	}
	if total > mostRequests {
		t.Errorf("the run makes %d requests", total)
	}
	page, err := os.ReadFile("../../docs/cost.md")
	if row := fmt.Sprintf("| one segment with one object of up to 8 MiB | %d | %d | %d |", kinds["PUT"], kinds["GET"], kinds["LIST"]); err != nil || !strings.Contains(string(page), row) {
		t.Errorf("docs/cost.md has no row with %q, %v", row, err)
	}

	// Each answer takes the same time, and nothing else does. So the time of finalize is that of the requests that wait for each other.
	finalize.HTTPClient = nil
	synctest.Test(t, func(t *testing.T) {
		e.t, e.warm = t, through(finalize)
		begun := time.Now()
		if _, err := e.finalize(planned.Plan); err != nil {
			t.Fatal(err)
		}
		if n := time.Since(begun) / roundTrip; n > mostRoundTrips {
			t.Errorf("finalize makes %d round trips, one after the other", n)
		}
	})
}

// through returns an engine whose requests go through a client.
func through(client aws.HTTPClient) *function.Engine {
	source, destination := testservers.Configs()
	source.HTTPClient, destination.HTTPClient = client, client
	return function.New(source, destination, function.Options{Log: slog.New(slog.DiscardHandler), Account: account})
}
