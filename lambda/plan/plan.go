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

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Planner makes plans.
type Planner struct {
	// Tables and Objects return the clients that a run reads and writes with, by what its plan says of roles and the table's
	// region; for a plan that says nothing, the functions' own.
	Tables  func(run.Plan) *dynamodb.Client
	Objects func(run.Plan) *s3.Client
	// Executions tells what has become of the execution that has claimed a run before.
	Executions Executions
	// Defaults is a JSON object of request fields that the deployment sets.
	Defaults json.RawMessage
	// Account is the AWS account that the functions run in, "" where it is not known.
	Account string
	// Roles are those that a request may name; nil for any.
	Roles *request.AssumableRoles
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
func (p *Planner) Run(ctx context.Context, in run.PlanInput) (run.PlanOutput, error) {
	req, err := request.Parse(in.Request, p.Defaults)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if err := p.Roles.Check(req); err != nil {
		return run.PlanOutput{}, err
	}
	target, err := p.target(req)
	if err != nil {
		return run.PlanOutput{}, err
	}
	begun, err := p.begin(req, target, in.Execution)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if begun.Encoder, err = encoderOf(req); err != nil {
		return run.PlanOutput{}, err
	}
	var scan request.Scan // of an export none: it is of the table itself
	if req.Mode == request.ModeExport {
		if err := checkWait(*req.Export); err != nil {
			return run.PlanOutput{}, err
		}
	} else {
		scan = *req.Scan
	}
	described, err := table.Describe(ctx, p.Tables(begun), target, scan)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if req.Mode == request.ModeScan {
		if err := checkObjects(req, described); err != nil {
			return run.PlanOutput{}, err
		}
		if begun.ReadUnitsPerSecond, err = pace(req, described); err != nil {
			return run.PlanOutput{}, err
		}
	}
	output := plan(req, begun, described)
	if err := checkShare(req, output.Plan); err != nil {
		return run.PlanOutput{}, err
	}
	if size, most := payload(output), contract.MaxPayloadBytes-contract.MaxResultBytes; size > most {
		return run.PlanOutput{}, failure.Errorf(failure.InvalidRequest,
			"invalid request: it makes a state of %d bytes, and at most %d of the %d that Step Functions carries are for it: shorten the expressions and their values",
			size, most, contract.MaxPayloadBytes)
	}
	return p.claim(ctx, req, output)
}

// target returns the table that the request names, if it lies where it would be looked for.
func (p *Planner) target(req request.Request) (request.Table, error) {
	target, err := request.ParseTable(req.Table)
	if err != nil {
		return target, err
	}
	reader := p.Account
	if req.SourceRoleARN != "" {
		if reader, err = request.RoleAccount(req.SourceRoleARN); err != nil {
			return target, err
		}
	}
	otherAccount := target.Account != "" && reader != "" && target.Account != reader
	switch region := p.region(); {
	case req.Mode == request.ModeExport && target.Region != "" && target.Region != region:
		return target, failure.Errorf(failure.TableInOtherRegion,
			"table %q is in region %s, the functions run in %s, and a native export is made and followed in their own: deploy the stack in %s, or scan: mode SCAN reads across regions",
			target.Name, target.Region, region, target.Region)
	case req.Mode == request.ModeExport && otherAccount:
		return target, failure.Errorf(failure.TableInOtherAccount,
			"table %q is of account %s, the functions run in %s, and a native export is made with their own rights: deploy the stack in the table's account and give the bucket's owner as export.s3BucketOwner, or scan: mode SCAN reads with a sourceRoleArn",
			target.Name, target.Account, reader)
	case otherAccount && req.SourceRoleARN != "":
		return target, failure.Errorf(failure.TableInOtherAccount, "table %q is of account %s, sourceRoleArn is of %s: give a role of the table's account",
			target.Name, target.Account, reader)
	case otherAccount:
		return target, failure.Errorf(failure.TableInOtherAccount,
			"table %q is of account %s, the functions run in %s: give sourceRoleArn, a role of account %s that may read the table",
			target.Name, target.Account, reader, target.Account)
	}
	return target, nil
}

// region is the one that the functions run in.
func (p *Planner) region() string { return p.Tables(run.Plan{}).Options().Region }

// begin returns what is known of a plan before the table is described: who runs it, where it writes, and with which rights.
func (p *Planner) begin(req request.Request, target request.Table, execution run.Execution) (run.Plan, error) {
	at := execution.StartTime
	if req.Scheduled != "" {
		at = request.Moment(req.Scheduled)
	}
	id := run.ID(req, execution)
	root, err := run.Root(req.Prefix, target.Name, id, at)
	if err != nil {
		return run.Plan{}, err
	}
	begun := run.Plan{
		Mode: req.Mode, RunID: id, ExecutionID: execution.ID, StartTime: execution.StartTime.UTC(), Table: target.Name,
		Bucket: req.Bucket, BucketOwner: req.BucketOwner, KMSKeyID: req.KMSKeyID, Root: root,
		SourceRoleARN: req.SourceRoleARN, DestinationRoleARN: req.DestinationRoleARN,
	}
	if target.Region != p.region() {
		begun.TableRegion = target.Region
	}
	return begun, nil
}

// plan completes a plan that was begun with what the table is.
func plan(req request.Request, made run.Plan, described table.Description) run.PlanOutput {
	made.TableARN, made.TableID = described.ARN, described.ID
	if req.Mode == request.ModeExport {
		return planExport(req, made)
	}
	made.Scan, made.TotalSegments = *req.Scan, segments(req, described.Bytes)
	made.Format, made.Compression, made.FileSizeBytes = req.Format, req.Compression, *req.FileSize
	made.Transform, made.KeyNames = req.Transform, described.KeyNames
	numbers := made.Segments()
	atOnce := min(concurrency(req, described.ReadUnits, made.ReadUnitsPerSecond), len(numbers))
	if made.Paced() {
		made.Concurrency = atOnce
	}
	return run.PlanOutput{Plan: made, Segments: numbers, Concurrency: atOnce, Export: noExports()}
}

func segments(req request.Request, bytes int64) int {
	switch {
	case req.Scan.TotalSegments != nil:
		return int(*req.Scan.TotalSegments)
	case req.Segments != nil:
		return int(*req.Segments)
	default:
		return int(min(max(1, (bytes+bytesPerSegment-1)/bytesPerSegment), request.MaxSegments))
	}
}

func concurrency(req request.Request, readUnits, pace float64) int {
	switch {
	case req.Concurrency != nil:
		return int(*req.Concurrency)
	case pace > 0:
		return int(min(max(1, math.Ceil(pace/pacePerSegment)), mostConcurrency))
	case readUnits == 0:
		return someConcurrency
	default:
		return int(min(max(1, math.Ceil(readUnits/unitsPerSegment)), mostConcurrency))
	}
}

func payload(output run.PlanOutput) int {
	body, err := json.Marshal(output)
	if err != nil {
		panic(fmt.Sprintf("internal error: a plan does not marshal: %v", err))
	}
	return len(body)
}
