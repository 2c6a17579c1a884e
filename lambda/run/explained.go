package run

import (
	"time"

	"dynamodb-to-s3/lambda/request"
)

// Estimated is what a run is expected to consume. The numbers are 0 if DynamoDB does not know the size of the table yet.
type Estimated struct {
	ReadUnits float64 `json:"readUnits,omitempty"`
	Seconds   float64 `json:"seconds"`
	Dollars   float64 `json:"dollars"`
	// Provisioned says that the table has provisioned capacity, so that its read units cost nothing extra.
	Provisioned bool `json:"provisioned,omitempty"`
}

// Explained is the output of an execution that only explains its run.
type Explained struct {
	Version int    `json:"version"`
	Table   string `json:"table"`
	// Source is what is known about the table, or about the index that is scanned.
	Source SourceFacts `json:"source"`
	// Run is the run as the request asks for it. Alternatives are other ways to copy the same table.
	Run          Estimate   `json:"run"`
	Alternatives []Estimate `json:"alternatives,omitempty"`
	// Recommendation is the Kind of Run or of an alternative, and Reason why.
	Recommendation Kind   `json:"recommendation,omitempty"`
	Reason         string `json:"reason,omitempty"`
	// Refusal is why plan would refuse the run because of its limits; "" if it would not.
	Refusal string `json:"refusal,omitempty"`
}

// SourceFacts is what an estimate rests on.
type SourceFacts struct {
	// Items and Bytes are those of the table or index, as the estimate takes them. TableBytes is the size of the table itself, if an index is
	// scanned.
	Items      int64 `json:"items"`
	Bytes      int64 `json:"bytes"`
	TableBytes int64 `json:"tableBytes,omitempty"`
	// BillingMode is DynamoDB's: PROVISIONED or PAY_PER_REQUEST.
	BillingMode string `json:"billingMode,omitempty"`
	// ReadUnitsPerSecond is the capacity that is known, and ConsumedPerSecond what others consumed on average lately; 0 if not known.
	ReadUnitsPerSecond float64 `json:"readUnitsPerSecond,omitempty"`
	ConsumedPerSecond  float64 `json:"consumedPerSecond,omitempty"`
	// WrittenPerDay is how many bytes were written on the last day; 0 if not known.
	WrittenPerDay int64 `json:"writtenPerDay,omitempty"`
	// Recovery is the state of point-in-time recovery, ENABLED or DISABLED; "" if not known.
	Recovery string   `json:"recovery,omitempty"`
	Sample   *Sample  `json:"sample,omitempty"`
	Last     *LastRun `json:"last,omitempty"`
	// Basis says in sentences where the numbers come from.
	Basis []string `json:"basis,omitempty"`
}

// Sample is what some pages of the table have shown.
type Sample struct {
	// Pages and Scanned count what was read, and ReadUnits what that consumed. Items counts the items that passed the filter, and Records
	// those that were made from them.
	Pages     int64   `json:"pages"`
	Scanned   int64   `json:"scanned"`
	Items     int64   `json:"items"`
	Records   int64   `json:"records"`
	ReadUnits float64 `json:"readUnits"`
	// TableBytes is about how many bytes of the table were read. PageBytes counts the bytes of the answers, and Bytes those of the records as
	// stored.
	TableBytes float64 `json:"tableBytes"`
	PageBytes  int64   `json:"pageBytes"`
	Bytes      int64   `json:"bytes"`
	// PageSeconds is how long a full page takes to arrive, by the time that the pages took; 0 if it is not known.
	PageSeconds float64 `json:"pageSeconds,omitempty"`
	// Spread is the standard deviation of the size of an item, as a part of the mean size.
	Spread float64 `json:"spread,omitempty"`
	// Whole says that the sample is the whole table.
	Whole bool `json:"whole,omitempty"`
	// TotalItems is how many items the table has by the sample, and ErrorPercent how far this can be off.
	TotalItems   float64 `json:"totalItems"`
	ErrorPercent float64 `json:"errorPercent,omitempty"`
}

// LastRun is the last committed run of the same table and prefix.
type LastRun struct {
	RunID     string    `json:"runId"`
	EndTime   time.Time `json:"endTime"`
	Seconds   float64   `json:"seconds"`
	Items     int64     `json:"items"`
	Objects   int64     `json:"objects"`
	Bytes     int64     `json:"bytes"`
	ReadUnits float64   `json:"readUnits,omitempty"`
}

// Kind is a way to copy a table.
type Kind string

// The ways to copy a table.
const (
	KindScanOnDemand      Kind = "SCAN_ON_DEMAND"
	KindScanProvisioned   Kind = "SCAN_PROVISIONED"
	KindFullExport        Kind = "FULL_EXPORT"
	KindIncrementalExport Kind = "INCREMENTAL_EXPORT_CHAIN"
)

// Bound is what limits the speed of a run.
type Bound string

// What can limit the speed of a run.
const (
	BoundTable     Bound = "TABLE"     // the capacity of the table
	BoundPartition Bound = "PARTITION" // the 3,000 read units a second of a partition
	BoundLatency   Bound = "LATENCY"   // each segment waits for one page after the other
	BoundPace      Bound = "PACE"      // readUnitsPerSecond or readPercent
	BoundFunctions Bound = "FUNCTIONS" // the CPU of the functions
	BoundExport    Bound = "EXPORT"    // DynamoDB's own export
)

// BoundTime is how long a run would take if only this limited it.
type BoundTime struct {
	Bound   Bound   `json:"bound"`
	Seconds float64 `json:"seconds"`
}

// Estimate is what one way to copy a table is expected to take.
type Estimate struct {
	Kind Kind         `json:"kind"`
	Mode request.Mode `json:"mode"`
	Estimated
	// Bound is what limits the speed, and Bounds are all that were compared, the slowest first.
	Bound       Bound       `json:"bound,omitempty"`
	Bounds      []BoundTime `json:"bounds,omitempty"`
	Segments    int         `json:"segments,omitempty"`
	Concurrency int         `json:"concurrency,omitempty"`
	Objects     int64       `json:"objects,omitempty"`
	// Bytes are the bytes as stored.
	Bytes int64 `json:"bytes,omitempty"`
	// Lines are the parts of Dollars.
	Lines []CostLine `json:"lines,omitempty"`
	// Note says what else to know, such as a price for each month that Dollars does not have.
	Note string `json:"note,omitempty"`
	// Impossible is why the table cannot be copied in this way as it is; "" if it can.
	Impossible string `json:"impossible,omitempty"`
}

// CostLine is a part of the cost of a run.
type CostLine struct {
	// What is billed, such as read request units.
	What    string  `json:"what"`
	Amount  float64 `json:"amount"`
	Unit    string  `json:"unit"`
	Dollars float64 `json:"dollars"`
}
