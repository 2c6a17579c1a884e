package contract

import "time"

// Limits of one execution.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	MaxHistoryEvents = 25_000
	MaxDuration      = 365 * 24 * time.Hour
)

// ChecksPerRound is how many checks one child of the Map FollowExports makes before it ends and the next one begins. A child
// is an execution with a history of its own: a check is 11 events, and 3 more each time that DescribeExport is tried again,
// so that even if every check needs nine tries the child keeps 9,000 events away from the end.
const ChecksPerRound = 450

// The events of an execution that exports. A test counts them in the definition.
const (
	eventsOfExport = 25 // beginning and end, Plan, the choices, StartExport before the first round, Finalize, Replicated
	eventsOfRound  = 13 // FollowExports, StartExport again and its choice
)

// ExportEvents returns how many events an execution's history has at most that checks an export so often, nothing being tried
// again.
func ExportEvents(checks int64) int64 {
	rounds := (checks + ChecksPerRound - 1) / ChecksPerRound
	return eventsOfExport + rounds*eventsOfRound
}

// The events of an execution that scans, and of each child of its Map. A test counts them in the definition.
const (
	eventsOfScan       = 24 // beginning and end, Plan and its choice, the Map and its run, Finalize and its choice, Replicated
	eventsOfSegment    = 4  // beginning and end, SegmentScanned
	eventsOfInvocation = 7  // ScanSegment and its choice
)

// ScanEvents returns how many events an execution's history has that scans, however many segments there are, nothing being tried
// again. SegmentEvents returns how many that of a segment's child has that takes so many invocations.
func ScanEvents() int64 { return eventsOfScan }

// SegmentEvents is told of at ScanEvents.
func SegmentEvents(invocations int64) int64 { return eventsOfSegment + invocations*eventsOfInvocation }
