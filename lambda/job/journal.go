package job

import (
	"fmt"
	"slices"
	"strings"
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

// More tells whether a chain has, after what is committed, another window before Until.
func (p ExportProgress) More(j Journal) bool {
	return p.Until != nil && j.End != nil && p.Until.Sub(*j.End) >= MinWindow
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

// Journal tells which exports were begun and which are committed: those of one run, or of a chain of runs that each go on where
// the last one ended. It is one object, and every write of it is conditional on what was read, so that two runs cannot
// begin the same window, nor commit it, each on its own.
type Journal struct {
	TableARN string `json:"tableArn"`
	TableID  string `json:"tableId"`
	// Filter is a digest of the filter: windows under different filters do not follow on each other.
	Filter string `json:"filter,omitempty"`
	// End is the moment before which everything is committed; nil where nothing is.
	End *time.Time `json:"end,omitempty"`
	// Pending are the exports that are to be made, or are being made, in the order of their windows.
	Pending []PendingExport `json:"pending"`
	// Committed are the last exports that were committed, the newest last.
	Committed []CommittedExport `json:"committed"`
}

// MaxCommitted is how many committed exports a journal remembers: more than one run can have, which are as many as there are
// windows of 24 hours in the 35 days of recovery.
const MaxCommitted = 100

// PendingExport is an export from the decision to make it until its commit.
type PendingExport struct {
	ExportSpec
	// Reason is why it is a full one where an incremental one was asked for.
	Reason string `json:"reason,omitempty"`
	// Since is the table's latest restorable moment when the export was decided on: no export of it is older than that.
	Since time.Time `json:"since"`
	// Attempt counts the tries, from 0. Execution made the last one, its Tries-th.
	Attempt   int    `json:"attempt"`
	Execution string `json:"execution"`
	Tries     int    `json:"tries"`
	// ExportARN is "" until it is started. Followed says that somebody else had started it.
	ExportARN string `json:"exportArn,omitempty"`
	Followed  bool   `json:"followed,omitempty"`
	// Done is what DynamoDB says of it once it is COMPLETED.
	Done *CompletedExport `json:"done,omitempty"`
}

// ExportSpec is what DynamoDB is asked for. It is complete, so that any run can go on with it.
type ExportSpec struct {
	ExportType     ExportType `json:"exportType"`
	ExportTime     *time.Time `json:"exportTime,omitempty"` // of a full export; nil means now
	From           *time.Time `json:"from,omitempty"`       // of an incremental one, inclusive
	To             *time.Time `json:"to,omitempty"`         // exclusive
	ViewType       ViewType   `json:"viewType,omitempty"`
	Format         Format     `json:"format"`
	Filter         *Filter    `json:"filter,omitempty"`
	S3Bucket       string     `json:"s3Bucket"`
	S3Prefix       string     `json:"s3Prefix,omitempty"`
	S3BucketOwner  string     `json:"s3BucketOwner,omitempty"`
	S3SseAlgorithm string     `json:"s3SseAlgorithm,omitempty"`
	S3SseKMSKeyID  string     `json:"s3SseKmsKeyId,omitempty"`
}

// CompletedExport is what DynamoDB tells of an export that has ended well.
type CompletedExport struct {
	ExportTime  time.Time `json:"exportTime"` // of a full export
	Manifest    string    `json:"manifest"`   // the key of its manifest-summary.json
	Items       int64     `json:"items"`
	BilledBytes int64     `json:"billedBytes"`
	StartTime   time.Time `json:"startTime"`
	EndTime     time.Time `json:"endTime"`
}

// CommittedExport is an export that was committed, and by whom.
type CommittedExport struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	ExportedWindow
}

// Check holds a journal that was read from a bucket to what a run may follow without looking any further: its exports go to that
// same bucket, and none lacks its times. The object is one that others may be able to write.
func (j Journal) Check(bucket string) error {
	for i, p := range j.Pending {
		incremental := p.ExportType == ExportIncremental
		switch {
		case !incremental && p.ExportType != ExportFull:
			return fmt.Errorf("pending export %d is of type %s", i, quoteName(string(p.ExportType)))
		case p.S3Bucket != bucket:
			return fmt.Errorf("pending export %d goes to bucket %s", i, quoteName(p.S3Bucket))
		case incremental && (p.From == nil || p.To == nil || !p.From.Before(*p.To)):
			return fmt.Errorf("pending export %d has no window", i)
		case p.Done != nil && p.S3Prefix != "" && !strings.HasPrefix(p.Done.Manifest, p.S3Prefix+"/"):
			return fmt.Errorf("pending export %d has its manifest elsewhere, %s", i, quoteName(p.Done.Manifest))
		}
	}
	for i, c := range j.Committed {
		if c.ExportType == ExportIncremental && (c.From == nil || c.To == nil) || c.ExportType != ExportIncremental && c.ExportTime == nil {
			return fmt.Errorf("committed export %d has no time", i)
		}
	}
	return nil
}

// Of returns the exports that the executions of a run have committed.
func (j Journal) Of(executions []string) []ExportedWindow {
	var own []ExportedWindow
	for _, committed := range j.Committed {
		if slices.Contains(executions, committed.Execution) {
			own = append(own, committed.ExportedWindow)
		}
	}
	return own
}
