// Package plan is the step Plan: it turns a request into the plan of a run. It looks at the table, decides how the scan is split, and
// claims the run's folder for this execution.
//
// It may import contract, document, failure, request, run, bucket, encoder, ledger, table and transform.
package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step makes plans.
type Step struct {
	// Tables and Objects return the clients that a run reads and writes with. They follow the roles and the table's region in the plan;
	// for an empty plan they return the functions' own clients.
	Tables  func(run.Plan) *dynamodb.Client
	Objects func(run.Plan) *s3.Client
	// Executions looks up the execution that claimed a run before.
	Executions Executions
	// Defaults is a JSON object of request fields that the deployment sets.
	Defaults json.RawMessage
	// Account is the AWS account of the functions, "" if it is not known.
	Account string
	// Roles are the roles that a request may name; nil allows any role.
	Roles *request.AssumableRoles
	// ScanTimeout is the timeout of the function scan, 0 for the longest that Lambda allows.
	ScanTimeout time.Duration
}

// Run checks the request, describes the table, asks DynamoDB whether it accepts the scan, and claims the run.
//
// If the same execution repeats it with the same request, it returns the first plan, whatever has changed since. If another execution
// calls it with the same request, it takes the run over if the first execution has failed and its functions can no longer be at work.
// Otherwise it fails with RunNameTaken; for the same firing of a schedule it returns a Duplicate if the first execution still runs or
// has committed the run.
func (s *Step) Run(ctx context.Context, in run.PlanInput) (run.PlanOutput, error) {
	req, err := request.Parse(in.Request, s.Defaults)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if err := s.Roles.Check(req); err != nil {
		return run.PlanOutput{}, err
	}
	target, err := s.target(req)
	if err != nil {
		return run.PlanOutput{}, err
	}
	plan, err := s.begin(req, target, in.Execution)
	if err != nil {
		return run.PlanOutput{}, err
	}
	planMode := s.planScan
	if req.Mode == request.ModeExport {
		planMode = s.planExport
	}
	output, err := planMode(ctx, req, target, plan)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if size, most := len(run.Marshal(output)), contract.MaxPayloadBytes-contract.MaxResultBytes; size > most {
		return run.PlanOutput{}, problem.List{{
			Want: fmt.Sprintf("it makes a state of %d bytes, and %d are allowed, of the %d that Step Functions carries: shorten the expressions and their values",
				size, most, contract.MaxPayloadBytes),
		}}.Err()
	}
	if output.Plan.Scan != nil {
		if err := s.preflight(ctx, output.Plan); err != nil {
			return run.PlanOutput{}, err
		}
	}
	return s.claim(ctx, req, output)
}

// target returns the table that the request names, if the run can reach its region and account.
func (s *Step) target(req request.Request) (request.Table, error) {
	target, err := request.ParseTable(req.Table)
	if err != nil {
		return target, err
	}
	reader := s.Account
	if req.SourceRoleARN != "" {
		if reader, err = request.RoleAccount(req.SourceRoleARN); err != nil {
			return target, err
		}
	}
	otherAccount := target.Account != "" && reader != "" && target.Account != reader
	switch region := s.region(); {
	case req.Mode == request.ModeExport && target.Region != "" && target.Region != region:
		return target, failure.Errorf(failure.TableInOtherRegion,
			"table %q is in region %s, and the functions run in %s, the only region that they can export from: deploy the stack in %s, or use mode SCAN, which reads from other regions",
			target.Name, target.Region, region, target.Region)
	case req.Mode == request.ModeExport && otherAccount:
		return target, failure.Errorf(failure.TableInOtherAccount,
			"table %q is of account %s, and the functions run in account %s, whose role makes the export: deploy the stack in the table's account and give the bucket's owner as export.s3BucketOwner, or use mode SCAN with a sourceRoleArn",
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

// region returns the functions' region.
func (s *Step) region() string { return s.Tables(run.Plan{}).Options().Region }

// begin returns the part of a plan that is known before the table is described: who runs it, where it writes, and with which roles.
func (s *Step) begin(req request.Request, target request.Table, execution run.Execution) (run.Plan, error) {
	at := execution.StartTime
	if req.Scheduled != "" {
		at = request.Moment(req.Scheduled)
	}
	id := execution.RunID(req)
	root, err := run.Root(req.Prefix, target.Name, id, at)
	if err != nil {
		return run.Plan{}, err
	}
	plan := run.Plan{
		Version: run.Version, Mode: req.Mode, RunID: id, ExecutionID: execution.ID, StartTime: execution.StartTime.UTC(), Table: target.Name,
		Bucket: req.Bucket, BucketOwner: req.BucketOwner, KMSKeyID: req.KMSKeyID, Root: root,
	}
	if req.Mode == request.ModeExport {
		plan.Export = &run.ExportPlan{Request: *req.Export}
		return plan, nil
	}
	plan.Scan = &run.ScanPlan{Request: *req.Scan, SourceRoleARN: req.SourceRoleARN, DestinationRoleARN: req.DestinationRoleARN}
	if target.Region != s.region() {
		plan.Scan.TableRegion = target.Region
	}
	return plan, nil
}
