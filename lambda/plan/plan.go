// Package planner turns a request into the plan of a run: it looks at the table, decides how the scan is split, and claims
// the run's folder for this execution.
//
// It may import job, table, bucket, claim, record and transform.
package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Planner makes plans.
type Planner struct {
	// Tables and Objects return the clients that a run reads and writes with, by what its plan says of roles and the table's
	// region; for a plan that says nothing, the functions' own.
	Tables  func(job.Plan) *dynamodb.Client
	Objects func(job.Plan) *s3.Client
	// Executions tells what has become of the execution that has claimed a run before.
	Executions Executions
	// Defaults is a JSON object of request fields that the deployment sets.
	Defaults json.RawMessage
	// Account is the AWS account that the functions run in, "" where it is not known.
	Account string
	// Roles are those that a request may name; nil for any.
	Roles *job.AssumableRoles
}

const (
	bytesPerSegment = 1 << 30
	// unitsPerSegment is what one segment is taken to read, in read units a second: about seven pages.
	unitsPerSegment = 1000
	mostConcurrency = 100 // a tenth of the concurrent Lambda invocations that an account begins with
	someConcurrency = 10  // where the table's capacity is not known
)

// Run checks the request, describes the table, and claims the run. Done again by the same execution with the same request it
// returns the plan that was made first, whatever has changed since. Done by another execution with the same request it takes
// the run over if the first has died, and nothing of it can be at work any more; else it fails with RunNameTaken or, for the
// same firing of a schedule, returns a Duplicate where the first is at it or has completed it.
func (p *Planner) Run(ctx context.Context, in job.PlanInput) (job.PlanOutput, error) {
	request, err := job.Parse(in.Request, p.Defaults)
	if err != nil {
		return job.PlanOutput{}, err
	}
	if err := p.Roles.Check(request); err != nil {
		return job.PlanOutput{}, err
	}
	target, err := p.target(request)
	if err != nil {
		return job.PlanOutput{}, err
	}
	begun, err := p.begin(request, target, in.Execution)
	if err != nil {
		return job.PlanOutput{}, err
	}
	if begun.Encoder, err = encoderOf(request); err != nil {
		return job.PlanOutput{}, err
	}
	var scan job.Scan // of an export none: it is of the table itself
	if request.Mode == job.ModeExport {
		if err := checkWait(*request.Export); err != nil {
			return job.PlanOutput{}, err
		}
	} else {
		scan = *request.Scan
	}
	described, err := table.Describe(ctx, p.Tables(begun), target, scan)
	if err != nil {
		return job.PlanOutput{}, err
	}
	if request.Mode == job.ModeScan {
		if err := checkObjects(request, described); err != nil {
			return job.PlanOutput{}, err
		}
		if begun.ReadUnitsPerSecond, err = pace(request, described); err != nil {
			return job.PlanOutput{}, err
		}
	}
	output := plan(request, begun, described)
	if err := checkShare(request, output.Plan); err != nil {
		return job.PlanOutput{}, err
	}
	if size, most := payload(output), job.MaxPayloadBytes-job.MaxResultBytes; size > most {
		return job.PlanOutput{}, job.Errorf(job.InvalidRequest,
			"invalid request: it makes a state of %d bytes, and at most %d of the %d that Step Functions carries are for it: shorten the expressions and their values",
			size, most, job.MaxPayloadBytes)
	}
	return p.claim(ctx, request, output)
}

