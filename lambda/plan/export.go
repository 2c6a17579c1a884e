package plan

import (
	"time"

	"dynamodb-to-s3/lambda/job"
)

// planExport completes the plan of a run that exports. What is exported is decided later, by what the table's recovery and the
// journal say then.
func planExport(request job.Request, made job.Plan) job.PlanOutput {
	made.Export, made.Journal = request.Export, made.Layout().Journal()
	if request.Export.InChain() {
		made.Journal = job.ChainJournal(request.Prefix, made.Table, made.TableARN)
	}
	return job.PlanOutput{Plan: made, Segments: []int{}, Export: noExports()}
}

func noExports() job.ExportProgress { return job.ExportProgress{Exports: []job.FollowedExport{}} }

// checkWait refuses a wait that Step Functions would cut off, before anything is paid for.
func checkWait(export job.Export) error {
	checks, interval := *export.MaxAttempts, *export.CheckInterval
	if events := job.ExportEvents(checks); events > job.MaxHistoryEvents {
		return job.Errorf(job.InvalidRequest,
			"invalid request: export.maxAttempts: got %d, whose checks make a history of %d events, Step Functions keeps %d: lower it, or raise export.checkIntervalSeconds",
			checks, events, job.MaxHistoryEvents)
	}
	if wait := time.Duration(checks*interval) * time.Second; wait > job.MaxDuration {
		return job.Errorf(job.InvalidRequest,
			"invalid request: export.maxAttempts: got %d, at %d s each that is a wait of %d days, an execution may take %d: lower one of them",
			checks, interval, wait/(24*time.Hour), job.MaxDuration/(24*time.Hour))
	}
	return nil
}
