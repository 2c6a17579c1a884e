package plan

import (
	"cmp"
	"context"
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

// planScan completes the plan of a run that scans, from the table's description.
func (s *Step) planScan(ctx context.Context, req request.Request, target request.Table, plan run.Plan) (run.PlanOutput, error) {
	scan := plan.Scan
	described, err := table.Describe(ctx, s.Tables(plan), target, scan.Request)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if err := checkObjects(req, described); err != nil {
		return run.PlanOutput{}, err
	}
	if scan.ReadUnitsPerSecond, err = pace(req, described); err != nil {
		return run.PlanOutput{}, err
	}
	plan.TableARN, plan.TableID = described.ARN, described.ID
	scan.TotalSegments, scan.Format, scan.Compression, scan.FileSizeBytes = segments(req, described.Bytes), req.Format, req.Compression, *req.FileSize
	scan.Transform, scan.KeyNames, scan.Index = req.Transform, described.KeyNames, described.Index
	numbers := scan.Segments()
	atOnce := min(concurrency(req, described.ReadUnits, scan.ReadUnitsPerSecond), len(numbers))
	if scan.Paced() {
		scan.Concurrency = atOnce
	}
	if err := checkShare(req, *scan); err != nil {
		return run.PlanOutput{}, err
	}
	return run.PlanOutput{Plan: plan, Segments: numbers, Concurrency: atOnce, Export: noExports()}, s.checkDuration(req, *scan, described, atOnce)
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
