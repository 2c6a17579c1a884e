// Package plan is the step Plan: it turns a request into the plan of a run. It looks at the table, decides how the scan is split, and
// claims the run's folder for this execution.
//
// It may import document, execution, failure, problem, quota, request, run, bucket, encoder, ledger, table and transform.
package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/quota"
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
	p, err := s.prepare(in)
	if err != nil {
		return run.PlanOutput{}, err
	}
	output, err := s.complete(ctx, p)
	if err != nil {
		return run.PlanOutput{}, err
	}
	return s.claim(ctx, p.request, output)
}

// CheckInput returns the error with which Run would refuse an input without asking a service.
func (s *Step) CheckInput(in run.PlanInput) error {
	_, err := s.prepare(in)
	return err
}

// Check returns the error with which Run would refuse an input before it claims the run. It asks DynamoDB and writes nothing.
func (s *Step) Check(ctx context.Context, in run.PlanInput) error {
	p, err := s.prepare(in)
	if err == nil {
		_, err = s.complete(ctx, p)
	}
	return err
}

// prepared is a request, its table, and what a plan says before the table is described.
type prepared struct {
	request request.Request
	target  request.Table
	plan    run.Plan
}

// prepare checks all of an input that needs no service.
func (s *Step) prepare(in run.PlanInput) (p prepared, err error) {
	if p.request, err = request.Parse(in.Request, s.Defaults); err != nil {
		return p, err
	}
	if err = p.request.CheckPlace(s.region()); err != nil {
		return p, err
	}
	if err = s.Roles.Check(p.request); err != nil {
		return p, err
	}
	if p.target, err = s.target(p.request); err != nil {
		return p, err
	}
	if p.plan, err = s.begin(p.request, p.target, in.Execution); err != nil {
		return p, err
	}
	if p.plan.Export != nil {
		return p, checkWait(p.plan.Export.Request)
	}
	p.plan.Scan.Encoder, err = encoderOf(p.request)
	return p, err
}

// complete makes the plan from the table's description, and asks DynamoDB whether it accepts a scan.
func (s *Step) complete(ctx context.Context, p prepared) (run.PlanOutput, error) {
	planMode := s.planScan
	if p.plan.Export != nil {
		planMode = s.planExport
	}
	output, err := planMode(ctx, p.request, p.target, p.plan)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if size, most := len(run.Marshal(output)), quota.MaxPayloadBytes-quota.MaxResultBytes; size > most {
		return run.PlanOutput{}, problem.List{{
			Want: fmt.Sprintf("it makes a state of %d bytes, and %d are allowed, of the %d that Step Functions carries: shorten the expressions and their values",
				size, most, quota.MaxPayloadBytes),
		}}.Err()
	}
	if output.Plan.Scan == nil {
		return output, nil
	}
	return output, s.preflight(ctx, output.Plan)
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
