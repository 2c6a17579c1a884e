package function_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// many is how many items most tables have. With a Limit of 12 they are enough for several segments of several invocations.
const many = 500

// account is the account of dynalite's tables.
const account = "000000000000"

// execution takes the state machine's place: it calls the handlers in their order, through JSON, like Step Functions.
type execution struct {
	t       *testing.T
	name    string
	request string
	// hurry is how far an invocation's clock leaps at every look. An invocation has an hour.
	hurry time.Duration
	// beforeScan and beforeConvert may stop the execution before an invocation, like a crash.
	beforeScan, beforeConvert func(in run.ScanInput) bool
	// tables has the tables; nil for the test servers' DynamoDB.
	tables *exports.Server
	// pages sends the requests to DynamoDB; nil for the test servers' client.
	pages aws.HTTPClient
	// objects sends the requests to S3, once each; nil for the test servers' client.
	objects aws.HTTPClient
	// start is when the execution starts; a constant if it is zero.
	start time.Time
	// redrives is how often it was redriven.
	redrives int
	// states knows the executions; if it is nil, all of them run.
	states plan.Executions
	// warm is the engine for all invocations; nil for a new one each time.
	warm *function.Engine
	// segmentBytes and pageBytes are about how many bytes a segment and a page of a second pass have; 0 for the usual numbers.
	segmentBytes int64
	pageBytes    int
	// metrics and log receive what the functions write; nil discards it.
	metrics, log io.Writer
	// prices are the deployment's; nil for the usual ones.
	prices price.Prices
	// glue has the database of the catalog, "lake"; nil if the deployment has none.
	glue *aws.Config
}

var errCrashed = errors.New("the test stopped the execution")

func (e execution) engine() *function.Engine {
	if e.warm != nil {
		return e.warm
	}
	source, destination := testservers.Configs()
	if e.tables != nil {
		source = e.tables.AWS()
		source.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // a refusal returns at once
	}
	if e.pages != nil {
		source.HTTPClient = e.pages
	}
	if e.objects != nil {
		destination.HTTPClient = e.objects
		destination.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	}
	log := slog.New(slog.DiscardHandler)
	if e.log != nil {
		log = slog.New(slog.NewJSONHandler(e.log, nil))
	}
	states := e.states
	if states == nil {
		states = &executions.Memory{Others: status.Running}
	}
	database := ""
	if e.glue != nil {
		database = "lake"
	}
	return function.New(source, destination, function.Options{
		Glue: e.glue, Database: database,
		Log: log, Executions: states, Account: account, Now: hurried(e.hurry), Metrics: e.metrics, Environment: "test",
		SegmentBytes: e.segmentBytes, PageBytes: e.pageBytes, Prices: e.prices,
	})
}

func (e execution) id() string {
	return "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:" + e.name
}

func (e execution) plan() (run.PlanOutput, error) {
	start := e.start
	if start.IsZero() {
		start = time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)
	}
	return call[run.PlanOutput](e, contract.FunctionPlan, run.PlanInput{
		Request: json.RawMessage(e.request), Execution: run.Execution{ID: e.id(), Name: e.name, StartTime: start},
	})
}

// scan scans one segment to its end, and returns the number of invocations.
func (e execution) scan(p run.Plan, segment int) (int, error) {
	in := run.ScanInput{Plan: p, Segment: segment}
	for n := 1; ; n++ {
		if e.beforeScan != nil && !e.beforeScan(in) {
			return n, errCrashed
		}
		checkpoint, err := call[run.Checkpoint](e, contract.FunctionScan, in)
		if err != nil || checkpoint.Done {
			return n, err
		}
		in.Checkpoint = &checkpoint
	}
}

func (e execution) finalize(p run.Plan) (run.Result, error) {
	out, err := call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: p})
	return out.Result, err
}

// run runs the execution to its end.
func (e execution) run() (run.Result, error) {
	planned, err := e.plan()
	if err != nil {
		return run.Result{}, err
	}
	if !planned.Committed {
		if err := e.scanAll(planned); err != nil {
			return run.Result{}, err
		}
	}
	return e.commit(planned)
}

// scanAll scans every segment to its end.
func (e execution) scanAll(planned run.PlanOutput) error {
	for _, segment := range planned.Segments {
		if _, err := e.scan(planned.Plan, segment); err != nil {
			return err
		}
	}
	return nil
}

