package run

import "time"

// ExportInput is the payload of the export function.
type ExportInput struct {
	Plan   Plan           `json:"plan"`
	Export ExportProgress `json:"export"`
	// Redrives is how often the execution was redriven. Each redrive allows as many checks, and tries, again.
	Redrives int `json:"redrives"`
}

// ExportProgress is how far the exports of a run have come, as the state machine sees it.
type ExportProgress struct {
	// InProgress says that the state machine must follow Exports. If it is false, the run can be finalized.
	InProgress bool             `json:"inProgress"`
	Exports    []FollowedExport `json:"exports"`
	// Until is how far this run exports a chain; nil if that is not decided yet.
	Until *time.Time `json:"until"`
	// Reason is why there is nothing to export; "" otherwise.
	Reason string `json:"reason"`
}

// FollowedExport is one export that the state machine waits for. One child of the Map FollowExports counts its checks.
type FollowedExport struct {
	ExportARN string `json:"exportArn"`
	// Checks counts the checks so far. When it reaches Until, the state machine calls the export function again.
	Checks int64 `json:"checks"`
	Until  int64 `json:"until"`
	// IntervalSeconds is how long to wait before each check.
	IntervalSeconds int64 `json:"intervalSeconds"`
	// ExportStatus is the status that the last check returned.
	ExportStatus string `json:"exportStatus"`
	// FailedChecks counts the checks that Step Functions could not make. After one, the child of the Map ends, and the export function
	// makes the check itself. Failure is then Step Functions' error output, in JSON; it is "" after a check that was made.
	FailedChecks int    `json:"failedChecks"`
	Failure      string `json:"failure"`
}
