package job

import "time"

// FinalizeInput is what the state machine hands to the finalize function.
type FinalizeInput struct {
	Plan Plan `json:"plan"`
}

// Result is the output of an execution that has succeeded.
type Result struct {
	RunID string `json:"runId"`
	Mode  Mode   `json:"mode"`
	Table string `json:"table"`
	// Manifest is the S3 URI of manifest-summary.json, from which a reader finds all the rest.
	Manifest string `json:"manifest"`
	Bucket   string `json:"bucket"`
	Root     string `json:"root"`
	Items    int64  `json:"items"`
	Objects  int64  `json:"objects"`
	// Bytes counts the objects as stored.
	Bytes     int64     `json:"bytes"`
	Segments  int       `json:"segments"`
	ReadUnits float64   `json:"readUnits"`
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
}
