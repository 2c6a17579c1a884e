package plan

import (
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// checked returns a claim on this execution's run as it must be: computed from the request and from the table as it is now. It takes over
// from the claim only what nobody can compute again: the owner and the earlier owners, the start, and the numbers that depend on what the
// table was like, within bounds. Anyone who may write to the bucket can write a claim, and must not decide with it what is read and written.
//
// fault is the first difference, "" if the claim is as it must be. If the table is not the one that the run began with, the claim keeps that
// one: sameSource refuses it, unless the run is committed.
func (c claimant) checked(theirs ledger.Claim) (must ledger.Claim, fault string) {
	kept, d := theirs.Output.Plan, c.draft
	d.plan.ExecutionID, d.plan.StartTime, d.plan.TakenOver = theirs.ExecutionID, theirs.StartTime, kept.TakenOver
	for i, taker := range kept.TakenOver {
		if machineOf(taker) != machineOf(c.own.ExecutionID) {
			return must, fmt.Sprintf("output.plan.takenOver[%d] is %s, and must be an execution of this state machine", i, problem.Quote(taker))
		}
	}
	if len(kept.TakenOver) > 0 { // the claim has the start of the execution that took the run over last
		if d.plan.StartTime = kept.StartTime; kept.StartTime.After(time.Now().Add(clockTolerance)) {
			return must, "output.plan.startTime is " + kept.StartTime.Format(time.RFC3339Nano) + ", and must not be in the future"
		}
	}
	var n numbers
	if d.plan.Scan != nil {
		if kept.Scan == nil {
			return must, "output.plan.scan is nothing, and must be an object"
		}
		if n, fault = c.numbersOf(theirs.Output); fault != "" {
			return must, fault
		}
		if kept.TableID != d.plan.TableID || kept.Scan.Index != d.plan.Scan.Index {
			scan := *d.plan.Scan
			scan.Index, scan.KeyNames = kept.Scan.Index, kept.Scan.KeyNames
			d.plan.Scan = &scan
		}
	}
	d.plan.TableID = kept.TableID
	theirs.Output.Plan.Retention = d.plan.Retention // the deployment's, which may have changed since
	d.plan.Estimate = kept.Estimate                 // of the table as it was
	if kept.Scan != nil && d.plan.Scan != nil {     // the limits of the request, which may have changed since
		own, theirScan := *d.plan.Scan, *kept.Scan
		own.MaxReadUnits = c.unitLimit(d, n)
		theirScan.MaxReadUnits = own.MaxReadUnits
		d.plan.Scan, theirs.Output.Plan.Scan = &own, &theirScan
		if !theirScan.Paced() {
			theirScan.Concurrency = n.scan(d).Concurrency // it is there if the run has a limit
		}
	}
	must = theirs
	must.Output = d.output(n)
	return must, run.Difference(theirs, must)
}

// clockTolerance is how much the clocks of Step Functions and of this function may differ.
const clockTolerance = time.Minute

// numbersOf returns the numbers of a claim's plan. What follows from the request is computed. fault says which number is out of its bounds.
func (c claimant) numbersOf(kept run.PlanOutput) (n numbers, fault string) {
	const outside = "output.%s is %v, and must be %s"
	d, req := c.draft, c.draft.request
	n = numbers{segments: kept.Plan.Scan.TotalSegments, pace: kept.Plan.Scan.ReadUnitsPerSecond, concurrency: kept.Concurrency}
	if req.Segments != nil || req.Scan.TotalSegments != nil {
		n.segments = segments(req, 0)
	} else if n.segments < 1 || n.segments > request.MaxSegments {
		return n, fmt.Sprintf(outside, "plan.scan.totalSegments", n.segments, fmt.Sprintf("1 to %d", request.MaxSegments))
	}
	if req.ReadPercent == nil {
		n.pace, _ = pace(req, d.described) // without a percentage, it does not depend on the table
	} else if n.pace <= 0 {
		return n, fmt.Sprintf(outside, "plan.scan.readUnitsPerSecond", n.pace, "more than 0")
	}
	if most := n.scanned(d); req.Concurrency != nil || n.pace > 0 {
		n.concurrency = min(concurrency(req, 0, n.pace), most)
	} else if most = min(most, mostConcurrency); n.concurrency < 1 || n.concurrency > most {
		return n, fmt.Sprintf(outside, "concurrency", n.concurrency, fmt.Sprintf("1 to %d", most))
	}
	// Without a description, these are the bounds for every table: the table may have grown since.
	if err := c.checkPace(d, n, table.Description{}); err != nil {
		return n, fmt.Sprintf("output.plan.scan.readUnitsPerSecond is %v, which would be refused: %v", n.pace, err)
	}
	return n, ""
}
