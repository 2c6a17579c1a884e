package columns

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// workWith returns the work of an invocation whose S3 answers as the handler does.
func workWith(t *testing.T, answer http.HandlerFunc) work {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	client := s3.New(s3.Options{
		BaseEndpoint: &server.URL, Region: "us-east-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	plan := run.Plan{
		Bucket: "b", Root: "AWSDynamoDB/r", RunID: "r", StartTime: time.Date(2026, 11, 27, 5, 0, 0, 0, time.UTC),
		Parquet: &run.ParquetPlan{}, Scan: &run.ScanPlan{},
	}
	return work{plan: plan, bucket: bucket.New(client, plan)}
}

// An answer of S3 that a retry can repair must not look like an object that somebody has changed.
func TestFaultOfS3IsNotAChangedObject(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{http.StatusInternalServerError: false, http.StatusNotFound: true} {
		w := workWith(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		for name, read := range map[string]func(context.Context) error{
			"the result of an export": func(ctx context.Context) error { _, err := w.export(ctx); return err },
			"the manifest of a scan":  func(ctx context.Context) error { _, err := w.source(ctx, &run.Schema{}); return err },
			"the files of a manifest": func(ctx context.Context) error { _, _, err := w.files(ctx, "manifest-summary.json", 1); return err },
		} {
			if err := read(t.Context()); err == nil || (failure.NameOf(err) == failure.ListsInconsistent) != permanent {
				t.Errorf("%s, answered with %d: got %v", name, status, err)
			}
		}
	}
}

// object answers each request with an object.
func object(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"e"`)
		_, _ = io.WriteString(w, content) // the client sees an answer that ends early
	}
}

// The files of the second pass are those of the manifest that have items. Together they have the records that were staged, and they lie in _staging/.
func TestFilesOfAManifest(t *testing.T) {
	t.Parallel()
	const staged = "AWSDynamoDB/r/_staging/data/"
	for _, test := range []struct {
		name string
		keys []string // those with an e have no item, and all others have one
		want []string
		err  string
	}{
		{"all", []string{staged + "a", staged + "b"}, []string{staged + "a", staged + "b"}, ""},
		{"without empty files", []string{staged + "e1", staged + "a", staged + "e2", staged + "b"}, []string{staged + "a", staged + "b"}, ""},
		{"fewer records than staged", []string{staged + "a"}, nil, "its files have 1 records, and the first pass has staged 2"},
		{"more records than staged", []string{staged + "a", staged + "b", staged + "c"}, nil, "its files have 3 records"},
		{"of another run", []string{staged + "a", "AWSDynamoDB/q/_staging/data/b"}, nil, "it names AWSDynamoDB/q/_staging/data/b"},
	} {
		var lines strings.Builder
		for _, key := range test.keys {
			items := int64(1)
			if strings.Contains(key, "/e") {
				items = 0
			}
			lines.Write(append(run.Marshal(manifest.File{DataFileKey: key, ItemCount: items}), '\n'))
		}
		kept, items, err := workWith(t, object(lines.String())).files(t.Context(), "manifest-files.json", 2)
		if test.err != "" {
			if failure.NameOf(err) != failure.ListsInconsistent || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got %v", test.name, err)
			}
			continue
		}
		files, fault := manifest.DecodeFiles(kept)
		var got []string
		for _, file := range files {
			got = append(got, file.DataFileKey)
		}
		if fault != nil || len(items) != len(files) {
			t.Errorf("%s: %d numbers of items, and %v", test.name, len(items), fault)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
		}
	}
}

// The result of the first pass must be that of one full export of this very run.
func TestResultOfAnotherExportIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*run.Result){
		"":                     func(*run.Result) {},
		"another run":          func(r *run.Result) { r.RunID = "q" },
		"another start":        func(r *run.Result) { r.StartTime = r.StartTime.Add(time.Second) },
		"no export":            func(r *run.Result) { r.Exports = nil },
		"two exports":          func(r *run.Result) { r.Exports = append(r.Exports, r.Exports[0]) },
		"an incremental one":   func(r *run.Result) { r.Exports[0].ExportType = request.ExportIncremental },
		"an export of no type": func(r *run.Result) { r.Exports[0].ExportType = "" },
	} {
		result := run.Result{
			RunID: "r", StartTime: time.Date(2026, 11, 27, 5, 0, 0, 0, time.UTC),
			Exports: []run.ExportedWindow{{ExportType: request.ExportFull, Items: 7}},
		}
		change(&result)
		body, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		window, err := workWith(t, object(string(body))).export(t.Context())
		if name == "" && (err != nil || window.Items != 7) || name != "" && failure.NameOf(err) != failure.ListsInconsistent {
			t.Errorf("%q: got %+v, %v", name, window, err)
		}
	}
}

// The plan of a second pass has its schema, and a run of another format has none.
func TestOnlyFirstPassesHaveColumnsToDecide(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]run.Plan{"another format": {}, "a second pass": {Parquet: &run.ParquetPlan{Schema: "digest"}}} {
		if _, err := new(Step).Run(t.Context(), run.ColumnsInput{Plan: plan}); failure.NameOf(err) != failure.InvalidRequest {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
