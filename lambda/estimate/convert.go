package estimate

import (
	"math"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// second is the pass that makes Parquet files. It has no segments for a run without one.
type second struct {
	segments, invocations, seconds, lambdaSeconds float64
	files, objects, bytes                         float64 // staged files, and what is made of them
	// learns says that the staged files are first read to learn: those of a native export. Both passes have as many segments and invocations.
	learns bool
}

const (
	// ParquetRatio is the size of Parquet files relative to the staged ones (docs/performance.md).
	ParquetRatio = 0.75
	// LearnShare is how long it takes to learn from the files of a native export, relative to their conversion.
	LearnShare = 0.7

	convertCPU     = 13.5 // seconds of a core for a GB of answers of Scan (docs/cost.md)
	columnsSeconds = 3    // of the functions columns and finalize, at one core
)

// convert returns the second pass over what the first one has stored.
func (m Model) convert(plan run.Plan, answers, staged, kept float64) second {
	if plan.Parquet == nil {
		return second{}
	}
	s := second{segments: math.Min(math.Max(1, math.Ceil(staged/run.UsualSegmentBytes)), request.MaxSegments), bytes: staged * ParquetRatio, learns: plan.Export != nil}
	s.lambdaSeconds = answers / 1e9 * convertCPU * lambdaMiB / convertMiB
	s.invocations = s.segments * math.Max(1, math.Ceil(s.lambdaSeconds/s.segments/m.invocationSeconds()))
	s.lambdaSeconds += s.invocations / 2
	s.files = math.Max(s.segments, math.Ceil(staged/request.DefaultFileSize))
	s.objects = objects(s.bytes, kept, s.invocations, float64(plan.Parquet.FileSizeBytes))
	s.seconds = s.lambdaSeconds/s.segments*math.Ceil(s.segments/float64(max(1, plan.Parquet.Concurrency))) + columnsSeconds
	if s.learns {
		s.seconds *= 1 + LearnShare
		s.lambdaSeconds *= 1 + LearnShare
	}
	return s
}

// lists returns how many segment lists finalize and columns read.
func (s second) lists() float64 {
	if s.learns {
		return 2 * s.invocations
	}
	return s.invocations
}

// transitions returns how many transitions of the state machine the pass adds.
func (s second) transitions() float64 {
	if s.segments == 0 {
		return 0
	}
	each := price.TransitionsOfConvert*s.segments + price.TransitionsOfScan*(s.invocations-s.segments)
	if s.learns {
		return price.TransitionsOfColumns + price.TransitionsOfLearn + 2*each
	}
	return price.TransitionsOfColumns + each
}

// requests returns how many requests to S3 the pass adds. learned is how many segments the first pass has: columns reads the last list of each.
func (s second) requests(learned float64) (puts, gets float64) {
	if s.segments == 0 {
		return 0, 0
	}
	const (
		writes = 8 // manifests of the first pass, and two schemas; listings of what is staged
		reads  = 9 // of columns and finalize: manifests, schemas, the claim
	)
	puts, gets = requests(s.objects, s.bytes, s.segments, s.invocations)
	puts += s.segments + writes // which files each segment has
	gets += 2*s.invocations + s.files + learned + reads
	if s.learns {
		puts += s.invocations
		gets += 2*s.invocations + s.segments + s.files
	}
	return puts, gets
}
