package chaos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"
)

// errUnknown says that a run is larger than the model.
var errUnknown = errors.New("the run is larger than the model")

// followsTrace fails if the model does not allow a trace of a run. It returns how many steps of each kind it has checked. The model has
// no native exports, and no run of more than 250 objects in a segment, so it checks none of these.
func followsTrace(events []chaos.Event, segments int, bounds model.Bounds) (checked map[model.Kind]int, err error) {
	t := translation{
		executions: map[int]uint8{}, invocations: map[string]*invocation{}, items: map[string]model.Item{}, content: map[string][]byte{},
		stops: map[int][]*invocation{}, uploads: map[string]*upload{}, begun: map[string][]string{}, schemas: map[string]uint8{}, staged: int(bounds.Staged),
	}
	for range segments {
		t.segments = append(t.segments, newSegment())
	}
	if err := t.prepare(events, &bounds); errors.Is(err, errUnknown) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	for at, e := range events {
		if err := t.translate(e); err != nil {
			return nil, fmt.Errorf("%s: %w", show(e), err)
		}
		for _, i := range t.stops[at] {
			t.step(e, model.Stops, i)
		}
	}
	checked = map[model.Kind]int{}
	var steps []model.Step
	var origins []chaos.Event
	for n, s := range t.steps {
		if s.Kind != repeated {
			steps, origins = append(steps, s), append(origins, t.origins[n])
			checked[s.Kind]++
		}
	}
	err = model.Replay(bounds, steps)
	if rejection, ok := errors.AsType[*model.RejectionError](err); ok {
		return nil, fmt.Errorf("%s: %w", show(origins[rejection.Step]), err)
	}
	return checked, err
}

// show returns an event in words.
func show(e chaos.Event) string {
	words := fmt.Sprint(strings.Join(e.Invocations, " and "), ": ", e.Kind)
	if e.Kind == chaos.Requested {
		words += fmt.Sprintf(" %s %s (%d)", e.Method, e.URL.Path, e.Status)
	}
	return words
}

// translation turns the events of a run into steps of the model.
type translation struct {
	executions  map[int]uint8 // numbered in the order of their claims
	segments    []*segment
	invocations map[string]*invocation
	items       map[string]model.Item // what the bucket has, by key
	content     map[string][]byte
	uploads     map[string]*upload    // by their ids
	begun       map[string][]string   // the ids of the uploads of a key, in their order
	stops       map[int][]*invocation // those that stop after an event, by its index
	steps       []model.Step
	origins     []chaos.Event // of the steps
	// staged is how many segments the first of two passes has. Those of the second one follow them.
	staged  int
	schemas map[string]uint8 // by their digests
	removed bool             // a finalize has begun to remove the staged files
}

// repeated is the kind of a read that the invocation repeats later, because it has lost the answer.
const repeated model.Kind = ""

// invocation is an invocation of any function.
type invocation struct {
	name      uint8
	function  contract.Function
	execution int
	segment   int
	schema    uint8 // in its plan
	from      run.Checkpoint
	try       string
	list      *run.SegmentList // what it has tried to write
	damaged   bool             // a list that it has tried to write was damaged on the way
	awaited   bool             // Step Functions got its answer
	succeeded bool
	fetched   map[string]bool    // staged files that it has read
	last      int                // the index of its last event
	kind      model.Kind         // of its last step
	reads     map[model.Kind]int // the indexes of the steps that it can repeat
}

var (
	dataKey   = regexp.MustCompile(`/data/(\d{6})-(\d{6})-([0-9a-f]{8})\.`)
	runFolder = regexp.MustCompile(`/AWSDynamoDB/[^/]+/(_staging/)?$`)
	listKey   = regexp.MustCompile(`/_segments/(\d{6})-(end|\d{6}-[0-9a-f]{8})\.json$`)
)

const (
	claimKey  = "/_started"
	filesKey  = "/manifest-files.json"
	commitKey = "/manifest-summary.json"
)

// keyOf returns the key that a request is about.
func keyOf(e chaos.Event) string {
	_, key, _ := strings.Cut(strings.TrimPrefix(e.URL.Path, "/"), "/")
	return key
}

// puts tells whether a request has written an object in one piece, or would have written it if its condition held.
func puts(e chaos.Event) bool {
	return e.Method == http.MethodPut && !e.URL.Query().Has("partNumber") && (e.Status == http.StatusOK || e.Status == http.StatusPreconditionFailed)
}

// prepare numbers executions, invocations, tries and positions.
func (t *translation) prepare(events []chaos.Event, bounds *model.Bounds) error {
	for at, e := range events {
		for _, who := range e.Invocations {
			if e.Kind == chaos.Called {
				t.invocations[who] = &invocation{name: uint8(1 + len(t.invocations)%most), function: e.Function, execution: e.Execution}
			}
			i := t.invocations[who]
			i.last = at
			if err := t.index(e, i); err != nil {
				return fmt.Errorf("%s: %w", show(e), err)
			}
		}
	}
	for _, e := range events {
		if e.Kind == chaos.Began {
			t.number(e.Execution)
		}
		if e.Kind != chaos.Stopped {
			continue
		}
		if i := t.invocations[e.Invocations[0]]; !i.succeeded && i.function != contract.FunctionPlan {
			t.stops[i.last] = append(t.stops[i.last], i) // a request of it can arrive after its end
		}
	}
	if bounds.Executions = uint8(len(t.executions)); len(t.executions) > model.Executions || len(t.segments) > model.Segments {
		return errUnknown
	}
	for _, i := range t.invocations {
		if i.list == nil && i.damaged {
			return errUnknown
		}
		if i.list != nil {
			t.segments[i.segment].follow(i.list)
		}
	}
	for _, s := range t.segments {
		if err := s.number(); err != nil {
			return err
		}
		bounds.Pages = append(bounds.Pages, s.pages())
	}
	t.identify()
	return nil
}

