package servers

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// InFront starts a server in front of VersityGW, or of another S3 server, that makes requests as atomic as those of S3. VersityGW
// replaces an object's ETag before its bytes. A reader in between gets the new ETag with the old bytes, and could then replace, on
// the condition of that ETag, what it has not read.
//
// The server passes a request on after all of it has arrived, and even if its client leaves. It passes the requests for one bucket
// on one after the other, through the transport: a transport that records requests sees them in the order in which S3 does them.
//
// The server listens on a free port of 127.0.0.1.
func InFront(ctx context.Context, s3 string, transport http.RoundTripper) (front *http.Server, address string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	return inFront(listener, s3, transport)
}

func inFront(listener net.Listener, s3 string, transport http.RoundTripper) (front *http.Server, address string, err error) {
	target, err := url.Parse(s3)
	if err != nil {
		return nil, "", err
	}
	quiet := log.New(io.Discard, "", 0) // a client that leaves is no error
	front = &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: quiet, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the client has signed it
			r.Out.Header.Del("Expect")
		},
		Transport:    &oneByOne{next: transport, buckets: map[string]*sync.Mutex{}},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // closes the connection
		ErrorLog:     quiet,
	}}
	go func() { _ = front.Serve(listener) }() // ends when front is closed
	return front, "http://" + listener.Addr().String(), nil
}

// oneByOne sends the requests for one bucket one after the other.
type oneByOne struct {
	next http.RoundTripper

	mu      sync.Mutex // guards buckets
	buckets map[string]*sync.Mutex
}

// RoundTrip returns as soon as the answer begins. By then VersityGW has finished a write, and has opened the file of a read.
func (o *oneByOne) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(context.WithoutCancel(request.Context()))
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	bucket := o.bucket(request.URL.Path)
	bucket.Lock()
	defer bucket.Unlock()
	return o.next.RoundTrip(request)
}

func (o *oneByOne) bucket(path string) *sync.Mutex {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buckets[name] == nil {
		o.buckets[name] = new(sync.Mutex)
	}
	return o.buckets[name]
}
