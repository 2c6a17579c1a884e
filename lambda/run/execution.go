package run

import "time"

// ExecutionStatus is what has become of an execution of the state machine, in Step Functions' words.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
type ExecutionStatus string

// The statuses. Of an execution that is Unknown nobody can tell: Step Functions forgets one 90 days after its end.
const (
	ExecutionRunning        ExecutionStatus = "RUNNING"
	ExecutionPendingRedrive ExecutionStatus = "PENDING_REDRIVE"
	ExecutionSucceeded      ExecutionStatus = "SUCCEEDED"
	ExecutionFailed         ExecutionStatus = "FAILED"
	ExecutionTimedOut       ExecutionStatus = "TIMED_OUT"
	ExecutionAborted        ExecutionStatus = "ABORTED"
	ExecutionUnknown        ExecutionStatus = "UNKNOWN"
)

// QuietAfter is how long functions that an execution has called may still work after its end: the longest time that Lambda gives
// an invocation, and a minute, because the clocks of Lambda and Step Functions differ.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const QuietAfter = 15*time.Minute + time.Minute

// ExecutionState is what has become of an execution.
type ExecutionState struct {
	Status ExecutionStatus
	// Quiet is the moment from which on nothing that the execution has started can be at work any more: a function that it has
	// called may outlive it. It is zero for an execution that has not ended.
	Quiet time.Time
}

// Dead tells whether the execution has ended without success, so that by itself its run will never be complete.
func (s ExecutionState) Dead() bool {
	return s.Status == ExecutionFailed || s.Status == ExecutionTimedOut || s.Status == ExecutionAborted
}
