package plan

import (
	"fmt"
	"math"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

const (
	// pacePerSegment is the part of a run's pace, in read units a second, for which one more segment runs at the same time. It is a
	// quarter of what a segment can read: a segment that is slow, or waits, leaves its share of the pace unused.
	pacePerSegment = unitsPerSegment / 4
	// leastShare is the least share of the pace for one segment, in read units a second, if the request sets concurrency: one strongly
	// consistent read of an item costs as much.
	leastShare = 1
)

// pace returns how many read units a second the run may consume, 0 for no limit. It fails with InvalidRequest if the request gives a
// percentage of a capacity that is not known.
func pace(req request.Request, described table.Description) (float64, error) {
	switch {
	case req.ReadUnits != nil:
		return *req.ReadUnits, nil
	case req.ReadPercent == nil:
		return 0, nil
	case described.ReadUnits == 0:
		return 0, problem.List{{Path: "readPercent", Want: "DynamoDB reports no read capacity of " + subject(req) +
			", neither provisioned nor an on-demand maximum nor a warm throughput: give readUnitsPerSecond, or set an on-demand maximum"}}.Err()
	default:
		return described.ReadUnits * *req.ReadPercent / 100, nil
	}
}

// checkShare fails with InvalidRequest if the request's concurrency leaves too little of the pace for each segment.
func checkShare(req request.Request, scan run.ScanPlan) error {
	if !scan.Paced() || req.Concurrency == nil || scan.ReadUnitsPerSecond >= leastShare*float64(scan.Concurrency) || scan.Concurrency == 1 {
		return nil
	}
	share := scan.ReadUnitsPerSecond / float64(scan.Concurrency)
	return problem.List{{
		Path: "concurrency",
		Got:  fmt.Sprintf("%d, which leaves %.2g of %g read units a second for each segment", scan.Concurrency, share, scan.ReadUnitsPerSecond),
		Want: fmt.Sprintf("%d or less, or leave it out", int(max(1, math.Floor(scan.ReadUnitsPerSecond/leastShare)))),
	}}.Err()
}

func subject(req request.Request) string {
	if index := req.Scan.IndexName; index != "" {
		return "index " + index
	}
	return "the table"
}
