package plan

import (
	"cmp"
	"math"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/lambda/transform"
)

const (
	bytesPerSegment = 1 << 30
	// unitsPerSegment is the assumed speed of one segment in read units a second: about seven pages.
	unitsPerSegment = 1000
	mostConcurrency = 100 // a tenth of a new account's concurrent Lambda invocations
	someConcurrency = 10  // if the table's capacity is not known
)

// numbers are what a plan has from the size and the capacity of the table as they are when the run begins. They stay the same until the run
// ends.
type numbers struct {
	segments    int     // of the table; a run can scan one of them only
	pace        float64 // in read units a second, 0 for no limit
	concurrency int     // segments that are scanned at the same time
}

// decide decides the numbers of a run that begins now. It refuses a scan that cannot end or cannot be committed.
func (s *Step) decide(d draft) (n numbers, err error) {
	if err := checkObjects(d.request, d.described); err != nil {
		return n, err
	}
	if n.pace, err = pace(d.request, d.described); err != nil {
		return n, err
	}
	n.segments = segments(d.request, d.described.Bytes)
	n.concurrency = min(concurrency(d.request, d.described.ReadUnits, n.pace), n.scanned(d))
	return n, s.checkPace(d, n, d.described)
}

// checkPace refuses a scan that is too slow, if the table is as described.
func (s *Step) checkPace(d draft, n numbers, described table.Description) error {
	scan := n.scan(d)
	if err := checkShare(d.request, scan); err != nil {
		return err
	}
	return s.checkDuration(d.request, scan, described, n.concurrency)
}

// scanned returns how many segments the run scans.
func (n numbers) scanned(d draft) int {
	if d.request.Scan.Segment != nil {
		return 1
	}
	return n.segments
}

// scan returns the plan of the scan with the numbers.
func (n numbers) scan(d draft) run.ScanPlan {
	scan := *d.plan.Scan
	scan.TotalSegments, scan.ReadUnitsPerSecond = n.segments, n.pace
	if scan.Paced() || d.request.MaxReadUnits != nil || d.request.MaxDollars != nil {
		scan.Concurrency = n.concurrency
	}
	return scan
}

func segments(req request.Request, bytes int64) int {
	switch {
	case req.Scan.TotalSegments != nil:
		return int(*req.Scan.TotalSegments)
	case req.Segments != nil:
		return int(*req.Segments)
	default:
		return int(min(max(1, (bytes+bytesPerSegment-1)/bytesPerSegment), request.MaxSegments))
	}
}

func concurrency(req request.Request, readUnits, pace float64) int {
	switch {
	case req.Concurrency != nil:
		return int(*req.Concurrency)
	case pace > 0:
		return int(min(max(1, math.Ceil(pace/pacePerSegment)), mostConcurrency))
	case readUnits == 0:
		return someConcurrency
	default:
		return int(min(max(1, math.Ceil(readUnits/unitsPerSegment)), mostConcurrency))
	}
}

// encoderOf returns the encoder that a request names, nil if it names none. It refuses an unknown encoder and an invalid transform
// before anything is written.
func encoderOf(req request.Request) (*run.Encoder, error) {
	if req.Transform != "" {
		if _, err := transform.Compile(req.Transform); err != nil {
			return nil, problem.List{{Path: "transform", Want: err.Error()}}.Err()
		}
	}
	if req.Encoder == "" {
		return nil, nil //nolint:nilnil // most runs have none
	}
	format, known := encoder.Lookup(req.Encoder)
	if !known {
		has := cmp.Or(strings.Join(encoder.Names(), ", "), "none")
		return nil, problem.List{{
			Path: "encoder", Got: problem.Quote(req.Encoder),
			Want: "an encoder that the functions have (" + has + ")" + cmp.Or(document.Suggestion(req.Encoder, encoder.Names()), ".") +
				" To make records with jq, use transform. To add an encoder, see docs/transform.md",
		}}.Err()
	}
	return &run.Encoder{Name: format.Name, Extension: format.Extension}, nil
}
