package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// run is one seed at work.
type trial struct {
	harness  *Harness
	scenario Scenario
	number   int
	bucket   string
	table    *table
	writer   *writer         // nil if nobody writes
	tables   *exports.Server // of an export
	calm     atomic.Bool     // nothing befalls anything any more
	tries    counts          // of each task
	// executions knows the run's executions, as Step Functions does.
	executions executions.Memory

	mu          sync.Mutex // guards what follows
	invocations []*invocation
	trace       []Event
	tally       map[Fault]int
	events      []string
	fault       error // of the harness itself
}

// prepare makes the bucket and the table.
func (r *trial) prepare(ctx context.Context) error {
	h := r.harness
	r.bucket = fmt.Sprintf("chaos-%d", r.number)
	if _, err := h.objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &r.bucket}); err != nil {
		return err
	}
	var err error
	if !r.scenario.Writes {
		if r.table, err = h.sharedTable(ctx, r.scenario.Items, r.scenario.Large); err != nil {
			return err
		}
	} else {
		if r.table, err = h.newTable(ctx, fmt.Sprintf("written-%d", r.number), r.scenario.Items, false); err != nil {
			return err
		}
		r.writer = &writer{client: h.tables, table: r.table}
	}
	if r.scenario.Mode == request.ModeExport {
		r.tables, err = exports.Start(ctx, exports.Options{DynamoDB: h.source, S3: h.direct, Checks: 1})
	}
	return err
}

// clear removes what the seed has made.
func (r *trial) clear(ctx context.Context) error {
	if r.tables != nil {
		r.tables.Stop()
	}
	if r.writer != nil {
		if _, err := r.harness.tables.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &r.table.name}); err != nil {
			return err
		}
	}
	keys, err := r.keys(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(keys, 1000) {
		var objects []types.ObjectIdentifier
		for _, key := range batch {
			objects = append(objects, types.ObjectIdentifier{Key: &key})
		}
		if _, err := r.harness.objects.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &r.bucket, Delete: &types.Delete{Objects: objects}}); err != nil {
			return err
		}
	}
	uploads, err := r.uploads(ctx)
	if err != nil {
		return err
	}
	for _, upload := range uploads {
		_, err := r.harness.objects.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &r.bucket, Key: upload.Key, UploadId: upload.UploadId})
		if err != nil {
			return err
		}
	}
	_, err = r.harness.objects.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &r.bucket})
	return err
}

// before is told of each request that a function is about to send: some things happen just then.
func (r *trial) before(ctx context.Context, who string, o operation) {
	switch {
	case o.name == "Scan" && r.writer != nil && !r.calm.Load():
		random := draw(r.scenario.Seed, who, o, Written)
		if random.Float64() >= r.scenario.Rates[Written] {
			return
		}
		what, err := r.writer.write(context.WithoutCancel(ctx), random)
		if err != nil {
			r.broke(fmt.Errorf("write to the table: %w", err))
		}
		r.struck(Written, who, o, what)
	case o.name == "PutObject" && strings.HasSuffix(o.subject, "/manifest-files.json"):
		r.thaw(func(i *invocation) bool { return i.life.until == untilCommitted && i.who != who })
	}
}

func (r *trial) broke(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == nil {
		r.fault = err
	}
}

// play runs the seed's executions, and once more in good weather what has failed, and checks what has come of each.
func (r *trial) play(ctx context.Context) (Report, error) {
	outcomes, err := r.execute(ctx)
	if err != nil {
		return Report{}, err
	}
	r.settle()
	checked, broken := r.check(ctx, outcomes)
	report := Report{Scenario: r.scenario, Items: checked.items, Broken: broken}
	for _, outcome := range outcomes {
		report.Ends = append(report.Ends, endOf(outcome))
	}
	if broken == nil && len(checked.again) > 0 {
		r.calm.Store(true)
		for _, n := range checked.again {
			r.struck(Redriven, fmt.Sprintf("execution %d", n), outcomes[n].Error)
			if outcomes[n], err = r.executeOne(ctx, n); err != nil {
				return report, err
			}
			report.Ends = append(report.Ends, "then "+endOf(outcomes[n]))
		}
		r.settle()
		checked, report.Broken = r.check(ctx, outcomes)
		report.Items = checked.items
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	report.Faults, report.Events, report.Trace = r.tally, r.events, r.trace
	return report, r.fault
}

// execute runs the executions that the seed starts.
func (r *trial) execute(ctx context.Context) ([]statemachine.Outcome, error) {
	outcomes := make([]statemachine.Outcome, max(1, r.scenario.Deliveries))
	group, ctx := errgroup.WithContext(ctx)
	if !r.scenario.AtOnce {
		group.SetLimit(1)
	}
	for n := range outcomes {
		if n > 0 {
			r.struck(Fired, fmt.Sprintf("execution %d", n), "")
		}
		group.Go(func() (err error) {
			outcomes[n], err = r.executeOne(ctx, n)
			return err
		})
	}
	return outcomes, group.Wait()
}

func (r *trial) executeOne(ctx context.Context, n int) (statemachine.Outcome, error) {
	name := fmt.Sprintf("e-%d", n)
	const prefix = "arn:aws:states:us-east-1:" + account + ":"
	id := prefix + "execution:dynamodb-to-s3:" + name
	r.executions.Set(id, run.ExecutionRunning, time.Time{})
	r.note(Event{Kind: Began, Execution: n})
	outcome, err := r.harness.interpreter.Run(ctx, statemachine.Execution{
		Definition: definition.JSON, Input: r.scenario.request(r.table.name, r.bucket), InvokeURL: fmt.Sprintf("%s/%d/%d", r.harness.url, r.number, n),
		ID: id, Name: name, StartTime: time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC),
		StateMachineID: prefix + "stateMachine:dynamodb-to-s3", StateMachineName: "dynamodb-to-s3", Hurried: true,
	})
	if outcome.Succeeded {
		r.executions.Set(id, run.ExecutionSucceeded, time.Now())
		return outcome, err
	}
	r.note(Event{Kind: Failed, Execution: n})
	end := time.Now()
	if r.scenario.TakesOver { // nothing that the execution has called is still at work
		r.settle()
		end = end.Add(-run.QuietAfter)
	}
	r.executions.Set(id, run.ExecutionFailed, end)
	return outcome, err
}

// endOf says in a word how an execution has ended.
func endOf(o statemachine.Outcome) string {
	switch {
	case !o.Succeeded:
		return o.Error
	case duplicate(o):
		return "duplicate"
	default:
		return "succeeded"
	}
}

// duplicate tells whether an execution has left the run to another.
func duplicate(o statemachine.Outcome) bool {
	var output struct{ ExecutionID string }
	return o.Succeeded && json.Unmarshal(o.Output, &output) == nil && output.ExecutionID != ""
}
