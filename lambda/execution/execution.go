// Package execution owns what Step Functions says about an execution of the state machine: its status, when it began, and when its functions
// are no longer at work. It imports only the standard library.
package execution

import "time"

// Status is the status of an execution of the state machine, in Step Functions' words.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
type Status string

// The statuses that matter here. Unknown means that Step Functions has no such execution: it forgets one 90 days after its end.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
	Unknown   Status = "UNKNOWN"
)

// QuietAfter is how long functions that an execution called may still work after its end: the longest time that Lambda gives an
// invocation, and a minute, because the clocks of Lambda and Step Functions differ.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const QuietAfter = 15*time.Minute + time.Minute

// State is the state of an execution.
type State struct {
	Status Status
	// StartTime is when the execution began; zero if that is not known.
	StartTime time.Time
	// Quiet is the moment after which no function of the execution can be at work. It is zero if the execution has not ended.
	Quiet time.Time
}

// Dead reports whether the execution has ended without success, so that it will never complete its run unless it is redriven.
func (s State) Dead() bool {
	return s.Status == Failed || s.Status == TimedOut || s.Status == Aborted
}

// Busy reports whether the execution runs, or functions that it called may still be at work. An execution that Step Functions does not know does
// not run.
func (s State) Busy(now time.Time) bool {
	ended := s.Dead() || s.Status == Succeeded || s.Status == Unknown
	return !ended || now.Before(s.Quiet)
}

// Began reports whether the execution is the one that began at this time, and not a later one with the same name. A minute is allowed: it
// is not documented that Step Functions gives a start the same milliseconds everywhere, and a name is free again after 90 days.
func (s State) Began(at time.Time) bool {
	return s.StartTime.IsZero() || s.StartTime.Sub(at).Abs() < time.Minute
}
