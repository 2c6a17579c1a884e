package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/exports"
	catalog "dynamodb-to-s3/local/glue"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/sdkintegration"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Lake is one table whose runs are shown in a catalog and pruned, while readers query. Several runs are at work at any time. They fail, are killed,
// are redriven, and end in another order than they began.
type Lake struct {
	seed                uint64
	source, destination aws.Config
	glue                aws.Config
	objects             *s3.Client // without faults, as catalog
	catalog             *glue.Client
	tables              *exports.Server
	interpreter         *statemachine.Interpreter
	servers             []func()
	url                 string
	bucket, table       string
	log                 *slog.Logger
	keep                int
	format              request.Format

	// alive is read-locked by all that ends within the hour for which prune keeps what a reader may have found: invocations, and readers. The clock
	// moves only when nothing is alive.
	alive sync.RWMutex

	// committing is locked from a commit until the harness has noted it.
	committing sync.RWMutex

	mu      sync.Mutex    // guards the following fields
	hurry   chan struct{} // closed when the clock is about to move: what waits goes on
	next    chan struct{} // closed when an invocation of catalog or prune ends, and replaced
	runs    map[int]*lakeRun
	commits map[string]*committed // by the folder
	foreign []string              // keys of objects that are somebody else's
	faults  map[Fault]int
	last    time.Time // the newest moment that a reader has seen in the table of the newest run
	broken  []error
	reads   map[string]int
	ends    map[string]int
	// prunedRuns counts the runs that are gone in the end.
	prunedRuns int
}

// The names in the catalog of a lake.
const (
	lakeDatabase = "lake"
	lakePrefix   = "chaos"
)

// NewLake creates a table, and starts the servers that stand between it and the functions.
func NewLake(ctx context.Context, source, destination aws.Config, seed uint64, format request.Format, keep int) (l *Lake, err error) {
	l = &Lake{
		seed: seed, destination: withoutDelays(destination), objects: awsclient.S3(destination), keep: keep, format: format,
		bucket: fmt.Sprintf("lake-%d", number()), hurry: make(chan struct{}), next: make(chan struct{}), runs: map[int]*lakeRun{}, commits: map[string]*committed{},
		faults: map[Fault]int{}, reads: map[string]int{}, ends: map[string]int{}, log: slog.New(slog.DiscardHandler),
	}
	l.table = l.bucket
	defer func() {
		if err != nil {
			l.Stop()
			err = fmt.Errorf("start a lake: %w", err)
		}
	}()
	server, err := catalog.Start(ctx, catalog.Options{})
	if err != nil {
		return l, err
	}
	l.servers = append(l.servers, server.Stop)
	if l.glue, err = server.AWS(ctx); err != nil {
		return l, err
	}
	l.catalog, l.glue = glue.NewFromConfig(l.glue), withoutDelays(l.glue)
	if l.tables, err = exports.Start(ctx, exports.Options{DynamoDB: source, S3: destination, Checks: 1}); err != nil {
		return l, err
	}
	l.servers = append(l.servers, l.tables.Stop)
	if l.interpreter, err = statemachine.StartInterpreter(ctx); err != nil {
		return l, err
	}
	l.servers = append(l.servers, l.interpreter.Stop)
	l.source = withoutDelays(l.tables.AWS())
	if err := l.serve(ctx); err != nil {
		return l, err
	}
	return l, l.prepare(ctx)
}

// Stop ends what NewLake has started.
func (l *Lake) Stop() {
	for _, stop := range l.servers {
		stop()
	}
}

func (l *Lake) prepare(ctx context.Context) error {
	client := dynamodb.NewFromConfig(l.tables.AWS())
	if err := sampletable.Create(ctx, client, l.table); err != nil {
		return err
	}
	if err := sampletable.Load(ctx, client, l.table, l.seed, 6, nil); err != nil {
		return err
	}
	l.tables.Advance(time.Hour)
	if _, err := l.objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &l.bucket}); err != nil {
		return err
	}
	if err := l.stranger(ctx); err != nil {
		return err
	}
	_, err := l.catalog.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String(lakeDatabase)}})
	return err
}

// now is the clock of the lake.
func (l *Lake) now() time.Time { return l.tables.Now() }

// move moves the clock when nothing is alive.
func (l *Lake) move(by time.Duration) {
	l.mu.Lock()
	hurry := l.hurry
	l.mu.Unlock()
	select {
	case <-hurry: // somebody else is about to move it
	default:
		close(hurry)
	}
	l.alive.Lock()
	defer l.alive.Unlock()
	l.tables.Advance(by)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hurry == hurry {
		l.hurry = make(chan struct{})
	}
}

func (l *Lake) breaks(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = append(l.broken, err)
}

// Broken says how a promise was broken; nil if it was not.
func (l *Lake) Broken() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.broken[:min(len(l.broken), 5)]...)
}

// String says what has happened.
func (l *Lake) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d commits, %d of them pruned; ends of the executions: %v; reads: %v; faults: %v", len(l.commits), l.prunedRuns, l.ends, l.reads, l.faults)
}

func (l *Lake) injected(fault Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults[fault]++
}

// serve answers Lambda's Invoke API and the SDK integrations. Each run has a path of its own.
func (l *Lake) serve(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l.url = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{run}/2015-03-31/functions/{function}/invocations", func(w http.ResponseWriter, asked *http.Request) {
		number, _ := strconv.Atoi(asked.PathValue("run"))
		l.mu.Lock()
		r := l.runs[number]
		l.mu.Unlock()
		if payload, err := io.ReadAll(asked.Body); err == nil && r != nil { // otherwise the interpreter has ended
			r.call(contract.Function(asked.PathValue("function")), payload).write(w)
		}
	})
	mux.HandleFunc("POST /{run}/aws-sdk/", func(w http.ResponseWriter, asked *http.Request) {
		_, action, _ := strings.Cut(asked.URL.Path, "/aws-sdk/")
		asked.URL.Path = "/aws-sdk/" + action
		sdkintegration.Server{DynamoDB: l.source}.Handler().ServeHTTP(w, asked)
	})
	server := http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()                   // ends with Stop
	l.servers = append(l.servers, func() { _ = server.Close() }) // its listener is not needed any more
	return nil
}
