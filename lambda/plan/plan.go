// Package plan is the step Plan: it turns a request into the plan of a run. It looks at the table, decides how the scan is split, and
// claims the run's folder for this execution.
//
// It may import document, execution, failure, lazyregexp, problem, quota, request, run, bucket, encoder, estimate, explain,
// ledger, schema, table and transform.
package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
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
	// ScanMemory is the memory of the function scan in MiB, 0 if it has no limit.
	ScanMemory int
	// Database is the Glue database of the catalog; "" for no catalog.
	Database string
	// Retention says which runs stay; nil for all.
	Retention *run.RetentionRule
	// Model computes what a run takes.
	Model estimate.Model
	// Metrics returns the client that knows what was consumed in the region of a plan's table; nil if nothing does.
	Metrics func(run.Plan) *cloudwatch.Client
	Log     *slog.Logger
}

// Run checks the request, describes the table, asks DynamoDB whether it accepts the scan, and claims the run. If the request only asks to explain
// the run, it claims nothing. It fails with EstimateAboveLimit if the run is expected to consume more than the request allows.
//
// If the same execution repeats it with the same request, it returns the first plan: the size and the capacity of the table can change, and
// the plan keeps its segments, its concurrency and its pace. If another execution calls it with the same request, it takes the run over if
// the first execution has failed and its functions can no longer be at work. Otherwise it fails with RunNameTaken; for the same firing of
// a schedule it returns a Duplicate if the first execution still runs or has committed the run.
func (s *Step) Run(ctx context.Context, in run.PlanInput) (run.PlanOutput, error) {
	d, err := s.draft(ctx, in)
	if err != nil {
		return run.PlanOutput{}, err
	}
	output, refusal := s.begin(ctx, d)
	if aws.ToBool(d.request.Explain) {
		if refusal != nil {
			return run.PlanOutput{}, refusal
		}
		return s.explain(ctx, d, output)
	}
	return s.claim(ctx, d, output, refusal)
}

// CheckInput returns the error with which Run would refuse an input without asking a service.
func (s *Step) CheckInput(in run.PlanInput) error {
	_, err := s.prepare(in)
	return err
}

// Check returns the error with which Run would refuse an input before it claims the run. It asks DynamoDB and writes nothing.
func (s *Step) Check(ctx context.Context, in run.PlanInput) error {
	d, err := s.draft(ctx, in)
	if err == nil {
		_, err = s.begin(ctx, d)
	}
	return err
}

// draft is a plan that lacks the numbers that depend on the size and the capacity of the table. What it has is the same whenever it is made
// of the same request and the same table.
type draft struct {
	request   request.Request
	target    request.Table
	plan      run.Plan
	described table.Description
}

// prepare checks all of an input that needs no service.
func (s *Step) prepare(in run.PlanInput) (d draft, err error) {
	if d.request, err = request.Parse(in.Request, s.Defaults); err != nil {
		return d, err
	}
	if err = d.request.CheckPlace(s.region()); err != nil {
		return d, err
	}
	if err = s.Roles.Check(d.request); err != nil {
		return d, err
	}
	if d.target, err = s.target(d.request); err != nil {
		return d, err
	}
	if d.plan, err = s.first(d.request, d.target, in.Execution); err != nil {
		return d, err
	}
	if err = checkColumns(d.request); err != nil {
		return d, err
	}
	if d.plan.Export != nil {
		return d, checkWait(d.plan)
	}
	d.plan.Scan.Encoder, err = encoderOf(d.request)
	return d, err
}

// checkColumns refuses columns that no Parquet file can have.
func checkColumns(req request.Request) error {
	_, problems := schema.ParsePins("columns", req.Columns)
	return problems.Err()
}

// draft drafts the plan of an input, for the table as it is now.
func (s *Step) draft(ctx context.Context, in run.PlanInput) (draft, error) {
	d, err := s.prepare(in)
	if err != nil {
		return d, err
	}
	var scan request.Scan
	if d.plan.Scan != nil {
		scan = d.plan.Scan.Request
	}
	if d.described, err = table.Describe(ctx, s.Tables(d.plan), d.target, scan); err != nil {
		return d, err
	}
	d.plan.TableARN, d.plan.TableID = d.described.ARN, d.described.ID
	if d.plan.Scan != nil {
		d.plan.Scan.KeyNames, d.plan.Scan.Index = d.described.KeyNames, d.described.Index
	} else {
		draftChain(&d.plan, d.request)
	}
	return d, nil
}

