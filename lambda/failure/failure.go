// Package failure owns the names of errors, under which Step Functions retries and catches them and under which docs/errors.md explains
// them. Start with Errorf and NameOf. It may import lazyregexp.
package failure

import (
	"errors"
	"fmt"
	"slices"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// Name is the name of an error in Step Functions. Retry and Catch compare it exactly.
type Name string

var errorName = lazyregexp.New(`^[a-zA-Z][a-zA-Z0-9._-]{0,99}$`)

// Understood says that an error's name, or the error code of a service, has a meaning. UnknownError is the SDK's code for an answer
// without one.
func (n Name) Understood() bool { return errorName().MatchString(string(n)) && n != "UnknownError" }

// Permanent says that a retry cannot help.
func (n Name) Permanent() bool { return slices.Contains(permanent, n) }

// Permanent failures. A retry ends the same way, and the cause says what a person must change.
const (
	// InvalidRequest means that the request is not valid. The cause lists every problem.
	InvalidRequest Name = "InvalidRequest"
	// TableNotFound means that this region and account have no such table.
	TableNotFound Name = "TableNotFound"
	// TableReplaced means that the table, or the index, was deleted and created again after the run began. Nothing was committed.
	TableReplaced Name = "TableReplaced"
	// TableNotReady means that the status of the table or index does not allow reads.
	TableNotReady Name = "TableNotReady"
	// IndexNotFound means that the table has no such index.
	IndexNotFound Name = "IndexNotFound"
	// TableInOtherRegion means that a native export was requested of a table in another region than the functions'.
	TableInOtherRegion Name = "TableInOtherRegion"
	// TableInOtherAccount means that the ARN has another account than the one in which the table would be read.
	TableInOtherAccount Name = "TableInOtherAccount"
	// BucketNotFound means that there is no such bucket.
	BucketNotFound Name = "BucketNotFound"
	// BucketInOtherRegion means that the bucket is in another region than the functions.
	BucketInOtherRegion Name = "BucketInOtherRegion"
	// AccessDenied means that a permission is missing. The cause names the action and the resource.
	AccessDenied Name = "AccessDenied"
	// RoleNotListed means that the deployment does not let requests name this role.
	RoleNotListed Name = "RoleNotListed"
	// RunNameTaken means that another execution or another request owns the run's folder, or that its claim is not what it must be.
	RunNameTaken Name = "RunNameTaken"
	// ScanRefused means that DynamoDB refused the parameters of the scan. The cause has DynamoDB's message.
	ScanRefused Name = "ScanRefused"
	// ItemNotEncodable means that the format cannot hold an item without loss.
	ItemNotEncodable Name = "ItemNotEncodable"
	// TransformFailed means that the request's transform failed for an item.
	TransformFailed Name = "TransformFailed"
	// EstimateAboveLimit means that the estimate of the run is above maxReadUnits or maxDollars. Nothing was read, apart from a few pages.
	EstimateAboveLimit Name = "EstimateAboveLimit"
	// LimitReached means that the run has read what maxReadUnits or maxDollars allows. Nothing was committed, and a higher limit continues the run.
	LimitReached Name = "LimitReached"
	// ListsInconsistent means that the segment lists and the bucket differ. Nothing was committed.
	ListsInconsistent Name = "ListsInconsistent"
	// UploadGone means that S3 no longer has an upload of the run, because somebody or a lifecycle rule has aborted it. Nothing was committed.
	UploadGone Name = "UploadGone"
	// TooManyParts means that a segment needs more objects than a key can number.
	TooManyParts Name = "TooManyParts"
)

// Permanent failures after the commit. The run is committed, and a redrive of the execution repeats only the step that failed.
const (
	// CatalogFailed means that the tables of the catalog do not show the run, because Glue refused a call, or somebody else's table has the name.
	CatalogFailed Name = "CatalogFailed"
	// LakeFormationDenied means that AWS Lake Formation, which guards the database, denies the function a permission.
	LakeFormationDenied Name = "LakeFormationDenied"
	// PruneFailed means that not all runs were removed that the retention does not keep.
	PruneFailed Name = "PruneFailed"
)

// Permanent failures of a native export. Those before its start are found before anything is started, and so before anything is paid.
const (
	// PointInTimeRecoveryOff means that the table has no point-in-time recovery, which exports read from.
	PointInTimeRecoveryOff Name = "PointInTimeRecoveryOff"
	// ExportTimeOutsideRecovery means that exportTime or from is outside the table's recovery window.
	ExportTimeOutsideRecovery Name = "ExportTimeOutsideRecovery"
	// ExportWindowInvalid means that an incremental window is shorter than 15 minutes or longer than 24 hours.
	ExportWindowInvalid Name = "ExportWindowInvalid"
	// ExportWindowTooRecent means that an incremental window ends after the latest time that can be exported.
	ExportWindowTooRecent Name = "ExportWindowTooRecent"
	// BucketInOtherAccount means that another account owns the bucket, and the request does not name it.
	BucketInOtherAccount Name = "BucketInOtherAccount"
	// KMSKeyUnusable means that S3 cannot encrypt with the KMS key.
	KMSKeyUnusable Name = "KMSKeyUnusable"
	// ExportConflict means that DynamoDB knows the run's client token with other parameters.
	ExportConflict Name = "ExportConflict"
	// ExportRefused means that DynamoDB refused the parameters of the export. The cause has DynamoDB's message.
	ExportRefused Name = "ExportRefused"
	// ExportTimedOut means that the export was still in progress after maxAttempts checks. DynamoDB continues it.
	ExportTimedOut Name = "ExportTimedOut"
	// ExportIncomplete means that a file in the export's manifest is not in the bucket, or differs.
	ExportIncomplete Name = "ExportIncomplete"
)

// Codes that DynamoDB is known to give to a failed export; the code is the error's name. Every other code is a name too, after the function
// export has tried once more, and the state machine retries it as it retries unknown errors.
const (
	s3NoSuchBucket Name = "S3NoSuchBucket"
	s3AccessDenied Name = "S3AccessDenied"
	kmsNotFound    Name = "KmsNotFoundException"
	// The function export tries once more by itself before it fails with this name.
	internalServerError Name = "InternalServerError"
)

// Failures that a retry can end well.
const (
	// NoProgress means that an invocation ended where it began: no page arrived in time, or everything was throttled and no segment of
	// the run moved.
	NoProgress Name = "NoProgress"
	// noAnswer means that the function plan gave no answer. No function fails with this name: the state machine does, because an execution
	// may not fail with a name of AWS. The error has the name of the state that makes it, contract.StateNoAnswer.
	noAnswer Name = "NoAnswer"
	// Throttled means that a service had no capacity for a call.
	Throttled Name = "Throttled"
	// ExportLimitReached means that the account has as many exports in progress as DynamoDB allows.
	ExportLimitReached Name = "ExportLimitReached"
	// JournalContended means that other runs changed the journal of exports, or a table of the catalog, at every attempt of this run to change it.
	JournalContended Name = "JournalContended"
	// CredentialsInvalid means that AWS does not accept the credentials, or that there are none. They may be renewed by another process of
	// the function, or by a person, so a retry can help.
	CredentialsInvalid Name = "CredentialsInvalid"
	// EndpointUnreachable means that a service could not be reached, also after the SDK's own retries.
	EndpointUnreachable Name = "EndpointUnreachable"
	// MalformedAnswer means that an answer was damaged, also after the SDK's own retries, or lacks what it must have.
	MalformedAnswer Name = "MalformedAnswer"
	// Internal is every other failure.
	Internal Name = "Internal"
)

var (
	permanent = []Name{
		InvalidRequest, TableNotFound, TableReplaced, TableNotReady, IndexNotFound, TableInOtherRegion, TableInOtherAccount,
		BucketNotFound, BucketInOtherRegion, AccessDenied, RoleNotListed, RunNameTaken, ScanRefused, ItemNotEncodable, TransformFailed,
		EstimateAboveLimit, LimitReached,
		ListsInconsistent, UploadGone, TooManyParts, CatalogFailed, LakeFormationDenied, PruneFailed,
		PointInTimeRecoveryOff, ExportTimeOutsideRecovery, ExportWindowInvalid, ExportWindowTooRecent, BucketInOtherAccount,
		KMSKeyUnusable, ExportConflict, ExportRefused, ExportTimedOut, ExportIncomplete,
		s3NoSuchBucket, s3AccessDenied, kmsNotFound, internalServerError,
	}
	transient = []Name{NoProgress, noAnswer, Throttled, ExportLimitReached, JournalContended, CredentialsInvalid, EndpointUnreachable, MalformedAnswer, Internal}
)

// Names returns every name that is documented, the permanent ones first.
func Names() []Name { return slices.Concat(permanent, transient) }

// namedError is a failure with its name. The message is for a person: what happened, to which resource, and what to do.
type namedError struct {
	name Name
	err  error
}

// Errorf returns an error with a name. The format is that of fmt.Errorf, with %w.
func Errorf(name Name, format string, args ...any) error {
	return &namedError{name: name, err: fmt.Errorf(format, args...)}
}

func (e *namedError) Error() string { return e.err.Error() }

func (e *namedError) Unwrap() error { return e.err }

// Name returns the name of the error itself.
func (e *namedError) Name() Name { return e.name }

// NameOf returns the name of the outermost error of Errorf in err's chain, or Internal if there is none.
func NameOf(err error) Name {
	if named, ok := errors.AsType[*namedError](err); ok {
		return named.name
	}
	return Internal
}
