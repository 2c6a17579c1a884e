// Package run holds what the functions of one run tell each other: the plan, checkpoints, segment lists and results, and the keys of a
// run's objects.
//
// It may import contract, failure, lazyregexp, problem and request.
package run

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
)

// PlanInput is the payload of the plan function: the execution's input, and which execution it is.
type PlanInput struct {
	Request   json.RawMessage `json:"request"`
	Execution Execution       `json:"execution"`
}

// Execution identifies an execution of the state machine. A redrive keeps all three values.
type Execution struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	StartTime time.Time `json:"startTime"`
}

// PlanOutput is the state of the execution from here on. The Map needs only the segments' numbers, so 10,000 segments stay far
// below MaxPayloadBytes.
type PlanOutput struct {
	Plan        Plan  `json:"plan"`
	Segments    []int `json:"segments"`
	Concurrency int   `json:"concurrency"`
	// Export is how far the native exports have come. The plan function returns an empty one.
	Export ExportProgress `json:"export"`
	// Committed says that the run is already committed, so that only its result is missing. With a plan of a first pass, it says that this pass
	// is committed, so that nothing is left to read.
	Committed bool `json:"committed"`
	// Duplicate says that another execution owns the run, so that this execution has nothing to do. Otherwise it is absent.
	Duplicate *Duplicate `json:"duplicate,omitempty"`
	// Explained is the output of an execution that only explains its run. Otherwise it is absent.
	Explained *Explained `json:"explained,omitempty"`
}

// Duplicate is the output of an execution that a second delivery of a schedule's firing started.
type Duplicate struct {
	RunID string `json:"runId"`
	// ExecutionID is the execution that claimed the run.
	ExecutionID string `json:"executionId"`
	// Committed says that the run was committed when this execution looked.
	Committed bool `json:"committed"`
	// Reason is a message for a person.
	Reason string `json:"reason"`
}

// Plan is what the functions after plan know of a run. The plan function decides it once and keeps it in the run's claim, so every
// invocation has the same plan, and a run that has started is never split again. Only ExecutionID and TakenOver change, when another
// execution takes the run over, and the limit of a scan.
//
// Exactly one of Scan and Export is there. In the second pass of a run that makes Parquet files, this is Scan, also for a native export.
type Plan struct {
	Version int `json:"version"`
	// Mode is SCAN with Scan and EXPORT with Export. The state machine reads it.
	Mode        request.Mode `json:"mode"`
	RunID       string       `json:"runId"`
	ExecutionID string       `json:"executionId"`
	// TakenOver lists the executions that owned the run before and failed, the last one last.
	TakenOver   []string    `json:"takenOver,omitempty"`
	StartTime   time.Time   `json:"startTime"`
	Table       string      `json:"table"`
	TableARN    string      `json:"tableArn"`
	TableID     string      `json:"tableId"`
	Bucket      string      `json:"bucket"`
	BucketOwner string      `json:"bucketOwner,omitempty"`
	KMSKeyID    string      `json:"kmsKeyId,omitempty"`
	Root        string      `json:"root"`
	Scan        *ScanPlan   `json:"scan,omitempty"`
	Export      *ExportPlan `json:"export,omitempty"`
	// Parquet is there if the run makes Parquet files, in two passes.
	Parquet *ParquetPlan `json:"parquet,omitempty"`
	// Catalog is there if tables of a catalog show the run.
	Catalog *CatalogPlan `json:"catalog,omitempty"`
	// Estimate is what plan expected of the run when it began; nil if it could not say.
	Estimate *Estimated `json:"estimate,omitempty"`
	// Retention is there if the function prune removes old runs of the table after this one. The deployment decides it, not the run.
	Retention *Retention `json:"retention,omitempty"`
}

// ExportPlan is what only a run of native exports has.
type ExportPlan struct {
	// Request is the request's field export.
	Request request.Export `json:"request"`
	// Chain is the chain that the request continues; nil if it asks for exports of its own.
	Chain *ExportChain `json:"chain,omitempty"`
}

