// Package chaos proves that, under all faults, a run commits every item once or fails with a named error. A seed draws a table, a request
// and faults; the real definition, handlers and local servers do the run; then the bucket is compared with the table. The fault of a
// request depends on the seed and on the request, not on time, so a seed that has failed fails again. `make test` runs a few seeds,
// `make chaos` runs many, and docs/faults.md describes all of it.
//
// New returns a Harness, and Run runs a seed. The package may import the product and its neighbours in local/.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// account is the account of the servers.
const account = "000000000000"

// Harness has what all seeds share: the connections to the servers, the interpreter, and tables that do not change. Its methods may be
// called from any goroutine.
type Harness struct {
	source, destination aws.Config // of the functions, except for the HTTP clients
	direct              aws.Config // of S3, without faults
	tables              *dynamodb.Client
	objects             *s3.Client
	reader              *s3.Client // past the recording server
	toTables, toObjects *network
	recording           *http.Server // in front of S3
	measuring           *http.Server // in front of DynamoDB
	interpreter         *statemachine.Interpreter
	lambda              http.Server
	url                 string

	mu     sync.Mutex // guards the following fields
	runs   map[int]*seedRun
	shared map[form]*table
}

// New returns a harness for a DynamoDB and an S3 server. Stop ends what it has started.
func New(ctx context.Context, source, destination aws.Config) (h *Harness, err error) {
	h = &Harness{source: withoutDelays(source), destination: withoutDelays(destination), runs: map[int]*seedRun{}, shared: map[form]*table{}}
	defer func() {
		if err != nil {
			h.Stop()
			err = fmt.Errorf("start chaos: %w", err)
		}
	}()
	h.tables, h.reader = dynamodb.NewFromConfig(source), awsclient.S3(destination)
	recorded, err := h.record(ctx, *destination.BaseEndpoint)
	if err != nil {
		return h, err
	}
	if h.toObjects, err = newNetwork(hostOf(recorded)); err != nil {
		return h, err
	}
	measured, err := h.measure(ctx, *source.BaseEndpoint)
	if err != nil {
		return h, err
	}
	if h.toTables, err = newNetwork(hostOf(measured)); err != nil {
		return h, err
	}
	h.direct = destination.Copy()
	h.direct.HTTPClient = h.toObjects.plain
	h.objects = awsclient.S3(h.direct)
	if h.interpreter, err = statemachine.StartInterpreter(ctx); err != nil {
		return h, err
	}
	return h, h.serve(ctx)
}

// Stop ends what New has started.
func (h *Harness) Stop() {
	if h.interpreter != nil {
		h.interpreter.Stop()
	}
	_ = h.lambda.Close() // its listener is not needed any more
	for _, n := range []*network{h.toTables, h.toObjects} {
		if n != nil {
			n.stop()
		}
	}
	for _, front := range []*http.Server{h.recording, h.measuring} {
		if front != nil {
			_ = front.Close() // as above
		}
	}
}

// serve answers Lambda's Invoke API and the SDK integrations. Each execution of each seed has a path of its own.
func (h *Harness) serve(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.url = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	of := func(r *http.Request) (*seedRun, int) {
		number, _ := strconv.Atoi(r.PathValue("run"))
		execution, _ := strconv.Atoi(r.PathValue("execution"))
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.runs[number], execution
	}
	mux.HandleFunc("POST /{run}/{execution}/2015-03-31/functions/{function}/invocations", func(w http.ResponseWriter, r *http.Request) {
		if to, execution := of(r); to != nil {
			to.serveFunction(w, r, execution)
		}
	})
	mux.HandleFunc("POST /{run}/{execution}/aws-sdk/", func(w http.ResponseWriter, r *http.Request) {
		if to, execution := of(r); to != nil {
			to.serveIntegration(w, r, execution)
		}
	})
	h.lambda = http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = h.lambda.Serve(listener) }() // ends with Stop
	return nil
}

// numbers numbers the runs, because all harnesses of a process use the same servers.
var numbers atomic.Int64

func number() int { return int(numbers.Add(1)) }

// Report is the result of a seed.
type Report struct {
	Scenario Scenario
	// Faults counts the injected faults.
	Faults map[Fault]int
	// Ends says how each execution has ended: "succeeded", "duplicate", or the name of the error.
	Ends []string
	// Limited is there if the run has a limit.
	Limited *Limited
	// Items is the number of items in the commit.
	Items int
	// Listings is how often a reader has listed the bucket.
	Listings int
	// Trace has the events of the run.
	Trace []Event
	// Injected describes the injected faults, in order.
	Injected []string
	// Broken says how the run broke the promise; nil if it did not.
	Broken error
}

// Run runs a seed. An error means that the seed could not run. A broken promise is in the report.
func (h *Harness) Run(ctx context.Context, seed uint64) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	r := h.newRun(Draw(seed))
	forget := h.register(r)
	defer forget()
	if err := r.prepare(ctx); err != nil {
		return Report{}, fmt.Errorf("seed %d: prepare: %w", seed, err)
	}
	report, err := r.runAll(ctx)
	forget()
	if err = errors.Join(err, r.cleanUp(context.WithoutCancel(ctx))); err != nil {
		err = fmt.Errorf("seed %d: %w", seed, err)
	}
	return report, err
}

func (h *Harness) newRun(s Scenario) *seedRun {
	r := &seedRun{harness: h, scenario: s, number: number(), faults: map[Fault]int{}, watch: newWatch(), life: life{back: make(chan struct{})}}
	r.hand = newHand(r)
	return r
}

// register lets the servers find a run until forget is called.
func (h *Harness) register(r *seedRun) (forget func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.runs[r.number] = r
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.runs, r.number)
	}
}

// withoutDelays returns a configuration whose clients retry as often as before, but without waiting, and do not log injected faults.
func withoutDelays(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.Logger = logging.Nop{}
	own := cfg.Retryer
	cfg.Retryer = func() aws.Retryer { return noDelay{own().(aws.RetryerV2)} }
	return cfg
}

type noDelay struct{ aws.RetryerV2 }

func (noDelay) RetryDelay(int, error) (time.Duration, error) { return time.Millisecond, nil }
