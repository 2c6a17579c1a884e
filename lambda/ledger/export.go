package ledger

import (
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

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
	ExportType     request.ExportType `json:"exportType"`
	ExportTime     *time.Time         `json:"exportTime,omitempty"` // of a full export; nil means now
	From           *time.Time         `json:"from,omitempty"`       // of an incremental one, inclusive
	To             *time.Time         `json:"to,omitempty"`         // exclusive
	ViewType       request.ViewType   `json:"viewType,omitempty"`
	Format         request.Format     `json:"format"`
	Filter         *request.Filter    `json:"filter,omitempty"`
	S3Bucket       string             `json:"s3Bucket"`
	S3Prefix       string             `json:"s3Prefix,omitempty"`
	S3BucketOwner  string             `json:"s3BucketOwner,omitempty"`
	S3SseAlgorithm string             `json:"s3SseAlgorithm,omitempty"`
	S3SseKMSKeyID  string             `json:"s3SseKmsKeyId,omitempty"`
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
	run.ExportedWindow
}
