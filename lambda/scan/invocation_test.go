package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// line is an S3 behind a line of so many bytes a second, which all requests share. Each request also takes one round trip.
type line struct {
	rate func() int64 // bytes a second; 0 for a dead line
	trip time.Duration

	mu      sync.Mutex
	busy    time.Time         // until then the line sends earlier requests
	objects []string          // the requests that got an answer
	files   map[string]string // the lists and markers that were written, by their paths
}

func (l *line) Do(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet {
		return l.get(req), nil
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	rate := l.rate()
	if rate == 0 {
		l.mu.Unlock()
		select {
		case <-req.Context().Done():
			return nil, req.Context().Err()
		case <-time.After(time.Minute): // like the functions' client
			return nil, os.ErrDeadlineExceeded
		}
	}
	if now := time.Now(); l.busy.Before(now) {
		l.busy = now
	}
	l.busy = l.busy.Add(time.Duration(float64(len(body)) / float64(rate) * float64(time.Second)))
	wait := time.Until(l.busy) + l.trip
	l.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	l.mu.Lock()
	l.objects = append(l.objects, req.Method+" "+req.URL.Path)
	if req.Method == http.MethodPut && !req.URL.Query().Has("uploadId") {
		if l.files == nil {
			l.files = map[string]string{}
		}
		l.files[req.URL.Path] = string(body)
	}
	l.mu.Unlock()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"e"`}}, Request: req,
		Body: io.NopCloser(strings.NewReader(`<Answer><UploadId>u</UploadId><ETag>"e"</ETag></Answer>`)),
	}, nil
}

// get answers with what was written, with a claim, or with a listing of what was written.
func (l *line) get(req *http.Request) *http.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, there := l.files[req.URL.Path]
	status, query := http.StatusOK, req.URL.Query()
	switch {
	case there:
	case strings.HasSuffix(req.URL.Path, "/_started"):
		body = `{"version": 1, "executionId": ""}`
	case query.Has("list-type"):
		for _, path := range slices.Sorted(maps.Keys(l.files)) {
			_, key, _ := strings.Cut(path[1:], "/")
			if strings.HasPrefix(key, query.Get("prefix")) && key > query.Get("start-after") {
				body += "<Contents><Key>" + key + "</Key></Contents>"
			}
		}
		body = "<ListBucketResult>" + body + "</ListBucketResult>"
	default:
		status, body = http.StatusNotFound, `<Error><Code>NoSuchKey</Code></Error>`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Etag": {`"e"`}}, Request: req, Body: io.NopCloser(strings.NewReader(body))}
}

// endless is a segment without an end. Each page arrives after a time; dead means never.
type endless struct {
	body  []byte
	after func(page int) time.Duration
	pages int
	last  time.Time // when the last page arrived
}

const dead time.Duration = -1

func (e *endless) Next(ctx context.Context, _ json.RawMessage, into *table.Page) error {
	var came <-chan time.Time
	if after := e.after(e.pages); after != dead {
		came = time.After(after)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-came:
	}
	e.pages++
	e.last = time.Now()
	into.LastEvaluatedKey = json.RawMessage(`{"id":{"S":"x"}}`)
	into.Bytes = int64(len(e.body))
	return into.Items.Parse(e.body)
}

func always[T any](value T) func(int) T { return func(int) T { return value } }

// The clock is synctest's: it moves on when everything waits, so 900 seconds pass in the time that the computing takes.
func TestInvocationEndsInTime(t *testing.T) {
	body := []byte(`{"Items":[` + strings.Repeat(`{"id":{"S":"`+strings.Repeat("x", 32<<10)+`"}},`, 31) + `{"id":{"S":""}}]}`) // 1 MB
	const mb = 1_000_000
	after := func(start time.Time, when time.Duration, before, then int64) func() int64 {
		return func() int64 {
			if time.Since(start) < when {
				return before
			}
			return then
		}
	}
	for _, test := range []struct {
		name    string
		timeout time.Duration
		pages   func(page int) time.Duration
		rate    func(start time.Time) func() int64
		trip    time.Duration
		share   float64       // of the invocation, at least: when the last page arrived
		unused  time.Duration // at most
		err     failure.Name
	}{
		{
			name: "128 MiB objects at 20 MB/s", timeout: 900 * time.Second, pages: always(4 * time.Second),
			rate: func(time.Time) func() int64 { return func() int64 { return 20 * mb } }, trip: 30 * time.Millisecond,
			share: 0.98, unused: 16 * time.Second,
		},
		{
			name: "pages that come faster than the line takes them", timeout: 15 * time.Second, pages: always(5 * time.Millisecond),
			rate: func(time.Time) func() int64 { return func() int64 { return 20 * mb } }, trip: 30 * time.Millisecond,
			share: 0.6, unused: 5 * time.Second,
		},
		{
			name: "a line that slows down to a twentieth", timeout: 120 * time.Second, pages: always(500 * time.Millisecond),
			rate: func(start time.Time) func() int64 { return after(start, 60*time.Second, 20*mb, mb) }, trip: 30 * time.Millisecond,
			share: 0.3, unused: 60 * time.Second,
		},
		{
			name: "a slow line from the start", timeout: 120 * time.Second, pages: always(500 * time.Millisecond),
			rate: func(time.Time) func() int64 { return func() int64 { return mb } }, trip: time.Second,
			share: 0.3, unused: 60 * time.Second,
		},
		{
			name: "slow pages", timeout: 300 * time.Second, pages: always(20 * time.Second),
			rate: func(time.Time) func() int64 { return func() int64 { return 20 * mb } }, trip: 30 * time.Millisecond,
			share: 0.9, unused: 22 * time.Second,
		},
		{
			name: "pages that become slow", timeout: 300 * time.Second,
			pages: func(page int) time.Duration { return time.Duration(page) * time.Second },
			rate:  func(time.Time) func() int64 { return func() int64 { return 20 * mb } }, trip: 30 * time.Millisecond,
			share: 0.85, unused: 40 * time.Second,
		},
		{
			name: "a page that never comes", timeout: 60 * time.Second,
			pages: func(page int) time.Duration {
				if page == 10 {
					return dead
				}
				return 100 * time.Millisecond
			},
			rate: func(time.Time) func() int64 { return func() int64 { return 20 * mb } }, trip: 30 * time.Millisecond,
			unused: 6 * time.Second,
		},
		{
			name: "a first page that never comes", timeout: 60 * time.Second, pages: always(dead),
			rate: func(time.Time) func() int64 { return func() int64 { return 20 * mb } }, err: failure.NoProgress,
		},
		{
			name: "a line that dies", timeout: 60 * time.Second, pages: always(500 * time.Millisecond),
			rate: func(start time.Time) func() int64 { return after(start, 20*time.Second, 20*mb, 0) }, err: failure.Internal,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				s3 := &line{rate: test.rate(start), trip: test.trip}
				reader := &endless{body: body, after: test.pages}
				plan := run.Plan{Bucket: "b", Root: "r", Scan: &run.ScanPlan{Compression: request.CompressionNone, FileSizeBytes: request.DefaultFileSize}}
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				var log bytes.Buffer
				s := segment{
					plan: plan, reader: reader, Source: source(oneToOne{ddbjson.DynamoDBJSON{}}), pacer: pace.New(pace.Config{}), budget: newBudget(ctx, time.Now),
					bucket: bucket.New(awsclient.S3(aws.Config{
						Region: "us-east-1", HTTPClient: s3, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
					}), plan),
					log: slog.New(slog.NewJSONHandler(&log, nil)),
				}
				did, err := s.scan(ctx)
				if test.err != "" {
					if err == nil || failure.NameOf(err) != test.err {
						t.Fatalf("got %v, want %s", err, test.err)
					}
					if answered := strings.Join(s3.objects, "\n"); strings.Contains(answered, "_segments/") {
						t.Errorf("a list was written: %s", answered)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				s.tell(ctx, nil, did)
				checkpoint := did.checkpoint
				unused, share := test.timeout-time.Since(start), reader.last.Sub(start).Seconds()/test.timeout.Seconds()
				t.Logf("%d pages, the last after %.4f of the time; %s unused", checkpoint.Totals.Pages, share, unused)
				if unused < 0 || unused > test.unused || did.unused != unused {
					t.Errorf("%s of %s are unused, the report says %s", unused, test.timeout, did.unused)
				}
				if share < test.share {
					t.Errorf("pages had %.3f of the time, want %.3f", share, test.share)
				}
				if checkpoint.Done || checkpoint.Totals.Pages == 0 || checkpoint.Invocation != 1 {
					t.Errorf("got %+v", checkpoint)
				}
				var told struct{ Reserve, Closing, Unused string }
				lines := bytes.Split(bytes.TrimSpace(log.Bytes()), []byte("\n"))
				if err := json.Unmarshal(lines[len(lines)-1], &told); err != nil || told.Unused != unused.String() || told.Reserve != did.reserve.String() {
					t.Errorf("the log says %s, %v", log.Bytes(), err)
				}
			})
		})
	}
}
