package plan

import (
	"math"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

const (
	// pacePerSegment is how much of a run's pace, in read units a second, makes one more segment at once. It is a quarter of what
	// a segment can read: one that reads slowly for a while, or not at all, leaves its share of the pace unused.
	pacePerSegment = unitsPerSegment / 4
	// leastShare is the least that a segment's share of a pace may be, in read units a second, where a request says how many go at
	// once: one item, read consistently, costs as much.
	leastShare = 1
)

// pace returns how many read units a second the run may consume, 0 for no limit. It fails with InvalidRequest where the request
// gives a part of a capacity that is not known.
func pace(req request.Request, described table.Description) (float64, error) {
	switch {
	case req.ReadUnits != nil:
		return *req.ReadUnits, nil
	case req.ReadPercent == nil:
		return 0, nil
	case described.ReadUnits == 0:
		return 0, failure.Errorf(failure.InvalidRequest,
			"invalid request: readPercent: got %g, and DynamoDB tells no read capacity of %s that it could be a part of, neither provisioned nor an on-demand maximum nor a warm throughput: give readUnitsPerSecond, or set an on-demand maximum",
			*req.ReadPercent, subject(req))
	default:
		return described.ReadUnits * *req.ReadPercent / 100, nil
	}
}

// checkShare fails with InvalidRequest where the segments that the request wants to go at once would have too little of the pace.
func checkShare(req request.Request, scan run.ScanPlan) error {
	if !scan.Paced() || req.Concurrency == nil || scan.ReadUnitsPerSecond >= leastShare*float64(scan.Concurrency) || scan.Concurrency == 1 {
		return nil
	}
	return failure.Errorf(failure.InvalidRequest,
		"invalid request: concurrency: %d segments at once would have %.2g read units a second each, of the %g that the run may consume: give at most %d, or leave it out",
		scan.Concurrency, scan.ReadUnitsPerSecond/float64(scan.Concurrency), scan.ReadUnitsPerSecond,
		int(max(1, math.Floor(scan.ReadUnitsPerSecond/leastShare))))
}

func subject(req request.Request) string {
	if index := req.Scan.IndexName; index != "" {
		return "index " + index
	}
	return "the table"
}
