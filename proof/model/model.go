// Package model is a model of how a run is claimed, scanned, taken over and committed, small enough that every state that it can
// come to is looked at: docs/exactly-once.md has the argument, and what comes of it. It follows lambda/plan, segment and
// commit step by step, and shares their rule for chains of lists.
//
// It imports lambda/job and the standard library.
package model

// The sizes of the model: executions, segments, parts and tries of a segment, and workers at once. A part is an object; it takes one
// page or two, as the sizes of items will have it, so that two tries can cut a segment differently. A segment has as many
// invocations as parts at most.
const (
	executions = 3
	segments   = 2
	parts      = 3
	tries      = 12
	workers    = 4
	finalizers = 2
)

// Bounds are how much may happen in a run.
type Bounds struct {
	// Executions are those of the run, 3 at most. The first claims it; each of the others may come at any time, and as often as it
	// is turned away.
	Executions uint8
	// Concurrency is how many segments an execution scans at once.
	Concurrency uint8
	// Pages are those of each segment, 3 at most.
	Pages [segments]uint8
	// Crashes is how often something dies: an invocation, or an execution, or an invocation is given up and goes on all the same.
	Crashes uint8
	// Redrives is how often a dead execution is started again where it was.
	Redrives uint8
}

// Rules are what the design does, and what it counts on. The zero value is the design; each field takes one thing away.
type Rules struct {
	ClaimsOverAnother  bool // the first claim is written without a condition
	TakesOverBlindly   bool // a takeover does not name the claim that was read
	TakesOverTheLiving bool // ... does not ask whether the other execution has died
	TakesOverAtOnce    bool // ... does not wait until what the other had called has ended
	LooksOnce          bool // ... does not look once more, after its write, whether the other was redriven
	ScansUnasked       bool // scan does not look whose the run is
	CommitsUnasked     bool // finalize does not look whose the run is
	SharesData         bool // all tries write their objects under the same keys
	SharesLists        bool // all tries at an invocation write their lists under the same key
	EndsAnew           bool // the list of a segment's end is written without a condition, by whoever has come to it
	TakesAllLists      bool // finalize follows no chain
	LeavesLeftovers    bool // finalize does not remove what no list names
	CommitsOverAnother bool // the commit is written without a condition, by whoever has come to it
}

// object is one in the bucket, or as it was listed: the pages [from, to), and the try that wrote it, counted from 1. The zero value
// is none.
type object struct{ from, to, try uint8 }

// list is what a try at an invocation has listed, and the try that it follows.
type list struct {
	there, done            bool
	invocation, try, after uint8
	first, next            uint8
	start, end             uint8
	objects                [parts]object
}

// keys are what a try has in the bucket under names of its own.
type keys struct {
	objects [parts]object
	list    list
}

type checkpoint struct {
	done                       bool
	invocation, part, pos, try uint8
}

// phase is where an execution is.
type phase uint8

const (
	planning phase = iota
	taking         // it has read a claim that may be taken over
	looking        // it has taken the run over, and looks once more
	working        // it scans, or finalizes
	dead
	refused // it has the run, and has failed in Plan, where a redrive does not go on
	succeeded
)

type execution struct {
	phase    phase
	read     uint8 // the version of the claim that it has read
	from     uint8 // the execution that it takes over from, counted from 1
	tookOver bool
	scanned  [segments]checkpoint
}

// worker is an invocation of scan: which a live one's execution waits for, and others not any more.
type worker struct {
	there, live, asked, listed bool
	execution, segment         uint8
	invocation, first, part    uint8
	start, pos                 uint8
	after, try                 uint8 // try is 0 until it writes
	objects                    [parts]object
}

// finalizer is an invocation of finalize.
type finalizer struct {
	step      uint8
	live      bool
	execution uint8
	merged    manifest
}

// The steps of finalize.
const (
	none uint8 = iota
	begun
	mayCommit
	hasMerged
	hasCompared
	hasSwept
	hasListed
)

// manifest is what is committed of each segment.
type manifest struct {
	objects [segments][parts]object
	lists   [segments][parts]uint8 // the tries of each invocation
}

// state is all that there is. It is made of bytes alone.
type state struct {
	crashes, redrives uint8
	drawn             [segments]uint8 // how many tries have written
	// The bucket: the claim's owner, counted from 1, and version; the objects and lists; the lists of the ends; the manifests.
	owner, version uint8
	tries          [segments][tries]keys
	ends           [segments]list
	files          manifest
	committed      bool
	commit         manifest
	commits        uint8
	wroteOthers    bool // an invocation has written to a run that was not its execution's
	unwhole        bool // a finalize has found no chain, or not what is listed
	late           bool // an invocation of scan has written after finalize has looked

	executions [executions]execution
	workers    [workers]worker
	finalizers [finalizers]finalizer
}
