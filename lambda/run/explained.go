package run

import "dynamodb-to-s3/lambda/request"

// Estimated is what a run is expected to consume.
type Estimated struct {
	ReadUnits float64 `json:"readUnits,omitempty"`
	Seconds   float64 `json:"seconds"`
	Dollars   float64 `json:"dollars"`
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
}

// SourceFacts is what an estimate rests on.
type SourceFacts struct {
	Items int64 `json:"items"`
	Bytes int64 `json:"bytes"`
	// BillingMode is DynamoDB's: PROVISIONED or PAY_PER_REQUEST.
	BillingMode string `json:"billingMode,omitempty"`
	// ReadUnitsPerSecond is the capacity that is known, and ConsumedPerSecond what others consumed on average lately; 0 if not known.
	ReadUnitsPerSecond float64 `json:"readUnitsPerSecond,omitempty"`
	ConsumedPerSecond  float64 `json:"consumedPerSecond,omitempty"`
	// Basis says in sentences where the numbers come from.
	Basis []string `json:"basis,omitempty"`
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

// Estimate is what one way to copy a table is expected to take.
type Estimate struct {
	Kind Kind         `json:"kind"`
	Mode request.Mode `json:"mode"`
	Estimated
	// Bound is what limits the speed.
	Bound       Bound `json:"bound,omitempty"`
	Segments    int   `json:"segments,omitempty"`
	Concurrency int   `json:"concurrency,omitempty"`
	Objects     int64 `json:"objects,omitempty"`
	// Bytes are the bytes as stored.
	Bytes int64 `json:"bytes,omitempty"`
	// Lines are the parts of Dollars.
	Lines []CostLine `json:"lines,omitempty"`
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
