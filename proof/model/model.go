// Package model is a model of a run: how executions claim it, scan, take it over and commit it. It is small enough that the tests can
// visit every state that it can reach: docs/exactly-once.md has the argument and the results. Replay checks that the model allows what a
// real run did.
//
// The steps follow lambda/plan, lambda/scan and lambda/finalize. The model and finalize share the rule for chains of lists, run.Chain.
//
// It imports lambda/run and the standard library.
package model

// The largest sizes of a run in the model.
const (
	Executions = 3
	Segments   = 5
)

// Bounds say how much can happen in a run.
type Bounds struct {
	// Executions is their number. The first one claims the run. The others can come at any time, and as often as Plan refuses them.
	Executions uint8
	// Concurrency is the number of segments that an execution scans at the same time.
	Concurrency uint8
	// Pages has a text for each segment, and in it a character for each page: Full or Sparse.
	Pages []string
	// Crashes is how often an execution or invocation can die. It counts, too, if Step Functions gives an invocation up and it continues.
	Crashes uint8
	// Redrives is how often a dead execution can start again.
	Redrives uint8
}

// Kinds of pages.
const (
	Full   = 'x' // it has items
	Sparse = '?' // it may have no items, and then no object has it
)

// Rules are the rules of the design. The zero value has all of them; each field removes one.
type Rules struct {
	ClaimsOverAnother  bool // the first claim is written without a condition
	TakesOverBlindly   bool // a takeover is written without the ETag of the claim that was read
	TakesOverTheLiving bool // a takeover does not require that the other execution is dead
	TakesOverAtOnce    bool // a takeover does not wait until the invocations of the other execution have ended
	LooksOnce          bool // a takeover does not check after its write that nobody has redriven the other execution
	ScansUnasked       bool // scan does not check the claim
	CommitsUnasked     bool // finalize does not check the claim
	SharesData         bool // all tries write their objects under the same keys
	SharesLists        bool // all tries at an invocation write their lists under the same key
	EndsAnew           bool // the list of a segment's end is written without a condition
	TakesAllLists      bool // finalize takes all lists and follows no chain
	LeavesLeftovers    bool // finalize does not remove what no list names
	CommitsOverAnother bool // the commit is written without a condition, and finalize does not look for one
}

// model is one instance. wanted is the next step of the trace that Replay follows, and nil if the tests visit every state.
type model struct {
	Bounds
	Rules
	scans, finalizes int // how many invocations there can be at the same time
	wanted           *Step
}

// Checkpoint is how far a segment has come: the invocation, part and page that come next, and the try before them.
type Checkpoint struct {
	Done                        bool
	Invocation, Part, Page, Try uint8
}

// phase is where an execution is.
type phase uint8

const (
	planning phase = iota // it does not have the run
	taking                // it has read a claim that it may replace
	looking               // it has taken the run over and checks again that the executions before it are dead
	working               // it scans or finalizes
	dead
	succeeded
)

// claim is the run's claim.
type claim struct {
	owner   uint8 // the execution that has the run, counted from 1; 0 if there is no claim
	before  uint8 // a bit for each execution that the run was taken over from
	version uint8
}

// execution consists of bytes alone, as claim, call and head do.
type execution struct {
	phase    phase
	came     bool  // it has looked at the claim
	planned  bool  // its Plan has succeeded, so that a redrive starts after Plan
	failing  bool  // it has failed or can only fail; if it does not have the run, an invocation of plan can still claim it
	tookOver bool  // its plan says that it has taken the run over
	read     claim // what it has read
	scanned  [Segments]Checkpoint
}

// progress is how far an invocation has come.
type progress uint8

const (
	called   progress = iota
	looked            // finalize: it has found no commit
	owning            // it has found that its execution has the run
	scanning          // scan: it reads and writes
	merged            // finalize: it has read the lists
	compared          // finalize: it has compared the lists with the objects
	swept             // finalize: it has removed what no list names
	listed            // finalize: it has written manifest-files.json
	finished          // it returns
)

// call is an invocation of scan, or of finalize if segment is Finalize. While it is live, its execution waits for it.
type call struct {
	name, execution, segment uint8
	live                     bool
	progress                 progress
	from                     Checkpoint
	part, page               uint8
	try                      uint8 // 0 until it writes
	// One object can arrive after later ones, because uploads run in parallel: [heldStart, heldEnd) are its pages, none if 0.
	heldPart, heldStart, heldEnd uint8
}

// invocation is a call, and what a finalize has read.
type invocation struct {
	call
	chains []Item // of lists
	strays []Item // what the chains do not name
}

// head is what has the same size in every state.
type head struct {
	claim
	crashes, redrives uint8
	commits           uint8
	committer         uint8 // the execution that has committed, counted from 1
	wroteOthers       bool  // an invocation has written to a run of another execution
	unwhole           bool  // a finalize has found no chain, or not the objects that are listed
	late              bool  // a scan has written an object after a finalize had listed the objects
	drawn             [Segments]uint8
	executions        [Executions]execution
}

// state is the whole state of a run. The steps replace slices of items as a whole and never change them.
type state struct {
	head
	bucket, swept []Item // what there is, and what finalize has removed although the try that wrote it is at work
	files, commit []Item // the lists behind manifest-files.json, and those that were committed
	invocations   []invocation
}