// scanned plans the run and scans every segment, so that only finalize is left.
func (e execution) scanned() run.PlanOutput {
	e.t.Helper()
	planned, err := e.plan()
	if err == nil {
		err = e.scanAll(planned)
	}
	if err != nil {
		e.t.Fatal(err)
	}
	return planned
}

func call[Out any](e execution, function contract.Function, in any) (out Out, err error) {
	e.t.Helper()
	payload, err := json.Marshal(in)
	if err != nil {
		e.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Hour)
	defer cancel()
	answer, err := e.engine().Handler(function)(ctx, payload)
	if err != nil {
		return out, err
	}
	body, err := json.Marshal(answer)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		e.t.Fatal(err)
	}
	return out, nil
}

// hurried returns a clock that leaps by step at every look, so that an invocation's time ends soon.
func hurried(step time.Duration) func() time.Time {
	var mu sync.Mutex
	var leapt time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		leapt += step
		return time.Now().Add(leapt)
	}
}

func wantName(t *testing.T, err error, want failure.Name, words ...string) {
	t.Helper()
	named, ok := errors.AsType[messages.InvokeResponse_Error](err)
	if !ok || named.Type != string(want) {
		t.Fatalf("got %v, want %s", err, want)
	}
	for _, word := range words {
		if !strings.Contains(named.Message, word) {
			t.Errorf("no %q in the cause: %s", word, named.Message)
		}
	}
}

// holds compares a run of many items with its table and with the bucket.
func holds(t *testing.T, bucket string, result run.Result) {
	t.Helper()
	holdsItems(t, bucket, result, many)
}

func holdsItems(t *testing.T, bucket string, result run.Result, items int) {
	t.Helper()
	report, err := verify.Compare(t.Context(), testservers.DynamoDB(), testservers.S3(), result)
	if err != nil {
		t.Fatal(err)
	}
	keys := testservers.Keys(t, bucket, run.Layout{Root: result.Root}.DataPrefix())
	if report.Items != items || result.Items != int64(items) || report.Objects != len(keys) || result.Objects != int64(len(keys)) {
		t.Errorf("read back %d items of %d objects; the result has %d of %d; the bucket has %d objects, the table %d items",
			report.Items, report.Objects, result.Items, result.Objects, len(keys), items)
	}
	if uploads := testservers.Uploads(t, bucket, ""); len(uploads) > 0 {
		t.Errorf("%d uploads are left", len(uploads))
	}
}

func put(t *testing.T, bucket, key, body string) {
	t.Helper()
	if _, err := testservers.S3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, bucket, key string) string {
	t.Helper()
	answer, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func remove(t *testing.T, bucket, key string) {
	t.Helper()
	if _, err := testservers.S3().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
}

// contents returns every object's key and ETag, in order.
func contents(t *testing.T, bucket string) []string {
	t.Helper()
	var all []string
	for _, key := range testservers.Keys(t, bucket, "") {
		head, err := testservers.S3().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, key+" "+*head.ETag+" "+head.LastModified.String())
	}
	return all
}

// export plays the state machine's loop that follows exports, without its waits.
func (e execution) export(planned run.PlanOutput) (run.ExportProgress, error) {
	progress := planned.Export
	client := dynamodb.NewFromConfig(e.tables.AWS())
	for {
		var err error
		progress, err = call[run.ExportProgress](e, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: progress, Redrives: e.redrives})
		if err != nil || !progress.InProgress {
			return progress, err
		}
		for i := range progress.Exports {
			for f := &progress.Exports[i]; f.ExportStatus == "IN_PROGRESS" && f.Checks < f.Until; f.Checks++ {
				answer, err := client.DescribeExport(e.t.Context(), &dynamodb.DescribeExportInput{ExportArn: &f.ExportARN})
				if err != nil {
					return progress, err
				}
				f.ExportStatus = string(answer.ExportDescription.ExportStatus)
			}
		}
	}
}

// runExport runs an execution that exports to its end.
func (e execution) runExport() (run.Result, error) {
	planned, err := e.plan()
	if err != nil {
		return run.Result{}, err
	}
	for {
		if !planned.Committed {
			if planned.Export, err = e.export(planned); err != nil {
				return run.Result{}, err
			}
		}
		out, err := e.end(planned)
		switch {
		case err == nil && out.Convert:
			return e.secondPass(planned.Plan)
		case err != nil || !out.More:
			return out.Result, err
		}
	}
}
