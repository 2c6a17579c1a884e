package planner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
)

// claim makes the run's folder this execution's own by a write that only one can win, or finds that it is so already.
func (p *Planner) claim(ctx context.Context, request job.Request, output job.PlanOutput) (job.PlanOutput, error) {
	destination, layout := bucket.New(p.Objects(output.Plan), output.Plan), output.Plan.Layout()
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
	case theirs.ExecutionID != own.ExecutionID && request.Schedule != "" && theirs.RequestDigest == own.RequestDigest:
		return leave(ctx, destination, theirs)
	case theirs.ExecutionID != own.ExecutionID && request.Schedule != "":
		return job.PlanOutput{}, job.Errorf(job.RunNameTaken,
			"the run %q at %s was begun by execution %s with another request: give another schedule or scheduledTime, or another prefix",
			output.Plan.RunID, destination.URI(layout.Root), theirs.ExecutionID)
	case theirs.ExecutionID != own.ExecutionID:
		return job.PlanOutput{}, job.Errorf(job.RunNameTaken, "the run %q at %s belongs to execution %s: choose another name for the execution, or another prefix",
			output.Plan.RunID, destination.URI(layout.Root), theirs.ExecutionID)
	case theirs.RequestDigest != own.RequestDigest:
		return job.PlanOutput{}, job.Errorf(job.RunNameTaken, "the run %q at %s was begun with another request: repeat that one to go on, or choose another name",
			output.Plan.RunID, destination.URI(layout.Root))
	}
	return resume(ctx, destination, theirs.Output)
}

// leave leaves the run to the execution that has claimed it for the same firing of a schedule, and says so. EventBridge
// Scheduler delivers at least once, and each delivery starts an execution of another name.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func leave(ctx context.Context, destination *bucket.Bucket, theirs job.Claim) (job.PlanOutput, error) {
	complete, err := committed(ctx, destination, theirs.Output.Plan)
	if err != nil {
		return job.PlanOutput{}, err
	}
	goesOn := "has claimed it: look there for how it ends, and redrive that one if it has failed"
	if complete {
		goesOn = "has completed it"
	}
	return job.PlanOutput{
		Plan: theirs.Output.Plan, Segments: []int{}, Export: noExports(), Committed: complete,
		Duplicate: &job.Duplicate{
			RunID: theirs.Output.Plan.RunID, ExecutionID: theirs.ExecutionID, Committed: complete,
			Reason: fmt.Sprintf("the schedule's firing was delivered more than once, and this execution has done nothing: the run is at %s, and execution %s %s",
				destination.URI(theirs.Output.Plan.Root), theirs.ExecutionID, goesOn),
		},
	}, nil
}

// resume goes on with a plan that was claimed before: to scan or to export, or, where the run was committed, only to tell its result.
func resume(ctx context.Context, destination *bucket.Bucket, output job.PlanOutput) (job.PlanOutput, error) {
	var err error
	output.Committed, err = committed(ctx, destination, output.Plan)
	return output, err
}

// committed tells whether a run was committed.
func committed(ctx context.Context, destination *bucket.Bucket, plan job.Plan) (bool, error) {
	commit := plan.Layout().ManifestSummary()
	if plan.Mode == job.ModeExport {
		commit = plan.Layout().Result()
	}
	_, err := destination.Get(ctx, commit)
	if err != nil && !errors.Is(err, bucket.ErrNotFound) {
		return false, fmt.Errorf("look whether the run was committed: %w", err)
	}
	return err == nil, nil
}
