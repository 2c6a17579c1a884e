// Package chaos tries to break a run, and checks what comes of it. From one seed it draws a table, a request and faults of the
// network, of the services, of the functions and of whoever starts them; it runs the real definition of the state machine over
// the real handlers, DynamoDB and S3 servers; and then it holds the bucket against the table: every item once, or a failure by
// name that has committed nothing.
//
// What befalls a request is a function of the seed and of what the request is, not of when it comes: a seed that has failed
// fails again. New makes a Harness, Run runs a seed. docs/faults.md tells what is drawn.
//
// It may import the handlers, their words, and its neighbours under local/.
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

// account is the one that tables and buckets of the servers are of.
const account = "000000000000"

// Harness is what all seeds share: the way to the servers, the interpreter, and tables that nobody writes to. Its methods may be
// called from any goroutine.
type Harness struct {
	source, destination aws.Config // as the functions have them, but for who sends the requests
	direct              aws.Config // of S3, with nothing that befalls a request
	tables              *dynamodb.Client
	objects             *s3.Client
	toTables, toObjects *network
	recording           *http.Server // in front of S3
	interpreter         *statemachine.Interpreter
	lambda              http.Server
	url                 string

	mu     sync.Mutex // guards what follows
	runs   map[int]*trial
	shared map[int]*table
}

// New returns a harness over a DynamoDB and an S3 server. Stop ends what it has started.
func New(ctx context.Context, source, destination aws.Config) (h *Harness, err error) {
	h = &Harness{source: hurried(source), destination: hurried(destination), runs: map[int]*trial{}, shared: map[int]*table{}}
	defer func() {
		if err != nil {
			h.Stop()
			err = fmt.Errorf("start chaos: %w", err)
		}
	}()
	h.tables = dynamodb.NewFromConfig(source)
	recorded, err := h.record(ctx, *destination.BaseEndpoint)
	if err != nil {
		return h, err
	}
	if h.toObjects, err = newNetwork(hostOf(recorded)); err != nil {
		return h, err
	}
	if h.toTables, err = newNetwork(hostOf(*source.BaseEndpoint)); err != nil {
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
	_ = h.lambda.Close() // nobody asks any more
	for _, n := range []*network{h.toTables, h.toObjects} {
		if n != nil {
			n.stop()
		}
	}
	if h.recording != nil {
		_ = h.recording.Close() // as above
	}
}

// serve answers Lambda's Invoke API and SDK integrations for every run, below a path of its own for each execution.
func (h *Harness) serve(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.url = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	of := func(r *http.Request) (*trial, int) {
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

// numbers tells apart what the harnesses of a process make on their servers.
var numbers atomic.Int64

func number() int { return int(numbers.Add(1)) }

// Report is what has come of a seed.
type Report struct {
	Scenario Scenario
	// Faults counts those that struck.
	Faults map[Fault]int
	// Ends are how its executions have ended, in words: "succeeded", "duplicate", or an error's name.
	Ends []string
	// Items is how many items were read back of what was committed.
	Items int
	// Trace is what happened.
	Trace []Event
	// Events is what struck, in the order in which it did.
	Events []string
	// Broken is how the promise was broken; nil if it was kept.
	Broken error
}

// Run runs a seed. The error says that it could not be run; a promise that was broken is in the report.
func (h *Harness) Run(ctx context.Context, seed uint64) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	r := &trial{harness: h, scenario: Draw(seed), tally: map[Fault]int{}}
	r.number = number()
	h.mu.Lock()
	h.runs[r.number] = r
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.runs, r.number)
		h.mu.Unlock()
	}()
	if err := r.prepare(ctx); err != nil {
		return Report{}, fmt.Errorf("seed %d: prepare: %w", seed, err)
	}
	report, err := r.play(ctx)
	if err = errors.Join(err, r.clear(context.WithoutCancel(ctx))); err != nil {
		err = fmt.Errorf("seed %d: %w", seed, err)
	}
	return report, err
}

// hurried returns a configuration whose clients try again as often and for the same reasons, but without waiting, and say
// nothing of damage that was done on purpose.
func hurried(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.Logger = logging.Nop{}
	own := cfg.Retryer
	cfg.Retryer = func() aws.Retryer { return noDelay{own().(aws.RetryerV2)} }
	return cfg
}

type noDelay struct{ aws.RetryerV2 }

func (noDelay) RetryDelay(int, error) (time.Duration, error) { return time.Millisecond, nil }
