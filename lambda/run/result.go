package run

import (
	"time"

	"dynamodb-to-s3/lambda/request"
)

// FinalizeInput is what the state machine hands to the finalize function.
type FinalizeInput struct {
	Plan Plan `json:"plan"`
	// Export is how far the run's exports have come; of a scan, not at all.
	Export ExportProgress `json:"export"`
}

// FinalizeOutput is what finalize hands back.
type FinalizeOutput struct {
	// More says that a chain has more to export before its Result is whole.
	More   bool   `json:"more"`
	Result Result `json:"result"`
}

// Result is the output of an execution that has succeeded.
type Result struct {
	Version int          `json:"version"`
	RunID   string       `json:"runId"`
	Mode    request.Mode `json:"mode"`
	Table   string       `json:"table"`
	// Manifest is the S3 URI of manifest-summary.json, from which a reader finds all the rest. It is absent where the run has no
	// export, or several: Exports then has each one's.
	Manifest string `json:"manifest,omitempty"`
	Bucket   string `json:"bucket"`
	Root     string `json:"root"`
	// Items counts the items that were read and that the filters let through, Records what they became: as many, unless a
	// transform or an encoder makes more or fewer of them. Of an export they are the same.
	Items   int64 `json:"items"`
	Records int64 `json:"records"`
	Objects int64 `json:"objects"`
	// Bytes counts the objects as stored.
	Bytes     int64   `json:"bytes"`
	Segments  int     `json:"segments,omitempty"`
	ReadUnits float64 `json:"readUnits,omitempty"`
	// BilledBytes is what DynamoDB charges native exports for.
	BilledBytes int64            `json:"billedBytes,omitempty"`
	Exports     []ExportedWindow `json:"exports,omitempty"`
	// Reason is why a run has exported nothing.
	Reason    string    `json:"reason,omitempty"`
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
}

// ExportedWindow is one native export that a run has committed.
type ExportedWindow struct {
	ExportARN  string             `json:"exportArn"`
	ExportType request.ExportType `json:"exportType"`
	// ExportTime is the moment of a full export; From, inclusive, and To, exclusive, are the window of an incremental one.
	ExportTime *time.Time `json:"exportTime,omitempty"`
	From       *time.Time `json:"from,omitempty"`
	To         *time.Time `json:"to,omitempty"`
	// Reason is why a full export was made where an incremental one was asked for.
	Reason string `json:"reason,omitempty"`
	// Followed says that the run has not started the export but found it in progress.
	Followed    bool      `json:"followed,omitempty"`
	Manifest    string    `json:"manifest"`
	Items       int64     `json:"items"`
	Objects     int64     `json:"objects"`
	Bytes       int64     `json:"bytes"`
	BilledBytes int64     `json:"billedBytes"`
	StartTime   time.Time `json:"startTime"`
	EndTime     time.Time `json:"endTime"`
}
