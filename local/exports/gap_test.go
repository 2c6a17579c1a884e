package exports_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// flaky is a proxy between the server and its backend. It leaves all but the first write of a batch unprocessed, and loses the answer
// of a PutItem of the item "lost". The item "unread" cannot be read.
func flaky(t *testing.T) aws.Config {
	t.Helper()
	read, _ := testservers.Configs()
	backend, err := url.Parse(*read.BaseEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	var lose sync.Once
	proxy := httputil.NewSingleHostReverseProxy(backend)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		left := []json.RawMessage{}
		var table string
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchWriteItem") {
			var in struct{ RequestItems map[string][]json.RawMessage }
			if err := json.Unmarshal(body, &in); err != nil {
				t.Error(err)
			}
			for name, requests := range in.RequestItems {
				table, left = name, requests[1:]
				in.RequestItems[name] = requests[:1]
			}
			if body, err = json.Marshal(in); err != nil {
				t.Error(err)
			}
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchGetItem") && bytes.Contains(body, []byte(`"unread"`)) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") && bytes.Contains(body, []byte(`"lost"`)) {
			lose.Do(func() {
				proxy.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			})
		}
		if len(left) == 0 {
			proxy.ServeHTTP(w, r)
			return
		}
		proxy.ServeHTTP(httptest.NewRecorder(), r)
		answer, err := json.Marshal(map[string]any{"UnprocessedItems": map[string]any{table: left}})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(answer)))
		_, _ = w.Write(answer) // fails only if the client has left
	}))
	t.Cleanup(server.Close)
	read.BaseEndpoint, read.ConfigSources = &server.URL, nil
	return read
}

func TestOnlyWhatIsWrittenIsLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *exports.Options) { o.DynamoDB = flaky(t) })
	table := f.things()
	f.put(table, "second", "old")
	f.Advance(time.Hour)
	requests := []types.WriteRequest{
		{PutRequest: &types.PutRequest{Item: thing("first", "new")}},
		{PutRequest: &types.PutRequest{Item: thing("second", "new")}},
		{DeleteRequest: &types.DeleteRequest{Key: item{"id": text("third")}}},
	}
	out, err := f.db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}})
	f.ok(err)
	if left := out.UnprocessedItems[table]; len(left) != 2 {
		t.Errorf("left: %v", left)
	}
	f.Advance(time.Minute)
	if _, err := f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: thing("lost", "1")}, once); code(err) != "InternalServerError" {
		t.Errorf("a lost answer: %v", err)
	}
	f.Advance(time.Hour)
	var written []string
	for _, line := range f.lines(f.export(f.window(table, noon.Add(time.Hour), noon.Add(90*time.Minute)))) {
		var record struct {
			Keys struct{ ID struct{ S string } }
		}
		f.ok(json.Unmarshal([]byte(line), &record))
		written = append(written, record.Keys.ID.S)
	}
	if want := []string{"first", "lost"}; !slices.Equal(written, want) {
		t.Errorf("logged %v, want %v", written, want)
	}
	f.same("the state in the end", f.state(f.export(f.full(table))), f.table(table))
}

// If a write is missing from the log, it would be missing from every export, so no export starts any more.
func TestALogWithAGapIsNotExported(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *exports.Options) { o.DynamoDB = flaky(t) })
	table := f.things()
	for _, id := range []string{"unread", "another"} {
		_, err := f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: thing(id, "1")}, once)
		if code(err) != "InternalServerError" {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := f.db.ExportTableToPointInTime(t.Context(), f.full(table), once); code(err) != "InternalServerError" || !strings.Contains(err.Error(), "has a gap") {
		t.Errorf("an export: %v", err)
	}
	f.put(f.things(), "a", "1") // of another table
}

func TestStartNeedsAnEndpoint(t *testing.T) {
	t.Parallel()
	read, write := testservers.Configs()
	read.BaseEndpoint, read.ConfigSources = nil, nil
	if _, err := exports.Start(t.Context(), exports.Options{DynamoDB: read, S3: write}); err == nil || !strings.Contains(err.Error(), "start exports: ") {
		t.Errorf("got %v", err)
	}
}
