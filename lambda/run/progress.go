package run

import (
	"time"
)

// ExportInput is what the state machine hands to the export function.
type ExportInput struct {
	Plan   Plan           `json:"plan"`
	Export ExportProgress `json:"export"`
	// Redrives is how often the execution was redriven: each time allows for as many checks, and tries, again.
	Redrives int `json:"redrives"`
}

// ExportProgress is how far the exports of a run have come, as the state machine sees it.
type ExportProgress struct {
	// InProgress says that Exports are to be followed. Without it the run can be finalized.
	InProgress bool             `json:"inProgress"`
	Exports    []FollowedExport `json:"exports"`
	// Until is how far a chain is exported by this run, nil where it has not been decided.
	Until *time.Time `json:"until"`
	// Reason is why there was nothing to export; "" otherwise.
	Reason string `json:"reason"`
}

// FollowedExport is one export that is waited for: one child of the Map FollowExports, which counts its checks.
type FollowedExport struct {
	ExportARN string `json:"exportArn"`
	// Checks counts the checks so far; at Until it is time to ask the export function again.
	Checks int64 `json:"checks"`
	Until  int64 `json:"until"`
	// IntervalSeconds is how long to wait before each check.
	IntervalSeconds int64 `json:"intervalSeconds"`
	// ExportStatus is what the last check has seen.
	ExportStatus string `json:"exportStatus"`
}
