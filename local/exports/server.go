// Package exports adds point-in-time recovery and exports to S3 to a DynamoDB server that has neither, such as dynalite. It is an
// HTTP server in front of that server, the backend. It forwards requests, logs every write, and answers the five operations of
// recovery and exports itself. Its exports have the layout of DynamoDB's own.
//
// Start starts a server; its clients use the configuration of Server.AWS. Advance moves its clock, so that a window of hours needs
// no waiting. Hold, Finish, Fail and Refuse let a test decide how an export ends. The log of a table begins with the items that the
// table has at the first request which needs the log; they count as written before all times. From then on the log has every
// PutItem, UpdateItem, DeleteItem and BatchWriteItem. It lacks transactions, PartiQL, and writes that go to the backend directly.
//
// The package owns the log and the exports. It may import lambda/awsclient, lambda/manifest and the SDK.
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

// answerDelay is how long the server waits before it answers by itself. The SDK fails if an answer comes within a millisecond: it
// closes the request's body at the first byte of the answer, while net/http may still read the body.
const answerDelay = 2 * time.Millisecond

// Options are the settings of a server.
type Options struct {
	// DynamoDB is the configuration for the backend. It must have an endpoint.
	DynamoDB aws.Config
	// S3 is the configuration for the buckets that exports are written to.
	S3 aws.Config
	// Delay is the shortest time that an export takes, by the system's clock. AWS takes minutes.
	Delay time.Duration
	// Checks is how many calls of DescribeExport get IN_PROGRESS before an export can end.
	Checks int
	// Listener is where the server is reached; nil for a free port of 127.0.0.1. The server closes it.
	Listener net.Listener
	// Now is the server's clock; nil for the system's.
	Now func() time.Time
}

// A Server is a running server. Its methods may be called from any goroutine.
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
	control    control

	cancel   context.CancelFunc // ends the work of all requests and exports
	requests sync.RWMutex       // read-locked by each request, until it has ended
	running  sync.WaitGroup     // the exports that have not ended
}

// An operation answers one call, given its body.
type operation = func(ctx context.Context, body []byte) (any, error)

// Start starts a server. ctx limits the start only: the server runs until Stop.
func Start(ctx context.Context, o Options) (*Server, error) {
	backend, err := newBackend(o.DynamoDB)
	if err != nil {
		return nil, fmt.Errorf("start exports: %w", err)
	}
	listener := o.Listener
	if listener == nil {
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start exports: %w", err)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		URL: "http://" + listener.Addr().String(), options: o, clock: clock{base: o.Now}, backend: backend,
		s3: awsclient.S3(o.S3),
	}
	quiet := log.New(io.Discard, "", 0) // a client that leaves is no error
	s.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(backend.endpoint)
			r.Out.Host = r.In.Host // the client has signed it
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
	// Work ends with the server, not with its request: what a client has asked for is done and logged, even if the client leaves.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(work, w, r) })
	s.http = http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
	go func() { _ = s.http.Serve(listener) }() // ends with Stop
	return s, nil
}

// Stop ends the server and returns when all requests and exports have ended. An export that was in progress is then FAILED. Stop may
// be called more than once.
func (s *Server) Stop() {
	s.cancel()
	_ = s.http.Close() // its listener and connections are not needed any more
	s.requests.Lock()  // waits for the requests; later ones do nothing
	defer s.requests.Unlock()
	s.running.Wait()
	s.backend.transport.CloseIdleConnections()
}

// AWS returns the SDK's configuration for clients of the server: Options.DynamoDB with its endpoint.
func (s *Server) AWS() aws.Config {
	cfg := s.options.DynamoDB.Copy()
	cfg.BaseEndpoint = &s.URL
	// The SDK's clients read the sources of the configuration again, and these have the backend's endpoint.
	cfg.ConfigSources = append([]any{config.LoadOptions{BaseEndpoint: s.URL}}, cfg.ConfigSources...)
	return cfg
}

// Now returns the time of the server's clock, in whole milliseconds as in its answers. The clock never goes back.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the server's clock forward.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// serve answers one request, or forwards it to the backend.
func (s *Server) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	s.requests.RLock()
	defer s.requests.RUnlock()
	if ctx.Err() != nil {
		return // the server has stopped
	}
	name := operationOf(r)
	own, isOwn := s.operations[name]
	refusal := s.control.refusal(name)
	if refusal == nil && !isOwn && !logged[name] {
		s.proxy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	if name == exportTable {
		s.control.record(json.RawMessage(body))
	}
	switch {
	case refusal != nil:
		answer(w, nil, refusal)
	case isOwn:
		out, err := own(ctx, body)
		w.Header().Set("Date", s.Now().Format(http.TimeFormat)) // clients take the time from it
		answer(w, out, err)
	default:
		s.write(ctx, w, r, name, body)
	}
}

// A clock is the clock of Options, moved forward.
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