// number gives an execution the next number, if it has none.
func (t *translation) number(execution int) {
	if _, known := t.executions[execution]; !known {
		t.executions[execution] = uint8(len(t.executions))
	}
}

// index keeps what an event tells of an invocation.
func (t *translation) index(e chaos.Event, i *invocation) error {
	switch e.Kind {
	case chaos.Called:
		in := inputOf(e)
		if i.schema, i.segment = t.schemaOf(in.Plan), in.Segment; i.function == contract.FunctionConvert {
			i.function, i.segment = contract.FunctionScan, t.numberOf(in.Segment, false)
		}
		if in.Checkpoint != nil {
			i.from = *in.Checkpoint
		}
	case chaos.Answered:
		i.awaited, i.succeeded = true, e.Body != nil
	case chaos.Requested:
		switch {
		case puts(e):
			return t.indexWrite(e, i, keyOf(e))
		case e.UploadID != "":
			return t.indexUpload(e, i, keyOf(e))
		}
	}
	return nil
}

func (t *translation) indexWrite(e chaos.Event, i *invocation, key string) error {
	done := e.Status == http.StatusOK
	switch {
	case strings.HasSuffix(key, claimKey) && done:
		t.number(i.execution)
		return nil
	case strings.HasSuffix(key, schemaKey) && done:
		t.decided(e.Body)
		return nil
	case listKey.MatchString(key):
		list := new(run.SegmentList)
		if e.Body == nil && !done { // S3 has not looked at it, because its condition did not hold
			i.damaged = true
			return nil
		}
		if err := json.Unmarshal(e.Body, list); err != nil {
			return err
		}
		i.list, i.try = list, list.Try
	case strings.Contains(key, "/data/"):
		return errors.New("an object is written in one piece, so that readers see it at once")
	case strings.Contains(key, "/_segments/"):
		return errors.New("this is not the key of a segment list")
	default:
		return nil
	}
	if done {
		t.segments[i.segment].draw(i.try)
	}
	return nil
}

// step adds a step of an invocation. If the invocation repeats a read before it has changed anything, only the last one counts. It can read
// something else in the meantime.
func (t *translation) step(origin chaos.Event, kind model.Kind, i *invocation, items ...model.Item) {
	s := model.Step{Kind: kind, Execution: t.executions[i.execution], Segment: model.None, Schema: i.schema, Items: items}
	switch i.function {
	case contract.FunctionScan:
		s.Segment, s.Name, s.At = uint8(i.segment), i.name, t.checkpoint(i.segment, i.from)
	case contract.FunctionFinalize:
		s.Segment, s.Name = model.Finalize, i.name
	case contract.FunctionColumns:
		s.Segment, s.Name = model.Columns, i.name
	}
	if before, read := i.reads[kind]; read {
		t.steps[before].Kind = repeated
	}
	switch {
	case kind.Reads() && i.reads == nil:
		i.reads = map[model.Kind]int{kind: len(t.steps)}
	case kind.Reads():
		i.reads[kind] = len(t.steps)
	case kind != model.GivesUp:
		i.reads = nil
	}
	i.kind = kind
	t.steps, t.origins = append(t.steps, s), append(t.origins, origin)
}

func (t *translation) checkpoint(segment int, at run.Checkpoint) model.Checkpoint {
	if at.Done {
		return model.Checkpoint{Done: true}
	}
	s := t.segments[segment]
	return model.Checkpoint{Invocation: uint8(at.Invocation), Part: uint8(at.Part), Page: s.page(at.Position), Try: s.tries[at.Try]}
}

// translate adds the steps of an event.
func (t *translation) translate(e chaos.Event) error {
	switch e.Kind {
	case chaos.Began:
		t.step(e, model.Begins, &invocation{execution: e.Execution})
		return nil
	case chaos.Failed:
		t.step(e, model.Dies, &invocation{execution: e.Execution})
		return nil
	}
	i := t.invocations[e.Invocations[0]]
	if i.function == contract.FunctionCatalog || i.function == contract.FunctionPrune { // the model ends with the commit
		return nil
	}
	switch plans := i.function == contract.FunctionPlan; {
	case e.Kind == chaos.Described:
		t.step(e, model.Looks, i)
	case e.Kind == chaos.Requested:
		return t.request(e, i)
	case e.Kind == chaos.Called && !plans:
		t.call(e)
	case e.Kind == chaos.Answered && !plans && e.Body == nil:
		t.step(e, model.GivesUp, i)
	case e.Kind == chaos.Answered && !plans:
		t.step(e, model.Returns, i)
		switch last := &t.steps[len(t.steps)-1]; i.function {
		case contract.FunctionScan:
			var to run.Checkpoint
			err := json.Unmarshal(e.Body, &to)
			last.At = t.checkpoint(i.segment, to)
			return err
		case contract.FunctionColumns:
			var to run.ColumnsOutput
			err := json.Unmarshal(e.Body, &to)
			last.Schema = t.schemaOf(to.Plan)
			return err
		}
	}
	return nil
}

// call adds the call of a function. If it runs twice, Step Functions waits for the invocation whose answer it gets.
func (t *translation) call(e chaos.Event) {
	for _, awaited := range []bool{false, true} {
		for _, who := range e.Invocations {
			if i := t.invocations[who]; i.awaited == awaited {
				t.step(e, model.Calls, i)
				if !awaited {
					t.step(e, model.GivesUp, i)
				}
			}
		}
	}
}
