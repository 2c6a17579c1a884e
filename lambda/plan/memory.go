package plan

import (
	"context"

	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
)

// checkMemory warns in the log if the function scan has less memory than the plan needs to read as fast as DynamoDB sends pages. That is no
// reason to refuse the run: with less memory, and so with a smaller share of a core, it costs no more and takes longer.
func (s *Step) checkMemory(ctx context.Context, plan run.Plan) {
	needed := quota.ScanMemory
	if plan.Scan.Transform != "" {
		needed = quota.TransformMemory
	}
	if s.ScanMemory == 0 || s.ScanMemory >= needed {
		return
	}
	s.Log.WarnContext(ctx, "the function scan has too little memory to read as fast as DynamoDB sends pages: raise functions.limits.scan.memoryMiB of the environment, or the run takes longer",
		"runId", plan.RunID, "table", plan.Table, "memoryMiB", s.ScanMemory, "neededMiB", needed)
}
