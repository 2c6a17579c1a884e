package plan

import (
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// draftChain adds the chain to the plan of a run that continues one. The step StartExport decides later what is exported, from the table's
// recovery and the journal.
func draftChain(plan *run.Plan, req request.Request) {
	if req.Export.InChain() {
		plan.Export.Chain = new(run.ChainOf(req, plan.TableARN))
		plan.Export.Request.Filter = plan.Export.Chain.Filter // the runs of a chain write one filter in one way
	}
}

func noExports() run.ExportProgress { return run.ExportProgress{Exports: []run.FollowedExport{}} }

// checkWait refuses a wait that is too long for Step Functions, before an export costs anything.
func checkWait(plan run.Plan) error {
	checks, interval := *plan.Export.Request.MaxAttempts, *plan.Export.Request.CheckInterval
	var found problem.List
	events := quota.ExportEvents(checks) + quota.CommittedEvents
	if plan.Parquet != nil {
		events += quota.ConvertEvents(true) + quota.BatchEvents()
	}
	if events > quota.MaxHistoryEvents {
		found = append(found, problem.Problem{
			Path: "export.maxAttempts", Got: fmt.Sprintf("%d, whose checks make a history of %d events", checks, events),
			Want: fmt.Sprintf("at most %d events, which Step Functions allows: lower it, or raise export.checkIntervalSeconds", quota.MaxHistoryEvents),
		})
	}
	const day = 24 * time.Hour
	if wait := time.Duration(checks*interval) * time.Second; wait > quota.MaxDuration {
		found = append(found, problem.Problem{
			Path: "export.maxAttempts", Got: fmt.Sprintf("%d checks, at %d s each a wait of %d days", checks, interval, wait/day),
			Want: fmt.Sprintf("at most %d days, which an execution can take: lower it or export.checkIntervalSeconds", quota.MaxDuration/day),
		})
	}
	return found.Err()
}
