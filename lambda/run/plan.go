package run

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
)

// PlanInput is what the state machine hands to the plan function: the execution's own input, and who the execution is.
type PlanInput struct {
	Request   json.RawMessage `json:"request"`
	Execution Execution       `json:"execution"`
}

// Execution says which execution of the state machine this is; a redrive keeps all three.
type Execution struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	StartTime time.Time `json:"startTime"`
}

// PlanOutput is the state of the execution from here on. Segment numbers are all that a Map needs for its children, so that
// 10,000 of them stay far below MaxPayloadBytes.
type PlanOutput struct {
	Plan        Plan  `json:"plan"`
	Segments    []int `json:"segments"`
	Concurrency int   `json:"concurrency"`
	// Export is how far the native exports have come: of a plan, not at all.
	Export ExportProgress `json:"export"`
	// Committed says that this very run was complete before: only its result is still to be told.
	Committed bool `json:"committed"`
	// Duplicate says that another execution runs this run: this one has nothing to do. Absent otherwise.
	Duplicate *Duplicate `json:"duplicate,omitempty"`
}

// Duplicate is the output of an execution that a second delivery of a schedule's firing has started.
type Duplicate struct {
	RunID string `json:"runId"`
	// ExecutionID is the execution that has claimed the run.
	ExecutionID string `json:"executionId"`
	// Committed says that the run was complete when this execution looked.
	Committed bool `json:"committed"`
	// Reason is for a person.
	Reason string `json:"reason"`
}

// Plan is all that the functions after plan need to know of a run. It is decided once, kept in the run's claim, and the same
// for every invocation: a run that has started is never split anew. Only ExecutionID and TakenOver change, where another
// execution takes the run over.
type Plan struct {
	Mode        request.Mode `json:"mode"`
	RunID       string       `json:"runId"`
	ExecutionID string       `json:"executionId"`
	// TakenOver are the executions that had the run before this one, the last one last, and have died of it.
	TakenOver   []string  `json:"takenOver,omitempty"`
	StartTime   time.Time `json:"startTime"`
	Table       string    `json:"table"`
	TableARN    string    `json:"tableArn"`
	TableID     string    `json:"tableId"`
	Bucket      string    `json:"bucket"`
	BucketOwner string    `json:"bucketOwner,omitempty"`
	KMSKeyID    string    `json:"kmsKeyId,omitempty"`
	Root        string    `json:"root"`
	// SourceRoleARN reads the table and DestinationRoleARN writes the objects; "" for the functions' own roles.
	SourceRoleARN      string `json:"sourceRoleArn,omitempty"`
	DestinationRoleARN string `json:"destinationRoleArn,omitempty"`
	// TableRegion is the table's region where the request names another than the functions'. TableARN may have one that is only
	// an emulator's fancy.
	TableRegion string `json:"tableRegion,omitempty"`
	// Of a scan.
	Scan          request.Scan   `json:"scan"`
	TotalSegments int            `json:"totalSegments,omitempty"`
	Format        request.Format `json:"format,omitempty"`
	// Transform and Encoder say what becomes of an item where that is not the format alone; at most one of them is there.
	Transform string   `json:"transform,omitempty"`
	Encoder   *Encoder `json:"encoder,omitempty"`
	// KeyNames are the names of the attributes of the table's primary key, for a person who looks for an item.
	KeyNames      []string            `json:"keyNames,omitempty"`
	Compression   request.Compression `json:"compression,omitempty"`
	FileSizeBytes int64               `json:"fileSizeBytes,omitempty"`
	// ReadUnitsPerSecond is what the run's segments may consume together, 0 for no limit; Concurrency is how many of them go at
	// once, given with it.
	ReadUnitsPerSecond float64 `json:"readUnitsPerSecond,omitempty"`
	Concurrency        int     `json:"concurrency,omitempty"`
	// Of an export: the request's, and the key of the journal that tells which exports were begun and committed.
	Export  *request.Export `json:"export,omitempty"`
	Journal string          `json:"journal,omitempty"`
}

// Layout returns the names of the run's objects.
func (p Plan) Layout() Layout { return Layout{Root: p.Root} }

// Prefix returns the prefix that the run's folder lies below, its placeholders filled in; "" for the bucket's root.
func (p Plan) Prefix() string {
	return strings.TrimSuffix(strings.TrimSuffix(p.Root, request.RootFolder+"/"+p.RunID), "/")
}

// Executions returns all executions that the run was ever of.
func (p Plan) Executions() []string { return append(slices.Clone(p.TakenOver), p.ExecutionID) }

// Paced tells whether the run is held to a number of read units a second.
func (p Plan) Paced() bool { return p.ReadUnitsPerSecond > 0 }

// Segments returns the numbers of the segments that this run scans: all of them, or the one that the request names.
func (p Plan) Segments() []int {
	if p.Scan.Segment != nil {
		return []int{int(*p.Scan.Segment)}
	}
	numbers := make([]int, p.TotalSegments)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}
