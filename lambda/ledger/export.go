package ledger

import (
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// PendingExport is an export between the decision to make it and its commit.
type PendingExport struct {
	ExportSpec
	// Reason is why the export is a full one although the request asks for an incremental one.
	Reason string `json:"reason,omitempty"`
	// Since is when the run decided to make the export, by DynamoDB's clock. The export starts later.
	Since time.Time `json:"since"`
	// Incomplete says what was wrong with an earlier attempt that was COMPLETED; "" if there was none. DynamoDB bills for both.
	Incomplete string `json:"incomplete,omitempty"`
	// Attempt counts the attempts from 0. Execution is the Owner of the run that started or followed the last one. Tries is how many it has
	// started.
	Attempt   int    `json:"attempt"`
	Execution string `json:"execution"`
	Tries     int    `json:"tries"`
	// ExportARN is "" until the export starts. Followed says that another program started it.
	ExportARN string `json:"exportArn,omitempty"`
	Followed  bool   `json:"followed,omitempty"`
	// Done is DynamoDB's description of the export once it is COMPLETED.
	Done *CompletedExport `json:"done,omitempty"`
}

// Again makes another attempt follow.
func (p *PendingExport) Again() {
	p.ExportARN, p.Followed, p.Done = "", false, nil
	p.Attempt++
}

// ExportSpec is the request to DynamoDB. It is complete, so that any run can continue with it.
type ExportSpec struct {
	ExportType     request.ExportType `json:"exportType"`
	ExportTime     *time.Time         `json:"exportTime,omitempty"` // for a full export; nil means now
	From           *time.Time         `json:"from,omitempty"`       // for an incremental export, inclusive
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

// asks reports whether an export has the parameters of a request. A chain makes both types of exports, with their own times.
func (s ExportSpec) asks(e request.Export) bool {
	return s.Format == e.Format && (s.ViewType == e.ViewType || s.ExportType == request.ExportFull) &&
		s.S3BucketOwner == e.S3BucketOwner && s.S3SseAlgorithm == e.S3SseAlgorithm && s.S3SseKMSKeyID == e.S3SseKMSKeyID &&
		run.Digest(s.Filter) == run.Digest(e.Filter)
}

// CompletedExport is what DynamoDB says about a COMPLETED export.
type CompletedExport struct {
	ExportTime  time.Time `json:"exportTime"` // for a full export
	Manifest    string    `json:"manifest"`   // the key of its manifest-summary.json
	Items       int64     `json:"items"`
	BilledBytes int64     `json:"billedBytes"`
	StartTime   time.Time `json:"startTime"`
	EndTime     time.Time `json:"endTime"`
}

// CommittedExport is a committed export, with the run that committed it and the run's Owner.
type CommittedExport struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	run.ExportedWindow
}