// Check fails with InvalidRequest if the plan has another version than these functions, or if it is not a plan of the mode.
func (p Plan) Check(mode request.Mode) error {
	if err := CheckVersion(p.Version); err != nil {
		return failure.Errorf(failure.InvalidRequest, "the functions cannot read the plan of run %q: %w. Start a new execution under another name", p.RunID, err)
	}
	if p.Mode != mode || (p.Scan != nil) == (p.Export != nil) || (p.Scan != nil) != (mode == request.ModeScan) ||
		p.Export != nil && p.Export.Request.InChain() != (p.Export.Chain != nil) {
		return failure.Errorf(failure.InvalidRequest, "invalid payload: the plan of run %q is not for mode %s", p.RunID, mode)
	}
	return nil
}

// Layout returns the names of the objects of the pass.
func (p Plan) Layout() Layout { return Layout{Root: p.Root, Staging: p.FirstPass()} }

// Final returns the names of the objects that the run commits.
func (p Plan) Final() Layout { return Layout{Root: p.Root} }

// CommitsExports reports whether the run commits native exports as they are, and no files of its own.
func (p Plan) CommitsExports() bool { return p.Export != nil && p.Parquet == nil }

// Commit is the key of the object whose write commits the run.
func (p Plan) Commit() string {
	if p.CommitsExports() {
		return p.Final().Result()
	}
	return p.Final().ManifestSummary()
}

// WholeTable reports whether the run copies every item of the table as it is.
func (p Plan) WholeTable() bool {
	var req request.Request
	if p.Export != nil {
		req.Export = &p.Export.Request
	}
	if p.Scan != nil {
		req.Scan, req.Transform = &p.Scan.Request, p.Scan.Transform
		if p.Scan.Encoder != nil {
			req.Encoder = p.Scan.Encoder.Name
		}
	}
	return (p.Scan != nil || p.Export != nil) && req.WholeTable()
}

// Digest identifies the plan for what its segments write. It is the same after a takeover. If somebody removes a run's claim, a new run can
// get the same folder: it has another plan, and must not use what the old run has left there.
func (p Plan) Digest() string {
	p.ExecutionID, p.TakenOver, p.Retention, p.Estimate = "", nil, nil, nil
	if p.Scan != nil && p.Scan.MaxReadUnits > 0 {
		scan := *p.Scan
		if scan.MaxReadUnits = 0; !scan.Paced() {
			scan.Concurrency = 0
		}
		p.Scan = &scan
	}
	return Digest(p)[:digestLength]
}

// digestLength is how many hexadecimal digits the digest of a plan has. It tells apart the few plans that one folder can have.
const digestLength = 16

// Journal returns the key of the journal that says which exports were begun and committed: the chain's, or the run's own.
func (p Plan) Journal() string {
	if p.Export.Chain != nil {
		return p.Export.Chain.Journal()
	}
	return p.Layout().Journal()
}

// Prefix returns the prefix that contains the run's folder, with its placeholders filled in. It is "" for the bucket's root.
func (p Plan) Prefix() string {
	return strings.TrimSuffix(strings.TrimSuffix(p.Root, request.RootFolder+"/"+p.RunID), "/")
}

// ExportPrefix returns the prefix below which DynamoDB writes the run's native exports. Those of a run that makes Parquet files are staged.
func (p Plan) ExportPrefix() string {
	if p.FirstPass() {
		return p.Layout().Folder()
	}
	return p.Prefix()
}

// Owner identifies the plan's execution among all executions that ever had its name. A name can be used again after 90 days, and the
// run of the later execution began at another time.
func (p Plan) Owner() string { return p.ExecutionID + " " + p.StartTime.Format(time.RFC3339Nano) }

// Owners returns the Owner of every execution that owned the run, the current one last.
func (p Plan) Owners() []string {
	var owners []string
	for _, p.ExecutionID = range append(slices.Clone(p.TakenOver), p.ExecutionID) {
		owners = append(owners, p.Owner())
	}
	return owners
}
