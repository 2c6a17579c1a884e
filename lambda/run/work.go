package run

import "time"

// Work says how one invocation of a scan, or of a conversion, spent its time.
type Work struct {
	// Throttles counts the tries that were refused for lack of capacity, by DynamoDB's reason. One try can have several reasons.
	Throttles map[string]int64 `json:"throttles,omitempty"`
	// WaitSeconds is how long it waited for the pace or after a throttle, FlushSeconds how long closing took at the end.
	WaitSeconds  float64 `json:"waitSeconds,omitempty"`
	FlushSeconds float64 `json:"flushSeconds,omitempty"`
	// Intervals divide the time in which it read into equal intervals of IntervalSeconds, from the list's StartTime on. There are MaxIntervals
	// at most.
	IntervalSeconds float64    `json:"intervalSeconds,omitempty"`
	Intervals       []Interval `json:"intervals,omitempty"`
}

// MaxIntervals is how many intervals the Work of an invocation has at most.
const MaxIntervals = 32

// Interval is what an invocation did in an interval of its time.
type Interval struct {
	// Items counts the items that were read, before any filter.
	Items     int64   `json:"items"`
	PageBytes int64   `json:"pageBytes"`
	ReadUnits float64 `json:"readUnits,omitempty"`
	Throttles int64   `json:"throttles,omitempty"`
}

// RunWork is the Work of all invocations that the result of a run consists of.
type RunWork struct {
	Invocations int64 `json:"invocations"`
	Pages       int64 `json:"pages"`
	PageBytes   int64 `json:"pageBytes"`
	// StartTime is when the first invocation began to read, and EndTime when the last one had written everything.
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
	// Seconds is the sum over the invocations, which work at the same time.
	Seconds      float64          `json:"seconds"`
	WaitSeconds  float64          `json:"waitSeconds,omitempty"`
	FlushSeconds float64          `json:"flushSeconds,omitempty"`
	Throttles    map[string]int64 `json:"throttles,omitempty"`
}
