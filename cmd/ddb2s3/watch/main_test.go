package watch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// stepped is a deployment whose functions wait. Each pause between two looks lets one call of a function pass. So a test sees each step.
type stepped struct {
	*testdeployment.Deployed
	deployment *deployment.Deployment
	network    *network
	arrived    chan struct{} // has an entry for each call that waits
	release    chan struct{}
	passed     chan struct{}
	ended      chan struct{} // of the execution that is followed
	clock      time.Time
	// paused, if not nil, is called at each pause. It returns false to let no call pass.
	paused func(number int) bool
	pauses int
	// settled, if not nil, is called at the end of each pause, with the number of calls of scan that have passed.
	settled func(scanned int)
	scanned int
}

func start(t *testing.T, options testdeployment.Options) *stepped {
	t.Helper()
	s := &stepped{arrived: make(chan struct{}, 100), release: make(chan struct{}), passed: make(chan struct{}), ended: make(chan struct{}), clock: time.Now(), network: &network{}}
	options.Wrap = func(called contract.Function, handler function.Handler) function.Handler {
		return func(ctx context.Context, payload json.RawMessage) (any, error) {
			s.arrived <- struct{}{}
			select {
			case <-s.release:
				if called == contract.FunctionScan {
					s.scanned++ // one call passes at a time
				}
				defer func() { s.passed <- struct{}{} }()
			case <-ctx.Done():
			}
			return handler(ctx, payload)
		}
	}
	s.Deployed = testdeployment.Start(t, options)
	cfg := s.Config.Copy()
	cfg.HTTPClient = s.network
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	found, err := deployment.Find(t.Context(), cfg, deployment.Target{StateMachine: s.StateMachineARN})
	if err != nil {
		t.Fatal(err)
	}
	found.S3 = testservers.S3()
	s.deployment = found
	return s
}

// follow starts a request and follows it. It returns how it ended, and each look that differs from the one before.
func (s *stepped) follow(t *testing.T, name, request string) (deployment.Execution, []Look, error) {
	t.Helper()
	arn := s.Run(t, name, request)
	go func() {
		s.Deployment.Wait(t.Context(), arn)
		close(s.ended)
	}()
	s.wait(t.Context())
	return s.watch(t, t.Context(), name)
}

func (s *stepped) watch(t *testing.T, ctx context.Context, name string) (deployment.Execution, []Look, error) { //nolint:revive // t comes first in tests
	t.Helper()
	reader, writer := io.Pipe()
	var looks []Look
	var reading sync.WaitGroup
	reading.Go(func() {
		for decoder := json.NewDecoder(reader); ; {
			var look Look
			if err := decoder.Decode(&look); err != nil {
				return
			}
			looks = append(looks, look)
		}
	})
	f := follower{Options{Progress: io.Discard, JSON: writer}, func() time.Time { return s.clock }, s.pause}
	ended, err := f.follow(ctx, s.deployment, name)
	_ = writer.Close()
	reading.Wait()
	return ended, looks, err
}

func (s *stepped) pause(ctx context.Context, d time.Duration) {
	s.clock = s.clock.Add(time.Minute) // later than the next look
	s.pauses++
	if d <= 0 || s.paused != nil && !s.paused(s.pauses) {
		return
	}
	if s.wait(ctx) {
		<-s.arrived
		s.release <- struct{}{}
		<-s.passed
		s.wait(ctx)
	}
	if s.settled != nil {
		s.settled(s.scanned)
	}
}

// wait waits for a call that waits. It returns false if no call waits any more.
func (s *stepped) wait(ctx context.Context) bool {
	select {
	case <-s.arrived:
		s.arrived <- struct{}{}
		return true
	case <-s.ended:
	case <-ctx.Done():
	}
	return false
}

// network is an HTTP client that a test can break.
type network struct {
	mu    sync.Mutex
	fault func(target string) (*http.Response, error) // of calls of Step Functions' API; nil for none
}

func (n *network) set(fault func(target string) (*http.Response, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault = fault
}

func (n *network) Do(request *http.Request) (*http.Response, error) {
	n.mu.Lock()
	fault := n.fault
	n.mu.Unlock()
	if fault != nil {
		if answer, err := fault(strings.TrimPrefix(request.Header.Get("X-Amz-Target"), "AWSStepFunctions.")); answer != nil || err != nil {
			return answer, err
		}
	}
	return http.DefaultClient.Do(request)
}

var errLost = errors.New("dial tcp: no route to host")

// refused returns an answer with an error of Step Functions.
func refused(code string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(`{"__type":"` + code + `","message":"a message"}`)),
	}
}

// checkPhases checks that looks show these phases in this order. A phase can end before the next look, but a pass waits for the test.
func checkPhases(t *testing.T, looks []Look, want ...Phase) {
	t.Helper()
	var got []Phase
	at := 0
	for _, look := range looks {
		if len(got) > 0 && got[len(got)-1] == look.Phase {
			continue
		}
		got = append(got, look.Phase)
		next := slices.Index(want[at:], look.Phase)
		if next < 0 {
			t.Fatalf("got the phases %v, want %v", got, want)
		}
		at += next + 1
	}
	for _, phase := range want {
		if (phase == Scanning || phase == Exporting) && !slices.Contains(got, phase) {
			t.Errorf("got the phases %v, want %v", got, want)
		}
	}
}