// target returns the table that the request names, if it lies where it would be looked for.
func (p *Planner) target(request job.Request) (job.Table, error) {
	target, err := job.ParseTable(request.Table)
	if err != nil {
		return target, err
	}
	reader := p.Account
	if request.SourceRoleARN != "" {
		if reader, err = job.RoleAccount(request.SourceRoleARN); err != nil {
			return target, err
		}
	}
	otherAccount := target.Account != "" && reader != "" && target.Account != reader
	switch region := p.region(); {
	case request.Mode == job.ModeExport && target.Region != "" && target.Region != region:
		return target, job.Errorf(job.TableInOtherRegion,
			"table %q is in region %s, the functions run in %s, and a native export is made and followed in their own: deploy the stack in %s, or scan: mode SCAN reads across regions",
			target.Name, target.Region, region, target.Region)
	case request.Mode == job.ModeExport && otherAccount:
		return target, job.Errorf(job.TableInOtherAccount,
			"table %q is of account %s, the functions run in %s, and a native export is made with their own rights: deploy the stack in the table's account and give the bucket's owner as export.s3BucketOwner, or scan: mode SCAN reads with a sourceRoleArn",
			target.Name, target.Account, reader)
	case otherAccount && request.SourceRoleARN != "":
		return target, job.Errorf(job.TableInOtherAccount, "table %q is of account %s, sourceRoleArn is of %s: give a role of the table's account",
			target.Name, target.Account, reader)
	case otherAccount:
		return target, job.Errorf(job.TableInOtherAccount,
			"table %q is of account %s, the functions run in %s: give sourceRoleArn, a role of account %s that may read the table",
			target.Name, target.Account, reader, target.Account)
	}
	return target, nil
}

// region is the one that the functions run in.
func (p *Planner) region() string { return p.Tables(job.Plan{}).Options().Region }

// begin returns what is known of a plan before the table is described: who runs it, where it writes, and with which rights.
func (p *Planner) begin(request job.Request, target job.Table, execution job.Execution) (job.Plan, error) {
	at := execution.StartTime
	if request.Scheduled != "" {
		at = job.Moment(request.Scheduled)
	}
	run := request.RunID(execution)
	root, err := job.Root(request.Prefix, target.Name, run, at)
	if err != nil {
		return job.Plan{}, err
	}
	begun := job.Plan{
		Mode: request.Mode, RunID: run, ExecutionID: execution.ID, StartTime: execution.StartTime.UTC(), Table: target.Name,
		Bucket: request.Bucket, BucketOwner: request.BucketOwner, KMSKeyID: request.KMSKeyID, Root: root,
		SourceRoleARN: request.SourceRoleARN, DestinationRoleARN: request.DestinationRoleARN,
	}
	if target.Region != p.region() {
		begun.TableRegion = target.Region
	}
	return begun, nil
}

// plan completes a plan that was begun with what the table is.
func plan(request job.Request, made job.Plan, described table.Description) job.PlanOutput {
	made.TableARN, made.TableID = described.ARN, described.ID
	if request.Mode == job.ModeExport {
		return planExport(request, made)
	}
	made.Scan, made.TotalSegments = *request.Scan, segments(request, described.Bytes)
	made.Format, made.Compression, made.FileSizeBytes = request.Format, request.Compression, *request.FileSize
	made.Transform, made.KeyNames = request.Transform, described.KeyNames
	numbers := made.Segments()
	atOnce := min(concurrency(request, described.ReadUnits, made.ReadUnitsPerSecond), len(numbers))
	if made.Paced() {
		made.Concurrency = atOnce
	}
	return job.PlanOutput{Plan: made, Segments: numbers, Concurrency: atOnce, Export: noExports()}
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

func concurrency(request job.Request, readUnits, pace float64) int {
	switch {
	case request.Concurrency != nil:
		return int(*request.Concurrency)
	case pace > 0:
		return int(min(max(1, math.Ceil(pace/pacePerSegment)), mostConcurrency))
	case readUnits == 0:
		return someConcurrency
	default:
		return int(min(max(1, math.Ceil(readUnits/unitsPerSegment)), mostConcurrency))
	}
}

func payload(output job.PlanOutput) int {
	body, err := json.Marshal(output)
	if err != nil {
		panic(fmt.Sprintf("internal error: a plan does not marshal: %v", err))
	}
	return len(body)
}
