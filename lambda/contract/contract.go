// Package contract owns the names that the functions share with the stack in infra/: functions, states and environment variables. It imports
// only the standard library.
package contract

// Function is the name of a Lambda function, and of the package below lambda/ that has its work.
type Function string

// The functions that the state machine calls.
const (
	FunctionPlan     Function = "plan"
	FunctionScan     Function = "scan"
	FunctionExport   Function = "export"
	FunctionColumns  Function = "columns"
	FunctionConvert  Function = "convert"
	FunctionFinalize Function = "finalize"
	FunctionCatalog  Function = "catalog"
	FunctionPrune    Function = "prune"
)

// Functions returns every function in the order of a run. A run calls either scan or export, columns and convert only for Parquet, and catalog and
// prune only if the deployment has a catalog and a retention.
func Functions() []Function {
	return []Function{FunctionPlan, FunctionScan, FunctionExport, FunctionColumns, FunctionConvert, FunctionFinalize, FunctionCatalog, FunctionPrune}
}

// The states of the state machine.
const (
	StatePlan           = "Plan"
	StatePlanned        = "Planned?"
	StateExplained      = "Explained"
	StateAlreadyRunning = "AlreadyRunning"
	StateScanSegments   = "ScanSegments"
	StateScanSegment    = "ScanSegment"
	StateSegmentDone    = "SegmentDone?"
	StateWaitToScan     = "WaitToScan"
	StateSegmentEnd     = "SegmentScanned"

	StateStartExport    = "StartExport"
	StateExporting      = "Exporting?"
	StateFollowExports  = "FollowExports"
	StateWaitForExport  = "WaitForExport"
	StateDescribeExport = "DescribeExport"
	StateCountCheck     = "CountCheck"
	StateCheckFailed    = "CheckFailed"
	StateExportStatus   = "ExportStatus?"
	StateExportChecked  = "ExportChecked"

	StateColumns         = "Columns"
	StateConvertSegments = "ConvertSegments"
	StateConvertSegment  = "ConvertSegment"
	StateConversionDone  = "ConversionDone?"
	StateConvertEnd      = "SegmentConverted"
	StateConverted       = "Converted?"

	StateCataloged = "InCatalog?"
	StateCatalog   = "Catalog"
	StateRetained  = "Retention?"
	StatePrune     = "Prune"

	StateFinalize        = "Finalize"
	StateFinalized       = "Finalized?"
	StateCompleteUploads = "CompleteUploads"
	StateCompleteBatch   = "CompleteBatch"
	StateBatchDone       = "BatchDone?"
	StateBatchEnd        = "BatchCompleted"
	StateReplicated      = "Replicated"
	StateReadCause       = "ReadCause"
	StateAWSCause        = "AWSCause?"
	StateReadAWSCause    = "ReadAWSCause"
	StateKeepAWSCause    = "KeepAWSCause"
	StateNoAWSCause      = "NoAWSCause"
	StateNoAnswer        = "NoAnswer"
	StateFailed          = "Failed"
)

// The environment variables that a deployment sets and the functions read.
const (
	// EnvDefaults has the values of request fields that a request does not give, as a JSON object.
	EnvDefaults = "REQUEST_DEFAULTS"
	// EnvName has the name of the deployment, which is the dimension Environment of its metrics.
	EnvName = "ENVIRONMENT"
	// EnvAccount has the AWS account that the functions run in. An ARN with another account is a table of another account.
	EnvAccount = "ACCOUNT_ID"
	// EnvAssumableRoles has the roles that requests may name, as the JSON of request.AssumableRoles. Without it they may name every role.
	EnvAssumableRoles = "ASSUMABLE_ROLES"
	// EnvCatalog has the Glue database in which runs keep tables. Without it, runs keep none.
	EnvCatalog = "CATALOG_DATABASE"
	// EnvRetention has which runs the function prune keeps, as the JSON of run.RetentionRule. Without it, prune is never called.
	EnvRetention = "RETENTION"
	// EnvPrices has the prices that differ from those of package price, as a JSON object.
	EnvPrices = "PRICES"
	// EnvMetrics is "true" if the function plan may read CloudWatch's metrics of the table. Otherwise it must not try: in a VPC without a route to
	// CloudWatch, it would wait in vain.
	EnvMetrics = "READ_METRICS"
	// EnvScanTimeout has the timeout of the function scan, in seconds. The function plan computes with it.
	EnvScanTimeout = "SCAN_TIMEOUT_SECONDS"
	// EnvScanMemory has the memory of the function scan, in MiB. The function plan compares it with what a request needs.
	EnvScanMemory = "SCAN_MEMORY_MIB"
)
