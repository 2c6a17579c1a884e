package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/exports"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// seedRun is the run of one seed.
type seedRun struct {
	harness  *Harness
	scenario Scenario
	number   int
	bucket   string
	shares   bool        // the seed has other runs in the bucket
	result   *run.Result // of a chain's run that has committed
	table    *table
	writer   *writer // nil if nothing changes the table
	// segmentKeys are the keys of the items in the one segment that the run scans; nil if it scans all.
	segmentKeys map[string]bool
	capacity    struct { // of the table, if it changes
		sync.Mutex
		units int64
	}
	tables    *exports.Server // nil if the run is not an export
	faultsOff atomic.Bool     // no more faults
	tries     counts          // by task
	watch     *watch
	// executions knows the run's executions, as Step Functions does.
	executions executions.Memory
	life       life // of the first execution, if it dies
	hand       *hand

	mu           sync.Mutex // guards the following fields
	invocations  []*invocation
	trace        []Event
	faults       map[Fault]int
	descriptions []string // of the faults
	err          error    // of the harness itself
	consumed     consumption
}

// prepare creates the bucket and the table.
func (r *seedRun) prepare(ctx context.Context) error {
	h := r.harness
	r.bucket = fmt.Sprintf("chaos-%d", r.number)
	if _, err := h.objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &r.bucket}); err != nil {
		return err
	}
	if r.scenario.Mode == request.ModeExport {
		var err error
		if r.tables, err = exports.Start(ctx, exports.Options{DynamoDB: h.source, S3: h.direct, Checks: 1}); err != nil {
			return err
		}
	}
	return r.prepareTable(ctx)
}

// prepareTable creates the table.
func (r *seedRun) prepareTable(ctx context.Context) (err error) {
	h := r.harness
	if of := r.scenario.form(); r.scenario.ownTable() {
		r.table, err = h.newTable(ctx, fmt.Sprintf("written-%d", r.number), of)
	} else {
		r.table, err = h.sharedTable(ctx, of)
	}
	if err != nil {
		return err
	}
	if r.scenario.Writes {
		r.writer = &writer{client: h.tables, table: r.table}
	}
	if r.scenario.segments > 0 {
		if r.segmentKeys, err = h.segmentKeys(ctx, r.table.name, r.scenario.segment, r.scenario.segments); err != nil {
			return err
		}
	}
	return nil
}

// cleanUp removes what the seed has created.
func (r *seedRun) cleanUp(ctx context.Context) error {
	if r.tables != nil {
		r.tables.Stop()
	}
	if r.scenario.ownTable() {
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

// changeTable changes the table before a request, if the seed has this fault there.
func (r *seedRun) changeTable(ctx context.Context, fault Fault, caller string, o operation, change func(context.Context, *rand.Rand) (string, error)) {
	random := draw(r.scenario.Seed, caller, o, fault)
	if random.Float64() >= r.scenario.Rates[fault] {
		return
	}
	what, err := change(context.WithoutCancel(ctx), random)
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", fault, err))
	}
	if what != "" {
		r.injected(fault, caller, o, what)
	}
}

// beforeRequest is called before each request of a function. Some faults happen at this time.
func (r *seedRun) beforeRequest(ctx context.Context, i *invocation, o operation) {
	caller := i.caller
	r.countRequest(i)
	r.hand.before(ctx, i, o)
	switch {
	case o.name == "Scan" && r.writer != nil && !r.faultsOff.Load():
		if strings.HasPrefix(caller, string(contract.FunctionScan)) { // a table that is replaced before it was planned is the run's table
			r.changeTable(ctx, faultReplaced, caller, o, r.writer.replace)
		}
		r.changeTable(ctx, faultWritten, caller, o, r.writer.write)
	case o.name == "Scan" && r.scenario.Request == kindPercent:
		r.changeTable(ctx, faultCapacity, caller, o, r.setCapacity)
	case i.second && o.name == "ListObjects" && strings.Contains(o.subject, stagingFolder) && i.function == contract.FunctionFinalize && !closed(i.process.paused):
		r.resume(func(other *invocation) bool { return other.process.until == untilRemoves && other != i })
	case closed(i.process.paused): // it was given up itself. If it waited for others, two could wait for each other
	case o.name == "CompleteMultipartUpload":
		r.resume(func(i *invocation) bool { return i.process.until == untilCompletes && i.caller != caller })
	case o.name == "PutObject" && strings.HasSuffix(o.subject, "/manifest-files.json"):
		r.resume(func(other *invocation) bool { return other.process.until == untilCommitted && other != i })
	}
}

// injected counts and describes a fault. The description has no names that are different every time that the seed runs: the bucket's
// and the tries'.
func (r *seedRun) injected(fault Fault, caller string, on any, how ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[fault]++
	text := strings.TrimSpace(fmt.Sprintf("%s: %s: %v %s", caller, fault, on, strings.Join(how, " ")))
	r.descriptions = append(r.descriptions, tried.ReplaceAllString(strings.ReplaceAll(text, r.bucket, "BUCKET"), "$1-TRY"))
}

// had reports whether a fault was injected.
func (r *seedRun) had(fault Fault) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults[fault] > 0
}

// fail keeps the first error of the harness itself.
func (r *seedRun) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}
