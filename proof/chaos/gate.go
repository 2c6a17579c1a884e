package chaos

import (
	"bytes"
	"context"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// gate stands before the S3 server and makes it as atomic as S3 is: a request that has not come whole is not carried out, and
// of the requests for one bucket one is carried out after the other. VersityGW looks whether an object is there, writes it,
// and writes what it knows of it, one after the other, and two requests at once would mix.
type gate struct {
	address string
	server  http.Server
	forward *http.Transport

	mu      sync.Mutex // guards buckets
	buckets map[string]*sync.Mutex
}

func startGate(ctx context.Context, endpoint string) (*gate, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{address: listener.Addr().String(), forward: transportTo(hostOf(endpoint), true), buckets: map[string]*sync.Mutex{}}
	// A client that goes away in mid-request is no news.
	g.server = http.Server{Handler: http.HandlerFunc(g.serve), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = g.server.Serve(listener) }() // ends with stop
	return g, nil
}

func (g *gate) stop() {
	_ = g.server.Close() // nobody asks any more
	g.forward.CloseIdleConnections()
}

func (g *gate) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if err := g.carryOut(w, r, body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// carryOut has the server carry out a request, whether its client still waits for the answer or not.
func (g *gate) carryOut(w http.ResponseWriter, r *http.Request, body []byte) error {
	request := r.Clone(context.WithoutCancel(r.Context()))
	request.URL.Scheme, request.URL.Host = "http", r.Host // which the client has signed
	request.Header.Del("Expect")
	request.Body, request.ContentLength, request.RequestURI = io.NopCloser(bytes.NewReader(body)), int64(len(body)), ""
	if len(body) == 0 {
		request.Body = http.NoBody // else its length would count as unknown
	}
	lock := g.lock(r.URL.Path)
	lock.Lock()
	answer, err := g.forward.RoundTrip(request)
	if err != nil {
		lock.Unlock()
		return err
	}
	content, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it was read
	lock.Unlock()
	if err != nil {
		return err
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(content) // a client that has gone is told nothing
	return nil
}

func (g *gate) lock(path string) *sync.Mutex {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.buckets[bucket] == nil {
		g.buckets[bucket] = new(sync.Mutex)
	}
	return g.buckets[bucket]
}
