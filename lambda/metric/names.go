package metric

// MetricNamespace is where CloudWatch keeps the metrics of all deployments; the dimension Environment tells these apart.
const MetricNamespace = "dynamodb-to-s3"

// EnvName is the environment variable that holds the deployment's name, the dimension Environment of its metrics.
const EnvName = "ENVIRONMENT"

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

// Metric is the name of a CloudWatch metric.
type Metric string

// Metrics of one invocation of scan, by Environment and Table.
const (
	// MetricInvocations is 1, also of one that has failed: Invocations less HandOvers less Segments have failed.
	MetricInvocations Metric = "Invocations"
	// MetricHandOvers is 1 where the segment goes on in another invocation, MetricSegments 1 where it is scanned to its end.
	MetricHandOvers Metric = "HandOvers"
	MetricSegments  Metric = "Segments"
	// MetricItems counts the items that were read and passed the filters, MetricBytes the bytes of their records as stored. An invocation that failed has none.
	MetricItems Metric = "Items"
	MetricBytes Metric = "Bytes"
	// MetricPageBytes and MetricReadUnits are what was read, and paid, also where it was then lost.
	MetricPageBytes Metric = "PageBytes"
	MetricReadUnits Metric = "ReadUnits"
	// MetricThrottles counts the tries that DynamoDB refused for want of capacity, those included that the SDK repeated. It is
	// kept by Environment too, for an alarm cannot add up tables that nobody has named, and by Reason, if there were any.
	MetricThrottles Metric = "Throttles"
	// MetricFlushSeconds is how long it took to close what was open at the end.
	MetricFlushSeconds Metric = "FlushSeconds"
	// MetricBudgetUnused is what was left of the time of an invocation that has handed over.
	MetricBudgetUnused Metric = "BudgetUnusedSeconds"
)

// Metrics of a run, by Environment and Table.
const (
	// MetricSegmentsPlanned counts the segments that a run is to scan.
	MetricSegmentsPlanned Metric = "SegmentsPlanned"
	// MetricRunsSucceeded is 1, at the time of the run's commit.
	MetricRunsSucceeded Metric = "RunsSucceeded"
	// MetricLastSuccess is the time of the run's commit, in seconds since 1970.
	MetricLastSuccess Metric = "LastSuccess"
	// MetricRunSeconds is from the start of the execution to the commit.
	MetricRunSeconds Metric = "RunSeconds"
	MetricRunItems   Metric = "RunItems"
	MetricRunBytes   Metric = "RunBytes"
	MetricRunObjects Metric = "RunObjects"
	// MetricBilledBytes is what DynamoDB bills the run's native exports by.
	MetricBilledBytes Metric = "BilledBytes"
)

// MetricFailures counts the failed invocations of all functions, by Environment and ErrorName. One that is tried again and
// then goes well counts too.
const MetricFailures Metric = "Failures"
