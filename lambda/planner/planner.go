// Package planner turns a request into the plan of a run: it looks at the table, decides how the scan is split, and claims
// the run's folder for this execution.
//
// It may import job, table and bucket.
package planner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Planner makes plans.
type Planner struct {
	DynamoDB *dynamodb.Client
	S3       *s3.Client
	// Defaults is a JSON object of request fields that the deployment sets.
	Defaults json.RawMessage
	// Account is the AWS account that the functions run in, "" where it is not known.
	Account string
}

const (
	bytesPerSegment = 1 << 30
	// unitsPerSegment is what one segment is taken to read, in read units a second: about seven pages.
	unitsPerSegment = 1000
	mostConcurrency = 100 // a tenth of the concurrent Lambda invocations that an account begins with
	someConcurrency = 10  // where the table's capacity is not known
)

// Run checks the request, describes the table, and claims the run. Done again by the same execution with the same request it
// returns the plan that was made first, whatever has changed since.
func (p *Planner) Run(ctx context.Context, in job.PlanInput) (job.PlanOutput, error) {
	request, err := job.Parse(in.Request, p.Defaults)
	if err != nil {
		return job.PlanOutput{}, err
	}
	target, err := p.target(request)
	if err != nil {
		return job.PlanOutput{}, err
	}
	at := in.Execution.StartTime
	if request.Scheduled != "" {
		at, _ = time.Parse(time.RFC3339, request.Scheduled) // job.Parse has checked it
	}
	root, err := job.Root(request.Prefix, target.Name, in.Execution.Name, at)
	if err != nil {
		return job.PlanOutput{}, err
	}
	if request.Mode == job.ModeExport {
		if err := checkWait(*request.Export); err != nil {
			return job.PlanOutput{}, err
		}
		request.Scan = &job.Scan{} // an export reads the table itself
	}
	described, err := table.Describe(ctx, p.DynamoDB, target, *request.Scan)
	if err != nil {
		return job.PlanOutput{}, err
	}
	output := plan(request, target, root, described, in.Execution)
	if size, most := payload(output), job.MaxPayloadBytes-job.MaxResultBytes; size > most {
		return job.PlanOutput{}, job.Errorf(job.InvalidRequest,
			"invalid request: it makes a state of %d bytes, and at most %d of the %d that Step Functions carries are for it: shorten the expressions and their values",
			size, most, job.MaxPayloadBytes)
	}
	return p.claim(ctx, request, output)
}

// target returns the table that the request names, if it lies where the functions run.
func (p *Planner) target(request job.Request) (job.Table, error) {
	target, err := job.ParseTable(request.Table)
	if err != nil {
		return target, err
	}
	if region := p.DynamoDB.Options().Region; target.Region != "" && target.Region != region {
		return target, job.Errorf(job.TableInOtherRegion,
			"table %q is in region %s, the functions run in %s: deploy the stack in %s", target.Name, target.Region, region, target.Region)
	}
	if target.Account != "" && p.Account != "" && target.Account != p.Account {
		return target, job.Errorf(job.TableInOtherAccount,
			"table %q is of account %s, the functions run in %s: reading from another account is not available in this version",
			target.Name, target.Account, p.Account)
	}
	return target, nil
}

func plan(request job.Request, target job.Table, root string, described table.Description, execution job.Execution) job.PlanOutput {
	made := job.Plan{
		Mode: request.Mode, RunID: execution.Name, ExecutionID: execution.ID, StartTime: execution.StartTime.UTC(),
		Table: target.Name, TableARN: described.ARN, TableID: described.ID,
		Bucket: request.Bucket, BucketOwner: request.BucketOwner, KMSKeyID: request.KMSKeyID, Root: root,
	}
	if request.Mode == job.ModeExport {
		return planExport(request, made)
	}
	made.Scan, made.TotalSegments = *request.Scan, segments(request, described.Bytes)
	made.Format, made.Compression, made.FileSizeBytes = request.Format, request.Compression, *request.FileSize
	numbers := made.Segments()
	return job.PlanOutput{
		Plan: made, Segments: numbers, Concurrency: min(concurrency(request, described.ReadUnits), len(numbers)), Export: noExports(),
	}
}

func segments(request job.Request, bytes int64) int {
	switch {
	case request.Scan.TotalSegments != nil:
		return int(*request.Scan.TotalSegments)
	case request.Segments != nil:
		return int(*request.Segments)
	default:
		return int(min(max(1, (bytes+bytesPerSegment-1)/bytesPerSegment), job.MaxSegments))
	}
}

func concurrency(request job.Request, readUnits float64) int {
	switch {
	case request.Concurrency != nil:
		return int(*request.Concurrency)
	case readUnits == 0:
		return someConcurrency
	default:
		return int(min(max(1, math.Ceil(readUnits/unitsPerSegment)), mostConcurrency))
	}
}

// claim makes the run's folder this execution's own by a write that only one can win, or finds that it is so already.
func (p *Planner) claim(ctx context.Context, request job.Request, output job.PlanOutput) (job.PlanOutput, error) {
	destination, layout := bucket.New(p.S3, output.Plan), output.Plan.Layout()
	own := job.Claim{ExecutionID: output.Plan.ExecutionID, RequestDigest: request.Digest(), Output: output}
	body, err := json.Marshal(own)
	if err != nil {
		return job.PlanOutput{}, fmt.Errorf("internal error: a claim does not marshal: %w", err)
	}
	created, err := destination.Create(ctx, layout.Claim(), body)
	if err != nil {
		return job.PlanOutput{}, fmt.Errorf("claim the run: %w", err)
	}
	if created {
		return output, nil
	}
	body, err = destination.Get(ctx, layout.Claim())
	if err != nil {
		return job.PlanOutput{}, fmt.Errorf("read the claim of the run: %w", err)
	}
	var theirs job.Claim
	if err := json.Unmarshal(body, &theirs); err != nil {
		return job.PlanOutput{}, job.Errorf(job.RunNameTaken, "%s is no claim of ours: choose another prefix, or another name for the execution",
			destination.URI(layout.Claim()))
	}
	switch {
	case theirs.ExecutionID != own.ExecutionID:
		return job.PlanOutput{}, job.Errorf(job.RunNameTaken, "the run %q at %s belongs to execution %s: choose another name for the execution, or another prefix",
			output.Plan.RunID, destination.URI(layout.Root), theirs.ExecutionID)
	case theirs.RequestDigest != own.RequestDigest:
		return job.PlanOutput{}, job.Errorf(job.RunNameTaken, "the run %q at %s was begun with another request: repeat that one to go on, or choose another name",
			output.Plan.RunID, destination.URI(layout.Root))
	}
	return p.resume(ctx, destination, theirs.Output)
}

// resume goes on with a plan that was claimed before: to scan or to export, or, where the run was committed, only to tell its result.
func (p *Planner) resume(ctx context.Context, destination *bucket.Bucket, output job.PlanOutput) (job.PlanOutput, error) {
	commit := output.Plan.Layout().ManifestSummary()
	if output.Plan.Mode == job.ModeExport {
		commit = output.Plan.Layout().Result()
	}
	_, err := destination.Get(ctx, commit)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return output, nil
	case err != nil:
		return job.PlanOutput{}, fmt.Errorf("look whether the run was committed: %w", err)
	}
	output.Committed = true
	return output, nil
}

func payload(output job.PlanOutput) int {
	body, err := json.Marshal(output)
	if err != nil {
		panic(fmt.Sprintf("internal error: a plan does not marshal: %v", err))
	}
	return len(body)
}
