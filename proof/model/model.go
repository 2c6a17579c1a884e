// Package model is a model of a run: how executions claim it, scan, take it over and commit it. It is small enough that the tests can
// visit every state that it can reach: docs/exactly-once.md has the argument and the results. Replay checks that the model allows what a
// real run did.
//
// The steps follow lambda/plan, lambda/scan, lambda/columns, lambda/convert and lambda/finalize. The model and finalize share the rule for chains
// of lists, run.Chain. A run that makes Parquet files has two passes (passes.go).
//
// It imports lambda/run and the standard library.
package model

// The largest sizes of a run in the model.
const (
	Executions = 3
	Segments   = 16 // of both passes
)

// Bounds say how much can happen in a run.
type Bounds struct {
	// Executions is their number. The first one claims the run. The others can come at any time, and as often as Plan refuses them.
	Executions uint8
	// Concurrency is the number of segments that an execution scans at the same time.
	Concurrency uint8
	// Pages has a text for each segment, and in it a character for each page: Full or Sparse.
	Pages []string
	// Staged is how many of the segments are of the first pass of a run that makes Parquet files. The others convert its pages. 0: the run has one pass.
	Staged uint8
	// KeepsStaged says that the staged files stay after the commit.
	KeepsStaged bool
	// Crashes is how often an execution or invocation can die. It counts, too, if Step Functions gives an invocation up and it continues,
	// if an invocation of scan fails and aborts its uploads, and if the answer to the start of an upload is lost.
	Crashes uint8
	// Redrives is how often a dead execution can start again.
	Redrives uint8
	// Aborts is how often another program aborts an upload, such as a lifecycle rule.
	Aborts uint8
	// Replacements is how often somebody deletes the table and creates another one of the same name.
	Replacements uint8
	// Changes is how often another program changes what lies between the passes: a staged object, a list of staged files, or the schema.
	Changes uint8
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
	TakesAnyTable      bool // an execution that continues or takes over a run does not compare the table with the claim's
	ScansUnasked       bool // scan does not check the claim
	ReadsAnyTable      bool // scan does not look at the table
	LooksEarly         bool // scan looks at the table before its last page, not after it
	AbortsListed       bool // scan aborts its uploads even if a list may name them
	CompletesAtScan    bool // scan completes its uploads
	SharesData         bool // all tries write their objects under the same keys
	SharesLists        bool // all tries at an invocation write their lists under the same key
	EndsAnew           bool // the list of a segment's end is written without a condition
	ReplacesEnd        bool // scan replaces the list of a segment's end if S3 no longer has what it names, even if its own execution has written it
	LeavesEnd          bool // after a takeover, scan leaves the list of a segment's end as it is, if S3 has what it names
	CommitsUnasked     bool // finalize does not check the claim
	TakesAllLists      bool // finalize takes all lists and follows no chain
	ObjectsFirst       bool // finalize lists the objects before the uploads
	CompletesUnchecked bool // finalize completes uploads before it knows whether all are there
	CompletesAll       bool // finalize completes every upload that is open, also what no list names
	LeavesObjects      bool // finalize does not remove objects that no list names
	LeavesUploads      bool // finalize does not abort uploads that no list names
	KeepsGone          bool // finalize does not withdraw a run that has lost an upload
	CommitsOverAnother bool // the commit is written without a condition, and finalize does not look for one

	// These are the rules of runs with two passes.
	StagesInData       bool // the first pass does not write below _staging/
	CompletesConverted bool // convert completes its uploads
	DecidesUnasked     bool // columns does not check the claim
	DecidesAnew        bool // columns writes the schema without a condition
	ReturnsOwn         bool // columns returns the schema that it has decided, although there is another one
	ChecksLate         bool // finalize compares the schema with its plan after it has completed the uploads
	MixesPlans         bool // the plan of the second pass does not name the schema, so lists of another schema count
	ReadsAnyFile       bool // convert reads a staged file whatever its ETag
	ConvertsSome       bool // finalize does not count the rows
	RemovesEarly       bool // finalize removes the staged files before the commit
	LeavesStaged       bool // a finalize that finds the commit does not remove the staged files
}

