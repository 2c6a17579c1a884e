package metric

// Namespace is CloudWatch's namespace for the metrics of all deployments. The dimension Environment distinguishes them.
const Namespace = "dynamodb-to-s3"

// The dimensions. Each has few values, because CloudWatch keeps and bills a metric for each combination. What identifies a single
// value (runId, segment, invocation) is a property of the log line.
const (
	DimensionEnvironment = "Environment"
	DimensionTable       = "Table"
	// DimensionReason is DynamoDB's reason for a throttle, or the error's code if it gives none.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
	DimensionReason    = "Reason"
	DimensionErrorName = "ErrorName"
)

// Name is the name of a CloudWatch metric.
type Name string

// Metrics of one invocation of scan, by Environment and Table.
const (
	// Invocations is 1 for each invocation, also for one that failed: failed invocations are Invocations minus HandOvers minus
	// Segments.
	Invocations Name = "Invocations"
	// HandOvers is 1 if another invocation continues the segment. Segments is 1 if the segment is scanned to its end.
	HandOvers Name = "HandOvers"
	Segments  Name = "Segments"
	// Items counts the items that passed the filters, Bytes the stored bytes of their records. A failed invocation has neither.
	Items Name = "Items"
	Bytes Name = "Bytes"
	// PageBytes and ReadUnits count what was read and paid for, even if it was lost.
	PageBytes Name = "PageBytes"
	ReadUnits Name = "ReadUnits"
	// Throttles counts the tries that DynamoDB refused for lack of capacity, including those that the SDK repeated. It is kept by
	// Environment too, because an alarm cannot add up tables that it does not name, and by Reason if there were any.
	Throttles Name = "Throttles"
	// FlushSeconds is how long closing took at the end.
	FlushSeconds Name = "FlushSeconds"
	// BudgetUnused is the rest of the time of an invocation that handed over.
	BudgetUnused Name = "BudgetUnusedSeconds"
)

// Metrics of a run, by Environment and Table.
const (
	// SegmentsPlanned counts the segments that a run scans.
	SegmentsPlanned Name = "SegmentsPlanned"
	// RunsSucceeded is 1 at the time of the run's commit.
	RunsSucceeded Name = "RunsSucceeded"
	// LastSuccess is the time of the run's commit, in seconds since 1970.
	LastSuccess Name = "LastSuccess"
	// RunSeconds is the time from the start of the execution to the commit.
	RunSeconds Name = "RunSeconds"
	RunItems   Name = "RunItems"
	RunBytes   Name = "RunBytes"
	RunObjects Name = "RunObjects"
	// BilledBytes is the size that DynamoDB bills for the run's native exports.
	BilledBytes Name = "BilledBytes"
)

// Failures counts the failed invocations of all functions, by Environment and ErrorName. It includes those that a retry repeated
// with success.
const Failures Name = "Failures"
