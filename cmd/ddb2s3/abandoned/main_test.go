package abandoned_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/abandoned"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestMain(m *testing.M) { testservers.Main(m) }

const machine = "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:"

// account has the functions, and knows executions.
type account struct {
	t             *testing.T
	engine        *function.Engine
	executions    *testservers.StepFunctions
	exports       *exports.Server
	table, bucket string
	began         time.Time
}

func newAccount(t *testing.T) *account {
	t.Helper()
	_, destination := testservers.Configs()
	a := &account{
		t: t, executions: testservers.StartStepFunctions(t), exports: testservers.StartExports(t, exports.Options{Delay: time.Hour}),
		table: testservers.Orders(t, 300), bucket: testservers.Bucket(t), began: time.Now().UTC().Truncate(time.Millisecond),
	}
	a.engine = function.New(a.exports.AWS(), destination, function.Options{Log: slog.New(slog.DiscardHandler), Executions: a.executions})
	return a
}

// call calls a function with a payload. It fails the test unless the function answers.
func call[Out any](a *account, name contract.Function, in any) Out {
	a.t.Helper()
	out, err := a.engine.Handler(name)(a.t.Context(), run.Marshal(in))
	if err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	return out.(Out)
}

// plan begins a run, whose execution fails so long ago that no function is at work.
func (a *account) plan(name, fields string) run.PlanOutput {
	a.t.Helper()
	request := json.RawMessage(fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "lake"%s}`, a.table, a.bucket, fields))
	planned := call[run.PlanOutput](a, contract.FunctionPlan, run.PlanInput{Request: request, Execution: run.Execution{ID: machine + name, Name: name, StartTime: a.began}})
	a.fail(name, execution.QuietAfter+time.Second)
	return planned
}

// fail lets an execution have failed for so long.
func (a *account) fail(name string, since time.Duration) {
	a.executions.Put(machine+name, execution.Failed, a.began, time.Now().Add(-since))
}

// scan scans all segments of a plan, and leaves open uploads.
func (a *account) scan(name contract.Function, plan run.Plan, segments []int) {
	a.t.Helper()
	for _, segment := range segments {
		call[run.Checkpoint](a, name, run.ScanInput{Plan: plan, Segment: segment})
	}
}

// convert commits the first pass of a run that makes Parquet files, and leaves the open uploads of the second one.
func (a *account) convert(planned run.PlanOutput) run.ColumnsOutput {
	a.t.Helper()
	a.scan(contract.FunctionScan, planned.Plan, planned.Segments)
	call[run.FinalizeOutput](a, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan})
	second := call[run.ColumnsOutput](a, contract.FunctionColumns, run.ColumnsInput{Plan: planned.Plan})
	a.scan(contract.FunctionConvert, second.Plan, second.Segments)
	return second
}

// find looks for the run in a folder.
func (a *account) find(root string) (*abandoned.Run, error) { return a.findWith(root, a.executions) }

func (a *account) findWith(root string, executions abandoned.Executions) (*abandoned.Run, error) {
	return abandoned.Find(a.t.Context(), abandoned.Services{S3: testservers.S3(), DynamoDB: dynamodb.NewFromConfig(a.exports.AWS()), Executions: executions}, a.bucket, root)
}

// interrupted ends a removal at its second look at an execution, which follows the mark.
type interrupted struct {
	abandoned.Executions
	looks  int
	cancel func()
}

func (i *interrupted) Describe(ctx context.Context, arn string) (execution.State, error) {
	if i.looks++; i.looks == 2 {
		i.cancel()
		return execution.State{}, ctx.Err()
	}
	return i.Executions.Describe(ctx, arn)
}

// refuses fails the test unless the run of a plan is refused with these words, and its folder stays as it is.
func (a *account) refuses(plan run.Plan, words string) {
	a.t.Helper()
	before := testservers.Keys(a.t, a.bucket, "")
	if _, err := a.find(plan.Root); err == nil || !strings.Contains(err.Error(), words) {
		a.t.Errorf("got %v, want %q", err, words)
	}
	after := testservers.Keys(a.t, a.bucket, "")
	for _, key := range before {
		if !slices.Contains(after, key) {
			a.t.Errorf("%s is gone", key)
		}
	}
}

// complete makes the object of the first open upload in a folder, as a finalize does that dies afterwards.
func (a *account) complete(prefix string) {
	a.t.Helper()
	upload := testservers.Uploads(a.t, a.bucket, prefix)[0]
	var parts []types.CompletedPart
	for _, part := range testservers.Parts(a.t, a.bucket, upload) {
		parts = append(parts, types.CompletedPart{PartNumber: part.PartNumber, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32})
	}
	_, err := testservers.S3().CompleteMultipartUpload(a.t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &a.bucket, Key: upload.Key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) put(key string) {
	a.t.Helper()
	if _, err := testservers.S3().PutObject(a.t.Context(), &s3.PutObjectInput{Bucket: &a.bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
		a.t.Fatal(err)
	}
}

// wantStopped fails the test unless the functions that work on a plan and commit it refuse it because its run is removed. They find the claim gone, or
// other objects of the run.
func (a *account) wantStopped(plan run.Plan) {
	a.t.Helper()
	work := contract.FunctionScan
	if plan.SecondPass() {
		work = contract.FunctionConvert
	}
	for name, in := range map[contract.Function]any{work: run.ScanInput{Plan: plan}, contract.FunctionFinalize: run.FinalizeInput{Plan: plan}} {
		_, err := a.engine.Handler(name)(a.t.Context(), run.Marshal(in))
		if failed, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || failed.Type != string(failure.RunNameTaken) && failed.Type != string(failure.ListsInconsistent) {
			a.t.Errorf("%s: got %v, want %s", name, err, failure.RunNameTaken)
		}
	}
}

// openUploads returns how many uploads are open.
func (a *account) openUploads(prefix string) int {
	return len(testservers.Uploads(a.t, a.bucket, prefix))
}

func (a *account) remove(key string) {
	a.t.Helper()
	if _, err := testservers.S3().DeleteObject(a.t.Context(), &s3.DeleteObjectInput{Bucket: &a.bucket, Key: &key}); err != nil {
		a.t.Fatal(err)
	}
}