// model is one instance. wanted is the next step of the trace that Replay follows, and nil if the tests visit every state.
type model struct {
	Bounds
	Rules
	scans, finalizes int // how many invocations there can be at the same time
	wanted           *Step
	traced           bool // it is the model of a trace
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
	owner     uint8 // the execution that has the run, counted from 1; 0 if there is no claim
	before    uint8 // a bit for each execution that the run was taken over from
	version   uint8
	takeovers uint8
	table     uint8 // the TableId
}

// execution consists of bytes alone, as claim, call and head do.
type execution struct {
	phase     phase
	came      bool   // it has looked at the claim
	planned   bool   // its Plan has succeeded, so that a redrive starts after Plan
	failing   bool   // it has failed or can only fail; if it does not have the run, an invocation of plan can still claim it
	takeovers uint8  // how often the run was taken over, as its plan says
	refused   uint16 // a bit for each segment whose scan has failed for good, so that Step Functions does not call it again
	table     uint8  // the TableId in its plan
	staged    bool   // it has found the commit of the first pass
	schema    uint8  // the schema in its plan; 0 before the second pass
	read      claim  // what it has read
	scanned   [Segments]Checkpoint
}

// progress is how far an invocation has come.
type progress uint8

const (
	called progress = iota // finalize reads
	owning                 // scan: it has found that its execution has the run

	scanning  // scan: it reads and writes
	confirmed // scan: after its last page, it has found the planned table
	aborting  // scan: it has failed and aborts its uploads

	compared    // finalize: S3 has all that the lists name, and it completes that
	listed      // finalize: it has written manifest-files.json
	gone        // finalize: S3 no longer has what a list names
	withdrawing // finalize: and it has found no commit
	removing    // finalize: and its execution has the run, so it withdraws the run
	tidying     // finalize: the second pass is committed, and it removes the staged files

	merging // columns: it has found no schema, and has read what the first pass has learned

	finished // it returns
)

// reads are bits for what a finalize has read before it decides.
type reads uint8

const (
	found   reads = 1 << iota // there is no commit
	asked                     // its execution has the run
	merged                    // the lists
	uploads                   // the open uploads
	objects                   // the objects
	broken                    // the lists do not lead from the start of each segment to its end
)

// call is an invocation of scan or convert, or of finalize or columns if segment is Finalize or Columns. While it is live, its execution waits for it.
type call struct {
	name, execution, segment uint8
	live                     bool
	progress                 progress
	read                     reads      // by a finalize
	table, takeovers, schema uint8      // the TableId, the number of takeovers and the schema in its plan
	from                     Checkpoint // where it begins
	resumed                  bool       // it was called with no checkpoint, and has found one in the bucket
	part, page               uint8
	try                      uint8 // 0 until it writes
	// One object can be whole after later ones, because parts upload in parallel: [heldStart, heldEnd) are its pages, none if 0.
	heldPart, heldStart, heldEnd uint8
}

// invocation is a call, and what a finalize has read.
type invocation struct {
	call
	chains []Item // of lists
	seen   []Item // uploads and objects, until it decides; and lists that the chains do not name
	strays []Item // what the chains do not name
}

// head is what has the same size in every state.
type head struct {
	claim
	crashes, redrives    uint8
	aborts, replacements uint8
	changes              uint8
	now                  uint8 // the TableId of the table that is there
	wroteOthers          bool  // an invocation has written to a run of another execution
	unwhole              bool  // a finalize has found no chain, or not what the lists name, and no other program has changed anything
	abortedNamed         bool  // a function has aborted an upload that the chain of a segment names
	schema               uint8 // the schema that is there; 0 for none
	schemas              uint8 // how many were decided
	cut                  uint8 // the segment whose list of staged files another program has shortened, counted from 1
	removed              bool  // a finalize has begun to remove the staged files
	passes               [2]pass
	drawn                [Segments]uint8
	executions           [Executions]execution
}

// pass consists of bytes alone.
type pass struct {
	commits     uint8
	committer   uint8 // the execution that has committed, counted from 1
	decided     bool  // a finalize has found everything that the lists name
	interrupted bool  // a finalize was stopped after it had found that
	late        bool  // a scan has written something after a finalize had listed the uploads
}

// state is the whole state of a run. The steps replace slices of items as a whole and never change them.
type state struct {
	head
	bucket        []Item    // what there is
	files, commit [2][]Item // of each pass: the lists behind manifest-files.json, and those that were committed
	invocations   []invocation
}
