package chaos

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
)

// A Fault is a kind of fault. What a seed draws depends on the texts, so a changed text changes every seed.
type Fault string

// Faults of single requests of the functions, as a service or the network causes them.
const (
	faultThrottle      Fault = "read capacity is wanting"
	faultServerError   Fault = "500 of a service"
	faultUnavailable   Fault = "503 of a service"
	faultSlowDown      Fault = "SlowDown of S3"
	faultExpired       Fault = "the credentials have expired"
	faultWrongChecksum Fault = "an answer's checksum is wrong"
	faultBitFlipped    Fault = "a bit of an answer is flipped"
	faultCutBody       Fault = "an answer's body ends early"
	faultBitFlippedUp  Fault = "a bit of an upload is flipped"
	faultAnswerLost    Fault = "the answer is lost, the service has done it"

	faultErrorIn200   Fault = "200 of S3 with an error in it"
	faultTwice        Fault = "a request of an upload arrives twice"
	faultUploadHidden Fault = "a listing does not show open uploads"
	faultUploadGhost  Fault = "a listing shows uploads that have ended"

	faultNetReset     Fault = "network: reset before the answer"
	faultNetCutDown   Fault = "network: closed in mid-answer"
	faultNetCutUp     Fault = "network: closed in mid-request"
	faultNetStall     Fault = "network: stalled, then closed"
	faultNetSilent    Fault = "network: stalled for ever"
	faultNetSlow      Fault = "network: slow"
	faultNetFragments Fault = "network: in small pieces"
)

// Faults of whole invocations.
const (
	faultKilledBefore Fault = "killed before a request"
	faultKilledAfter  Fault = "killed after a request"
	faultPaused       Fault = "given up, and goes on later"
	faultNotStarted   Fault = "Lambda refuses the invocation"
	faultOutcomeLost  Fault = "the invocation's answer is lost"
	faultDoubled      Fault = "invoked twice at once"
	faultNoTime       Fault = "no time for a page"
	faultNoCapacity   Fault = "no capacity as long as it runs"
)

// Faults of a run.
const (
	faultWritten        Fault = "the table is written to"
	faultReplaced       Fault = "the table is deleted and created again"
	faultCapacity       Fault = "the table's capacity changes"
	faultDeliveredAgain Fault = "the firing is delivered again"
	faultRedriven       Fault = "redriven after its failure"
	faultHand           Fault = "a foreign hand"
	faultDied           Fault = "the execution dies"
	faultCameBack       Fault = "the dead execution is redriven while the next one is at work"
	// faultKilledCompleting is one of the first two, at a request that completes an upload.
	faultKilledCompleting Fault = "killed at a request that completes an upload"
)

// What a run leaves without breaking the promise. See docs/faults.md.
const (
	seenPart        Fault = "seen: a part of a run that an execution has left, and that will be committed"
	leftLate        Fault = "left: an upload that was begun after finalize had listed the uploads"
	leftHidden      Fault = "left: an upload that the listing of finalize did not show"
	leftUncommitted Fault = "left: an upload of a run that committed nothing"
	leftStaged      Fault = "left: an object that was written after finalize had looked for the staged files"
)

// requestFaults are the faults of single requests, in the order in which they are drawn.
var requestFaults = []Fault{
	faultKilledBefore, faultKilledAfter, faultPaused, faultExpired, faultThrottle, faultServerError, faultUnavailable, faultSlowDown,
	faultWrongChecksum, faultBitFlipped, faultCutBody, faultBitFlippedUp, faultAnswerLost, faultNetReset, faultNetCutDown, faultNetCutUp,
	faultNetStall, faultNetSilent, faultNetSlow, faultNetFragments, faultErrorIn200, faultTwice, faultUploadHidden, faultUploadGhost,
}

// invocationFaults are the faults of whole invocations.
var invocationFaults = []Fault{faultNotStarted, faultOutcomeLost, faultDoubled, faultNoTime, faultNoCapacity}

// Faults returns every fault that seeds draw.
func Faults() []Fault {
	return slices.Concat(requestFaults, invocationFaults, []Fault{faultWritten, faultReplaced, faultCapacity, faultDeliveredAgain, faultRedriven, faultHand, faultDied, faultCameBack, faultKilledCompleting, faultSpoiled, seenPart, leftLate, leftUncommitted, leftStaged})
}

// draw returns random numbers that depend only on the seed and on their purpose.
func draw(seed uint64, of ...any) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendln(nil, append([]any{seed}, of...)...))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))) //nolint:gosec // the same numbers every time
}

// pick returns one of the values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// appliesTo reports whether a request can have the fault.
func (f Fault) appliesTo(o operation) bool {
	switch f {
	case faultThrottle:
		return o.name == "Scan"
	case faultSlowDown:
		return o.service == serviceS3
	case faultWrongChecksum:
		return o.service == serviceDynamoDB
	case faultBitFlipped, faultCutBody:
		return o.name == "Scan" || o.name == "GetObject"
	case faultBitFlippedUp:
		return o.name == "PutObject" || o.name == "UploadPart"
	case faultAnswerLost:
		return o.changes
	case faultErrorIn200:
		return o.name == "CompleteMultipartUpload"
	case faultTwice:
		return o.name == "CreateMultipartUpload" || o.name == "CompleteMultipartUpload" || o.name == "AbortMultipartUpload"
	case faultUploadHidden, faultUploadGhost:
		return o.name == "ListMultipartUploads"
	case faultNetReset, faultNetCutDown, faultNetCutUp, faultNetStall, faultNetSilent, faultNetSlow, faultNetFragments:
		return !o.toExports
	default:
		return true
	}
}

// isRare reports whether the fault applies only to requests that are rare.
func (f Fault) isRare() bool {
	return f == faultErrorIn200 || f == faultUploadHidden || f == faultUploadGhost
}

// endsInvocation reports whether the fault kills or pauses the invocation that sends the request.
func (f Fault) endsInvocation() bool {
	return f == faultKilledBefore || f == faultKilledAfter || f == faultPaused
}
