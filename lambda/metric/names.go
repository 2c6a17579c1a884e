package metric

// Namespace is where CloudWatch keeps the metrics of all deployments; the dimension Environment tells these apart.
const Namespace = "dynamodb-to-s3"

// The dimensions. Each takes few values: CloudWatch keeps, and bills, a metric for each combination of them. Who or what a
// single number is of (runId, segment, invocation) is a property of the log line beside it.
const (
	DimensionEnvironment = "Environment"
	DimensionTable       = "Table"
	// DimensionReason is DynamoDB's own word for why it has throttled, or, where it gives none, the error's code.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
	DimensionReason    = "Reason"
	DimensionErrorName = "ErrorName"
)

// Name is the name of a CloudWatch metric.
type Name string

// Metrics of one invocation of scan, by Environment and Table.
const (
	// Invocations is 1, also of one that has failed: Invocations less HandOvers less Segments have failed.
	Invocations Name = "Invocations"
	// HandOvers is 1 where the segment goes on in another invocation, Segments 1 where it is scanned to its end.
	HandOvers Name = "HandOvers"
	Segments  Name = "Segments"
	// Items counts the items that were read and passed the filters, Bytes the bytes of their records as stored. An invocation that failed has none.
	Items Name = "Items"
	Bytes Name = "Bytes"
	// PageBytes and ReadUnits are what was read, and paid, also where it was then lost.
	PageBytes Name = "PageBytes"
	ReadUnits Name = "ReadUnits"
	// Throttles counts the tries that DynamoDB refused for want of capacity, those included that the SDK repeated. It is
	// kept by Environment too, for an alarm cannot add up tables that nobody has named, and by Reason, if there were any.
	Throttles Name = "Throttles"
	// FlushSeconds is how long it took to close what was open at the end.
	FlushSeconds Name = "FlushSeconds"
	// BudgetUnused is what was left of the time of an invocation that has handed over.
	BudgetUnused Name = "BudgetUnusedSeconds"
)

// Metrics of a run, by Environment and Table.
const (
	// SegmentsPlanned counts the segments that a run is to scan.
	SegmentsPlanned Name = "SegmentsPlanned"
	// RunsSucceeded is 1, at the time of the run's commit.
	RunsSucceeded Name = "RunsSucceeded"
	// LastSuccess is the time of the run's commit, in seconds since 1970.
	LastSuccess Name = "LastSuccess"
	// RunSeconds is from the start of the execution to the commit.
	RunSeconds Name = "RunSeconds"
	RunItems   Name = "RunItems"
	RunBytes   Name = "RunBytes"
	RunObjects Name = "RunObjects"
	// BilledBytes is what DynamoDB bills the run's native exports by.
	BilledBytes Name = "BilledBytes"
)

// Failures counts the failed invocations of all functions, by Environment and ErrorName. One that is tried again and
// then goes well counts too.
const Failures Name = "Failures"