// begin returns the plan of a run that begins now, or the error with which it is refused. It asks S3 how long the bucket keeps uploads open,
// and DynamoDB whether it accepts a scan.
func (s *Step) begin(ctx context.Context, d draft) (run.PlanOutput, error) {
	if d.plan.Export != nil {
		output := d.output(numbers{})
		if err := s.checkEstimate(ctx, d, &output); err != nil {
			return run.PlanOutput{}, err
		}
		return output, checkSize(output)
	}
	n, err := s.decide(d)
	if err != nil {
		return run.PlanOutput{}, err
	}
	output := d.output(n)
	if err := s.checkEstimate(ctx, d, &output); err != nil {
		return run.PlanOutput{}, err
	}
	if err := checkSize(output); err != nil {
		return run.PlanOutput{}, err
	}
	if err := s.checkLifecycle(ctx, d, output); err != nil {
		return run.PlanOutput{}, err
	}
	s.checkMemory(ctx, output.Plan)
	return output, s.preflight(ctx, output.Plan)
}

// output returns the output of the step for a plan with these numbers.
func (d draft) output(n numbers) run.PlanOutput {
	output := run.PlanOutput{Plan: d.plan, Segments: []int{}, Export: noExports()}
	if d.plan.Scan != nil {
		scan := n.scan(d)
		output.Plan.Scan, output.Segments, output.Concurrency = &scan, scan.Segments(), n.concurrency
	}
	return output
}

// checkSize refuses a plan that is too large for a state. The state of the second pass can be larger: how many segments that pass has, is known
// after the first one.
func checkSize(output run.PlanOutput) error {
	size, most := len(run.Marshal(output)), quota.MaxPayloadBytes-quota.MaxResultBytes
	if output.Plan.Parquet != nil {
		plan := output.Plan.Converting(run.Schema{Segments: request.MaxSegments}, run.Digest(nil))
		size = max(size, len(run.Marshal(run.ColumnsOutput{Plan: plan, Segments: plan.Scan.Segments()})))
	}
	if size <= most {
		return nil
	}
	return problem.List{{
		Want: fmt.Sprintf("it makes a state of %d bytes, and %d are allowed, of the %d that Step Functions carries: shorten the expressions and their values, or name fewer columns",
			size, most, quota.MaxPayloadBytes),
	}}.Err()
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

// first returns the part of a plan that is known before the table is described: who runs it, where it writes, and with which roles.
func (s *Step) first(req request.Request, target request.Table, execution run.Execution) (run.Plan, error) {
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
		Catalog: s.catalog(req, target.Name), Retention: s.retention(req, target.Name),
	}
	if req.Format == request.FormatParquet {
		plan.Parquet = &run.ParquetPlan{
			Columns: req.Columns, Numbers: req.Numbers, Compression: req.Compression, FileSizeBytes: *req.FileSize, KeepStaging: *req.KeepStaging,
			Concurrency: int(cmp.Or(aws.ToInt64(req.Concurrency), mostConcurrency)), LastSchema: run.LastSchema(req, target.Name),
		}
	}
	if req.Mode == request.ModeExport {
		plan.Export = &run.ExportPlan{Request: *req.Export}
		return plan, nil
	}
	plan.Scan = &run.ScanPlan{
		Request: *req.Scan, Format: req.Format, Transform: req.Transform, Compression: req.Compression, FileSizeBytes: *req.FileSize,
		MaxReadUnits: aws.ToFloat64(req.MaxReadUnits), SourceRoleARN: req.SourceRoleARN, DestinationRoleARN: req.DestinationRoleARN,
	}
	if plan.Parquet != nil {
		plan.Scan.Format, plan.Scan.Compression, plan.Scan.FileSizeBytes = request.FormatDynamoDBJSON, request.CompressionZSTD, request.DefaultFileSize
	}
	if plan.Parquet == nil && plan.Learns() {
		plan.Catalog.LastSchema = run.LastSchema(req, target.Name)
	}
	if target.Region != s.region() {
		plan.Scan.TableRegion = target.Region
	}
	return plan, nil
}
