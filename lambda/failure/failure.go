package failure

import (
	"errors"
	"fmt"
	"regexp"
)

// Name is the name under which a failure reaches Step Functions, where Retry and Catch match it letter by letter.
type Name string

var errorName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9._-]{0,99}$`)

// Understood tells whether an error's name, or the code that a service gives to a refusal, is one that says something. What the SDK
// calls a refusal in which it has found no code is UnknownError.
func (n Name) Understood() bool { return errorName.MatchString(string(n)) && n != "UnknownError" }

// Failures that are the same at every try: they are never retried, and their cause tells a person what to change.
const (
	// InvalidRequest: the request cannot be carried out as it is written; the cause lists every problem.
	InvalidRequest Name = "InvalidRequest"
	// TableNotFound: there is no such table in this region and account.
	TableNotFound Name = "TableNotFound"
	// TableNotReady: the table, or the index, is in a status in which it cannot be read.
	TableNotReady Name = "TableNotReady"
	// IndexNotFound: the table has no such index.
	IndexNotFound Name = "IndexNotFound"
	// TableInOtherRegion: a native export is asked for of a table of another region than the one that the functions run in.
	TableInOtherRegion Name = "TableInOtherRegion"
	// TableInOtherAccount: the ARN names another account than the one that the table would be read in.
	TableInOtherAccount Name = "TableInOtherAccount"
	// BucketNotFound: there is no such bucket.
	BucketNotFound Name = "BucketNotFound"
	// BucketInOtherRegion: the bucket exists, in another region than the one that the functions run in.
	BucketInOtherRegion Name = "BucketInOtherRegion"
	// AccessDenied: a permission is missing; the cause names the action and what it was for.
	AccessDenied Name = "AccessDenied"
	// RoleNotListed: the request names a role that the deployment does not let requests name.
	RoleNotListed Name = "RoleNotListed"
	// RunNameTaken: another execution, or another request, owns this run's folder.
	RunNameTaken Name = "RunNameTaken"
	// ScanRefused: DynamoDB refused the scan's parameters; the cause has its words.
	ScanRefused Name = "ScanRefused"
	// ItemNotEncodable: an item cannot be written in the requested format without loss.
	ItemNotEncodable Name = "ItemNotEncodable"
	// TransformFailed: the request's transform fails for an item.
	TransformFailed Name = "TransformFailed"
	// ListsInconsistent: what the segments listed and what the bucket holds differ, so nothing was committed.
	ListsInconsistent Name = "ListsInconsistent"
	// TooManyParts: a segment would need more objects than a key can number.
	TooManyParts Name = "TooManyParts"
)

// Failures of a native export that are the same at every try. Those before its start are found before anything is started,
// and so before anything is paid.
const (
	// PointInTimeRecoveryOff: the table has no point-in-time recovery, which exports read from.
	PointInTimeRecoveryOff Name = "PointInTimeRecoveryOff"
	// ExportTimeOutsideRecovery: exportTime, or from, is not within the table's recovery window.
	ExportTimeOutsideRecovery Name = "ExportTimeOutsideRecovery"
	// ExportWindowInvalid: an incremental window is shorter than 15 minutes or longer than 24 hours.
	ExportWindowInvalid Name = "ExportWindowInvalid"
	// ExportWindowTooRecent: an incremental window ends later than the latest moment that can be exported.
	ExportWindowTooRecent Name = "ExportWindowTooRecent"
	// BucketInOtherAccount: another account owns the bucket, and the request does not name it.
	BucketInOtherAccount Name = "BucketInOtherAccount"
	// KMSKeyUnusable: S3 cannot encrypt with the KMS key.
	KMSKeyUnusable Name = "KMSKeyUnusable"
	// ExportConflict: DynamoDB knows the run's client token with other parameters.
	ExportConflict Name = "ExportConflict"
	// ExportRefused: DynamoDB refused the export's parameters; the cause has its words.
	ExportRefused Name = "ExportRefused"
	// ExportTimedOut: the export was still in progress after maxAttempts checks. It goes on by itself.
	ExportTimedOut Name = "ExportTimedOut"
	// ExportIncomplete: a file that the export's manifest names is not in the bucket as the manifest says.
	ExportIncomplete Name = "ExportIncomplete"
)

// Failures that DynamoDB reports of an export under codes of its own, which are their names here too; these are the codes
// that are known. Any other code is also an error's name, after a second try of the export; the state machine then asks for it
// some more times, as for anything that it does not know.
const (
	S3NoSuchBucket Name = "S3NoSuchBucket"
	S3AccessDenied Name = "S3AccessDenied"
	KMSNotFound    Name = "KmsNotFoundException"
	// InternalServerError is worth a second try, which the exporter makes by itself; after that it stays.
	InternalServerError Name = "InternalServerError"
)

// Failures that another try may mend.
const (
	// NoProgress: an invocation ended without moving its checkpoint: no page came in time, or nothing but throttling while no
	// segment of the run moved.
	NoProgress Name = "NoProgress"
	// Throttled: a service refused for want of capacity.
	Throttled Name = "Throttled"
	// ExportLimitReached: the account has as many exports in progress as DynamoDB allows.
	ExportLimitReached Name = "ExportLimitReached"
	// JournalContended: other runs kept changing the journal of exports under this one's hands.
	JournalContended Name = "JournalContended"
	// MalformedAnswer: an answer was damaged on its way and stayed so through the SDK's own retries, or lacks what it must have.
	MalformedAnswer Name = "MalformedAnswer"
	// Internal: any fault that has no name of its own.
	Internal Name = "Internal"
)

// Permanent returns the names that a retry cannot mend.
func Permanent() []Name {
	return []Name{
		InvalidRequest, TableNotFound, TableNotReady, IndexNotFound, TableInOtherRegion, TableInOtherAccount,
		BucketNotFound, BucketInOtherRegion, AccessDenied, RoleNotListed, RunNameTaken, ScanRefused, ItemNotEncodable, TransformFailed,
		ListsInconsistent, TooManyParts,
		PointInTimeRecoveryOff, ExportTimeOutsideRecovery, ExportWindowInvalid, ExportWindowTooRecent, BucketInOtherAccount,
		KMSKeyUnusable, ExportConflict, ExportRefused, ExportTimedOut, ExportIncomplete,
		S3NoSuchBucket, S3AccessDenied, KMSNotFound, InternalServerError,
	}
}

// Transient returns the names that a retry may mend.
func Transient() []Name {
	return []Name{NoProgress, Throttled, ExportLimitReached, JournalContended, MalformedAnswer, Internal}
}

// Error is a failure under the name by which Step Functions knows it. Its message is for a person: what happened, to what,
// and what to do.
type Error struct {
	Name Name
	Err  error
}

// Errorf returns an Error whose message is formatted like fmt.Errorf's, %w included.
func Errorf(name Name, format string, args ...any) error {
	return &Error{Name: name, Err: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// NameOf returns the name of the outermost Error in err's chain, Internal if there is none.
func NameOf(err error) Name {
	if named, ok := errors.AsType[*Error](err); ok {
		return named.Name
	}
	return Internal
}
