// Package quota owns what one execution of the state machine and one invocation of the function scan can hold. The functions and the stack in
// infra/ compute with it. It imports only the standard library.
package quota

import "time"

// Limits of one execution.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	MaxHistoryEvents = 25_000
	MaxDuration      = 365 * 24 * time.Hour
	// MaxPayloadBytes is the most JSON, in bytes, that Step Functions passes from one state to the next.
	MaxPayloadBytes = 256 << 10
)

// MaxResultBytes is the part of MaxPayloadBytes that is left for the result beside the plan: enough for one export on each of 35 days.
const MaxResultBytes = 64 << 10

// ChecksPerRound is how many checks one child of the Map FollowExports makes before it ends and the next one begins. A child is an execution
// with its own history. A check adds 11 events, and 3 for each retry of DescribeExport. Even with nine tries for every check, the child stays
// 9,000 events below MaxHistoryEvents.
const ChecksPerRound = 450

// The events of an execution that exports. A test counts them in the definition.
const (
	eventsOfExport = 29 // beginning and end, Plan, the choices, StartExport before the first round, Finalize, Replicated
	eventsOfRound  = 13 // FollowExports, StartExport again and its choice
)

// ExportEvents returns the most events in the history of an execution that checks an export this often, without retries.
func ExportEvents(checks int64) int64 {
	rounds := (checks + ChecksPerRound - 1) / ChecksPerRound
	return eventsOfExport + rounds*eventsOfRound
}

// Times of the function scan. docs/pace.md has the reasons.
const (
	// LeastScanTimeout is the shortest timeout: 750 ms are for the answer, and the rest for the claim, a page, its object and its list.
	LeastScanTimeout = 2 * time.Second
	MaxScanTimeout   = 900 * time.Second
	// MaxLambdaWait is the longest time that an invocation waits for the pace. To wait longer, it ends, and the state machine waits.
	MaxLambdaWait = 10 * time.Second
	// MaxEarlyEnds is how many invocations of a segment may end because of such a wait, and take half of the history. The invocations
	// after them wait until their time is over.
	MaxEarlyEnds = MaxHistoryEvents / 2 / (eventsOfInvocation + eventsOfWait)
)

// The memory of the function scan, in MiB, which also decides its share of a core. docs/cost.md has the measurements.
const (
	// ScanMemory is enough to read as fast as DynamoDB sends pages, in every format and compression. With more, the function waits more. It is also
	// enough to learn the types for Parquet, which takes as much CPU time as the format JSON.
	ScanMemory = 256
	// TransformMemory is for runs with a transform, which takes more CPU time. With less, a GB costs no more and takes longer.
	TransformMemory = 512
)

// The events of an execution that scans, and of each child of its Map. A test counts them in the definition.
const (
	eventsOfScan       = 28 // beginning and end, Plan and its choice, the Map and its run, Finalize and the choices after it, Replicated
	eventsOfBatches    = 13 // CompleteUploads and its run, Finalize again and its choice
	eventsOfSegment    = 4  // beginning and end, SegmentScanned
	eventsOfInvocation = 7  // ScanSegment and its choice
	eventsOfWait       = 2  // WaitToScan
)

// The events that the second pass of a run with Parquet files adds to those of the first one. The children of ConvertSegments have as many as
// those of ScanSegments.
const (
	eventsOfConversion = 20 // Columns, ConvertSegments and its run, Converted?, Finalize again and its choice
	eventsOfLearning   = 13 // Columns, ConvertSegments and its run, Converted?: the files of a native export are first read to learn
)

// ConvertEvents returns how many more events there are if a run makes Parquet files, of a scan or of a native export.
func ConvertEvents(export bool) int64 {
	if export {
		return eventsOfLearning + eventsOfConversion
	}
	return eventsOfConversion
}

// CommittedEvents is how many more events there are if Catalog and Prune follow the commit.
const CommittedEvents = 10

// ScanEvents returns the number of events in the history of an execution that scans, without retries. The number of segments does not
// change it.
func ScanEvents() int64 { return eventsOfScan }

// BatchEvents returns how many more there are if the uploads of the run are completed in batches.
func BatchEvents() int64 { return eventsOfBatches }

// SegmentEvents returns the number of events in the history of a segment's child that needs so many invocations and waits, without
// retries.
func SegmentEvents(invocations, waits int64) int64 {
	return eventsOfSegment + invocations*eventsOfInvocation + waits*eventsOfWait
}
