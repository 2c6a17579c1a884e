package table_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// A try counts as lost if DynamoDB may have carried it out and no answer came.
func TestLostTriesAreCounted(t *testing.T) {
	const page = `{"Count":0,"ScannedCount":0,"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}`
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // the client shows what arrived
		}
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, page) // as above
		panic(http.ErrAbortHandler)
	}
	throttled := write(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`)
	refused := write(400, `{"__type":"com.amazon.coral.validate#ValidationException"}`)
	failed := write(500, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`)
	good := write(200, page)
	for _, test := range []struct {
		name    string
		tries   []http.HandlerFunc
		lost    int
		asked   int
		succeed bool
	}{
		{"an answer", []http.HandlerFunc{good}, 0, 0, true},
		{"cut answers", []http.HandlerFunc{cut, cut, good}, 2, 2, true},
		{"an error of the service", []http.HandlerFunc{failed, good}, 1, 1, true},
		{"no capacity", []http.HandlerFunc{throttled, throttled, good}, 0, 0, true},
		{"a cut answer and no capacity", []http.HandlerFunc{cut, throttled, good}, 1, 2, true},
		{"a refused request", []http.HandlerFunc{refused}, 0, 0, false},
		{"an answer that counts other items than it has", []http.HandlerFunc{write(200, `{"Count":2,"ScannedCount":2,"Items":[]}`)}, 1, 0, false},
		{"only cut answers", []http.HandlerFunc{cut, cut, cut}, 3, 2, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n++
				test.tries[n-1](w, r)
			}))
			defer server.Close()
			p, asked := new(table.Page), 0
			p.Again = func(context.Context) error {
				asked++
				return nil
			}
			if err := readerOf(t, server.URL).Next(t.Context(), nil, p); (err == nil) != test.succeed {
				t.Error(err)
			}
			if p.Lost != test.lost || asked != test.asked || n != len(test.tries) {
				t.Errorf("%d tries, %d of them lost, asked %d times, want %d, %d and %d", n, p.Lost, asked, len(test.tries), test.lost, test.asked)
			}
		})
	}
	t.Run("no connection", func(t *testing.T) {
		closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = closed.Close() // nobody listens there
		p := new(table.Page)
		if err := readerOf(t, "http://"+closed.Addr().String()).Next(t.Context(), nil, p); err == nil || p.Lost != 0 {
			t.Errorf("%v, and %d tries lost", err, p.Lost)
		}
	})
	t.Run("nothing more may be read", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(cut))
		defer server.Close()
		spent := errors.New("spent")
		p := &table.Page{Again: func(context.Context) error { return spent }}
		if err := readerOf(t, server.URL).Next(t.Context(), nil, p); !errors.Is(err, spent) || p.Lost != 1 {
			t.Errorf("%v, and %d tries lost", err, p.Lost)
		}
	})
}

// readerOf returns a reader whose client tries three times.
func readerOf(t *testing.T, url string) *table.Reader {
	t.Helper()
	source, _ := testservers.Configs()
	client := dynamodb.NewFromConfig(source, func(o *dynamodb.Options) {
		o.BaseEndpoint, o.RetryMaxAttempts = aws.String(url), 3
	})
	reader, err := table.NewReader(client, run.Plan{Table: "t", Scan: &run.ScanPlan{TotalSegments: 1}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}
