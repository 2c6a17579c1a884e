// Package recovery gives a DynamoDB that has neither point-in-time recovery nor exports to S3, as dynalite, both: it is an
// HTTP server that stands before it, forwards what it is asked, logs each write that passes, and answers the five operations
// itself that speak of recovery and exports. An export that it makes lies in S3 as one of DynamoDB's own would.
//
// Start, and the endpoint to give to clients is Server.AWS. Advance moves its clock, so that a window of hours needs no
// waiting; Hold, Finish, Fail and Refuse let a test decide how an export ends. It knows what a table held when it first had
// to do with it, which counts as written before everything, and every PutItem, UpdateItem, DeleteItem and BatchWriteItem that
// passes through it from then on; it does not see what is written by a transaction, by PartiQL, or past it.
//
// It owns the log and the exports. It may import lambda/awsclient, lambda/manifest, its neighbours under local/ and the SDK.
package exports

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// answerDelay is how long an answer of our own waits. The SDK breaks on answers that come in under a millisecond: it closes
// the request's body on the first byte of one, while net/http may still be reading it.
const answerDelay = 2 * time.Millisecond

// Options are what a stand-in is made of.
type Options struct {
	// DynamoDB is the server that it stands before. It must name an endpoint.
	DynamoDB aws.Config
	// S3 is where exports are written.
	S3 aws.Config
	// Delay is how long an export takes at the least, by the real clock. AWS takes minutes.
	Delay time.Duration
	// Checks is how many calls of DescribeExport see an export IN_PROGRESS at the least.
	Checks int
	// Now is its clock; nil is the system's.
	Now func() time.Time
}

// A Server is a running stand-in. Its methods may be called from any goroutine.
type Server struct {
	URL string // http://127.0.0.1:<port>, an SDK's endpoint

	options    Options
	clock      clock
	backend    *backend
	s3         *s3.Client
	proxy      *httputil.ReverseProxy
	operations map[string]operation
	http       http.Server
	tables     tables
	exports    exports
	script     script

	running  sync.WaitGroup // the requests and the exports that have not ended
	stopping sync.Mutex     // held where running begins to count a request, and where stopped is closed
	stopped  chan struct{}
}

// An operation answers one call, given its body.
type operation = func(ctx context.Context, body []byte) (any, error)

// Start starts a stand-in on a free port of 127.0.0.1. ctx bounds the start only: the server runs until Stop.
func Start(ctx context.Context, o Options) (*Server, error) {
	backend, err := newBackend(o.DynamoDB)
	if err != nil {
		return nil, fmt.Errorf("start recovery: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start recovery: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		URL: "http://" + listener.Addr().String(), options: o, clock: clock{base: o.Now}, backend: backend,
		s3: awsclient.S3(o.S3), stopped: make(chan struct{}),
	}
	quiet := log.New(io.Discard, "", 0) // a client that goes away is no news
	s.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend.endpoint)
			r.Out.Host = r.In.Host // which the client has signed
		},
		Transport: backend.transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			answer(w, nil, fmt.Errorf("forward: %w", err))
		},
		ErrorLog: quiet,
	}
	s.operations = map[string]operation{
		"DescribeContinuousBackups": s.describeBackups,
		"UpdateContinuousBackups":   s.updateBackups,
		exportTable:                 s.startExport,
		"DescribeExport":            s.describeExport,
		"ListExports":               s.listExports,
	}
	s.http = http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = s.http.Serve(listener) }() // it ends with Stop
	return s, nil
}

// Stop ends the server and returns when its exports have ended; those that had not are FAILED. It may be called more than once.
func (s *Server) Stop() {
	s.stopping.Lock()
	if !s.isStopped() {
		close(s.stopped)
	}
	s.stopping.Unlock()
	_ = s.http.Close() // of a listener and connections that nobody needs any more
	s.running.Wait()
	s.backend.transport.CloseIdleConnections()
}

func (s *Server) isStopped() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// begin counts a request as running, unless the server is stopped.
func (s *Server) begin() bool {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	if s.isStopped() {
		return false
	}
	s.running.Add(1)
	return true
}

// AWS returns the SDK's configuration for clients of the server: Options.DynamoDB with its endpoint.
func (s *Server) AWS() aws.Config {
	cfg := s.options.DynamoDB.Copy()
	cfg.BaseEndpoint = &s.URL
	// The SDK's clients ask the sources that the configuration was made from once more, and these name the backend.
	cfg.ConfigSources = append([]any{config.LoadOptions{BaseEndpoint: s.URL}}, cfg.ConfigSources...)
	return cfg
}

// Now returns the time by the server's clock, which ticks in milliseconds, as the times of its answers do, and never goes back.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the server's clock forward.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// serve answers one request, or has the backend answer it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		return
	}
	defer s.running.Done()
	name := operationOf(r)
	own, isOwn := s.operations[name]
	refusal := s.script.refusal(name)
	if refusal == nil && !isOwn && !logged[name] {
		s.proxy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone away
	}
	if name == exportTable {
		s.script.record(json.RawMessage(body))
	}
	ctx, cancel := s.outlive(r.Context())
	defer cancel()
	switch {
	case refusal != nil:
		answer(w, nil, refusal)
	case isOwn:
		out, err := own(ctx, body)
		answer(w, out, err)
	default:
		s.write(ctx, w, r, name, body)
	}
}

// outlive returns a context that ends with the server, not with the request: what a client has asked for is done, and
// logged, also if it does not wait for the answer.
func (s *Server) outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-s.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// A clock is the system's, or a test's, moved forward.
type clock struct {
	base func() time.Time

	mu    sync.Mutex
	ahead time.Duration
	last  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.base().Add(c.ahead).UTC().Round(0).Truncate(time.Millisecond); now.After(c.last) {
		c.last = now
	}
	return c.last
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
