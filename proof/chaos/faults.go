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
	Throttle      Fault = "read capacity is wanting"
	ServerError   Fault = "500 of a service"
	Unavailable   Fault = "503 of a service"
	SlowDown      Fault = "SlowDown of S3"
	Expired       Fault = "the credentials have expired"
	WrongChecksum Fault = "an answer's checksum is wrong"
	BitFlipped    Fault = "a bit of an answer is flipped"
	CutBody       Fault = "an answer's body ends early"
	BitFlippedUp  Fault = "a bit of an upload is flipped"
	AnswerLost    Fault = "the answer is lost, the service has done it"

	NetReset     Fault = "network: reset before the answer"
	NetCutDown   Fault = "network: closed in mid-answer"
	NetCutUp     Fault = "network: closed in mid-request"
	NetStall     Fault = "network: stalled, then closed"
	NetSilent    Fault = "network: stalled for ever"
	NetSlow      Fault = "network: slow"
	NetFragments Fault = "network: in small pieces"
)

// Faults of whole invocations.
const (
	KilledBefore Fault = "killed before a request"
	KilledAfter  Fault = "killed after a request"
	Paused       Fault = "given up, and goes on later"
	NotStarted   Fault = "Lambda refuses the invocation"
	OutcomeLost  Fault = "the invocation's answer is lost"
	Doubled      Fault = "invoked twice at once"
	NoTime       Fault = "no time for a page"
	NoCapacity   Fault = "no capacity as long as it runs"
)

// Faults of a run.
const (
	Written        Fault = "the table is written to"
	DeliveredAgain Fault = "the firing is delivered again"
	Redriven       Fault = "redriven after its failure"
	// LateStray is possible if an invocation outlives finalize, see docs/faults.md.
	LateStray Fault = "a late invocation has left an object that no manifest names"
)

// requestFaults are the faults of single requests, in the order in which they are drawn.
var requestFaults = []Fault{
	KilledBefore, KilledAfter, Paused, Expired, Throttle, ServerError, Unavailable, SlowDown, WrongChecksum, BitFlipped, CutBody, BitFlippedUp,
	AnswerLost, NetReset, NetCutDown, NetCutUp, NetStall, NetSilent, NetSlow, NetFragments,
}

// invocationFaults are the faults of whole invocations.
var invocationFaults = []Fault{NotStarted, OutcomeLost, Doubled, NoTime, NoCapacity}

// Faults returns every fault that seeds draw.
func Faults() []Fault {
	return slices.Concat(requestFaults, invocationFaults, []Fault{Written, DeliveredAgain, Redriven})
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
	case Throttle:
		return o.name == "Scan"
	case SlowDown:
		return o.service == serviceS3
	case WrongChecksum:
		return o.service == serviceDynamoDB
	case BitFlipped, CutBody:
		return o.name == "Scan" || o.name == "GetObject"
	case BitFlippedUp:
		return o.name == "PutObject" || o.name == "UploadPart"
	case AnswerLost:
		return o.changes
	case NetReset, NetCutDown, NetCutUp, NetStall, NetSilent, NetSlow, NetFragments:
		return !o.toExports
	default:
		return true
	}
}

// endsInvocation reports whether the fault kills or pauses the invocation that sends the request.
func (f Fault) endsInvocation() bool { return f == KilledBefore || f == KilledAfter || f == Paused }
