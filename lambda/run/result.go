package run

import (
	"encoding/json"
	"time"

	"dynamodb-to-s3/lambda/request"
)

// FinalizeInput is the payload of the finalize function.
type FinalizeInput struct {
	Plan Plan `json:"plan"`
	// Export is how far the run's exports have come; empty for a scan.
	Export ExportProgress `json:"export"`
	// Batch asks only for the completion of the batch's uploads; nil to commit the run.
	Batch *Batch `json:"batch,omitempty"`
}

// FinalizeOutput is the answer of the finalize function.
type FinalizeOutput struct {
	// More says that a chain has more to export. Result is then empty.
	More bool `json:"more"`
	// Batches are what the Map CompleteUploads must complete before finalize can commit the run; absent if that is not necessary. Result
	// is then empty.
	Batches []Batch `json:"batches,omitempty"`
	// Done says that all uploads of the input's batch are completed. Result is then empty. False means that the function must be called
	// again.
	Done bool `json:"done"`
	// Convert says that the first pass is committed, and that the second pass must follow. Result is then empty.
	Convert bool   `json:"convert"`
	Result  Result `json:"result"`
}

// Batch names segments, from First to Last, whose uploads one child of the Map CompleteUploads completes.
type Batch struct {
	First int `json:"first"`
	Last  int `json:"last"`
}

// Result is the output of an execution that succeeded.
type Result struct {
	Version int          `json:"version"`
	RunID   string       `json:"runId"`
	Mode    request.Mode `json:"mode"`
	Table   string       `json:"table"`
	// Manifest is the S3 URI of manifest-summary.json, from which a reader finds everything else. It is absent for a run with no
	// export or several: each of Exports has its own manifest.
	Manifest string `json:"manifest,omitempty"`
	Bucket   string `json:"bucket"`
	Root     string `json:"root"`
	// Items counts the items that passed the filters. Records counts the records made from them: as many, unless a transform or an
	// encoder makes more or fewer. For an export both are the same.
	Items   int64 `json:"items"`
	Records int64 `json:"records"`
	Objects int64 `json:"objects"`
	// Bytes counts the bytes of the stored objects.
	Bytes     int64   `json:"bytes"`
	Segments  int     `json:"segments,omitempty"`
	ReadUnits float64 `json:"readUnits,omitempty"`
	// Work says how the scan spent its time; absent for a native export. Conversion says it of the second pass of a run that makes Parquet
	// files, which reads the staged files.
	Work       *WorkTotals `json:"work,omitempty"`
	Conversion *WorkTotals `json:"conversion,omitempty"`
	// Estimate is what plan expected of the run when it began; absent if it could not say.
	Estimate *Estimated `json:"estimate,omitempty"`
	// Dollars is what the run has cost, by the prices of the deployment, apart from what AWS bills later (storage, logs).
	Dollars float64 `json:"dollars,omitempty"`
	// BilledBytes is the size that DynamoDB bills for native exports.
	BilledBytes int64            `json:"billedBytes,omitempty"`
	Exports     []ExportedWindow `json:"exports,omitempty"`
	// Schema is what a run that makes Parquet files has learned; absent for other runs. That of a scan in JSON or ION is in Catalog.
	Schema *LearnedSchema `json:"schema,omitempty"`
	// Catalog says which tables show the run, and Pruned which runs were removed after it. Both are absent if the deployment has no such thing.
	Catalog *Cataloged `json:"catalog,omitempty"`
	Pruned  *Pruned    `json:"pruned,omitempty"`
	// Reason is why a run exported nothing.
	Reason string `json:"reason,omitempty"`
	// Foreign says what somebody else has put into the folder of a scan; absent if there is nothing.
	Foreign   *Foreign  `json:"foreign,omitempty"`
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
}

// LearnedSchema says which columns a run has made.
type LearnedSchema struct {
	// Object is the S3 URI of the schema.
	Object string `json:"object"`
	// Columns counts the columns, apart from _rest.
	Columns int `json:"columns"`
	// Rest counts, by attribute, the items whose value is in the column _rest. A scan in JSON or ION has no such column, and counts the values that
	// do not fit their column. "" stands for attributes beyond the first ones.
	Rest map[string]int64 `json:"rest,omitempty"`
	// Last is the run whose schema this one was compared with. Drift is the schema.Drift of the two; nil if nothing has changed.
	Last  string          `json:"last,omitempty"`
	Drift json.RawMessage `json:"drift,omitempty"`
}

// Foreign counts objects, and unfinished uploads, whose names are not the run's. The run leaves them alone. A reader that takes the
// manifest does not see them, but a reader that lists the folder does.
type Foreign struct {
	Count int64 `json:"count"`
	// Keys are the first few keys.
	Keys []string `json:"keys"`
}

// maxForeign is how many foreign keys are shown. A key has up to 1,024 bytes.
const maxForeign = 3

// Add counts a key.
func (f *Foreign) Add(key string) {
	if f.Count++; len(f.Keys) < maxForeign {
		f.Keys = append(f.Keys, key)
	}
}

// Join adds what o counts. The keys of o come after those of f.
func (f *Foreign) Join(o Foreign) {
	f.Count += o.Count
	f.Keys = append(f.Keys, o.Keys[:min(len(o.Keys), maxForeign-len(f.Keys))]...)
}

// Found returns f, or nil if it counts nothing.
func (f *Foreign) Found() *Foreign {
	if f == nil || f.Count == 0 {
		return nil
	}
	return f
}

// ExportedWindow is one native export that a run committed.
type ExportedWindow struct {
	ExportARN  string             `json:"exportArn"`
	ExportType request.ExportType `json:"exportType"`
	// ExportTime is the moment of a full export. From, inclusive, and To, exclusive, are the window of an incremental one.
	ExportTime *time.Time `json:"exportTime,omitempty"`
	From       *time.Time `json:"from,omitempty"`
	To         *time.Time `json:"to,omitempty"`
	// Reason is why DynamoDB made a full export although the request asked for an incremental one, and why it made the export twice.
	Reason string `json:"reason,omitempty"`
	// Followed says that the run did not start the export but found it in progress.
	Followed bool `json:"followed,omitempty"`
	// Manifest is absent if the run has removed the export, after it had made Parquet files of it.
	Manifest    string `json:"manifest,omitempty"`
	Items       int64  `json:"items"`
	Objects     int64  `json:"objects"`
	Bytes       int64  `json:"bytes"`
	BilledBytes int64  `json:"billedBytes"`
	// Foreign says what the folder of a full export has beside the files of its manifest; absent if there is nothing.
	Foreign   *Foreign  `json:"foreign,omitempty"`
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
}

// Covered returns the moment before which everything is exported, once the export is committed.
func (w ExportedWindow) Covered() *time.Time {
	if w.ExportType == request.ExportIncremental {
		return w.To
	}
	return w.ExportTime
}
