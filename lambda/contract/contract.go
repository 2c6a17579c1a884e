package contract

// Function is the name of a Lambda function, and of its folder below lambda/.
type Function string

// The functions that the state machine calls.
const (
	FunctionPlan     Function = "plan"
	FunctionScan     Function = "scan"
	FunctionExport   Function = "export"
	FunctionFinalize Function = "finalize"
)

// Functions returns every function, in the order in which a run calls them; it calls scan or export.
func Functions() []Function {
	return []Function{FunctionPlan, FunctionScan, FunctionExport, FunctionFinalize}
}

// The states of the state machine.
const (
	StatePlan           = "Plan"
	StatePlanned        = "Planned?"
	StateAlreadyRunning = "AlreadyRunning"
	StateScanSegments   = "ScanSegments"
	StateScanSegment    = "ScanSegment"
	StateSegmentDone    = "SegmentDone?"
	StateSegmentEnd     = "SegmentScanned"

	StateStartExport    = "StartExport"
	StateExporting      = "Exporting?"
	StateFollowExports  = "FollowExports"
	StateWaitForExport  = "WaitForExport"
	StateDescribeExport = "DescribeExport"
	StateCountCheck     = "CountCheck"
	StateExportStatus   = "ExportStatus?"
	StateExportChecked  = "ExportChecked"

	StateFinalize     = "Finalize"
	StateMoreToExport = "MoreToExport?"
	StateReplicated   = "Replicated"
	StateCause        = "Cause?"
	StateReadCause    = "ReadCause"
	StateKeepCause    = "KeepCause"
	StateFailed       = "Failed"
)

// The environment variables that a deployment sets and the functions read.
const (
	// EnvDefaults holds a JSON object of request fields: what a request does not say is taken from here.
	EnvDefaults = "REQUEST_DEFAULTS"
	// EnvName holds the deployment's name, which is the dimension Environment of its metrics.
	EnvName = "ENVIRONMENT"
	// EnvAccount holds the AWS account that the functions run in, to tell a table of another account by its ARN.
	EnvAccount = "ACCOUNT_ID"
	// EnvAssumableRoles holds the roles that requests may name, an AssumableRoles as JSON. Where it is not set, any may be named.
	EnvAssumableRoles = "ASSUMABLE_ROLES"
)

// MaxPayloadBytes is the most that Step Functions carries from one state to the next, in bytes of JSON.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MaxPayloadBytes = 256 << 10

// MaxResultBytes is how much of it the result may take beside the plan: that of a run with an export for each of 35 days.
const MaxResultBytes = 64 << 10
