package model_test

import (
	"errors"
	"slices"
	"testing"

	"dynamodb-to-s3/proof/model"
)

// traced are the bounds of the trace below.
var traced = model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"xx", "x"}}

// The items of the trace: try 1 at segment 0 has one page, and try 2 follows it. Try 3 scans the whole segment again.
var (
	start   = model.Checkpoint{}
	middle  = model.Checkpoint{Invocation: 1, Part: 1, Page: 1, Try: 1}
	done    = model.Checkpoint{Done: true}
	first   = model.Item{Segment: 0, Number: 0, Try: 1, Start: 0, End: 1}
	listed  = model.Item{List: true, Segment: 0, Number: 0, Try: 1, Start: 0, End: 1, First: 0, Next: 1}
	second  = model.Item{Segment: 0, Number: 1, Try: 2, Start: 1, End: 2}
	whole   = model.Item{Segment: 0, Number: 0, Try: 3, Start: 0, End: 2}
	end     = model.Item{List: true, Segment: 0, Number: 0, Try: 3, Start: 0, End: 2, First: 0, Next: 1, Done: true}
	other   = model.Item{Segment: 1, Number: 0, Try: 1, Start: 0, End: 1}
	otherBy = func(try uint8) model.Item { return model.Item{Segment: 1, Number: 0, Try: try, Start: 0, End: 1} }
	endBy   = func(try uint8) model.Item {
		return model.Item{List: true, Segment: 1, Number: 0, Try: try, Start: 0, End: 1, First: 0, Next: 1, Done: true}
	}
)

func execution(e uint8, kind model.Kind) model.Step {
	return model.Step{Kind: kind, Execution: e, Segment: model.None}
}

func scan(e, segment, name uint8, at model.Checkpoint, kind model.Kind, items ...model.Item) model.Step {
	return model.Step{Kind: kind, Execution: e, Segment: segment, Name: name, At: at, Items: items}
}

func finalize(e uint8, kind model.Kind, items ...model.Item) model.Step {
	return model.Step{Kind: kind, Execution: e, Segment: model.Finalize, Name: 6, Items: items}
}

// trace is a run: execution 0 scans segment 1 and half of segment 0, and fails. Execution 1 takes the run over and commits it. Then
// execution 0 is redriven, and finds that it has lost the run.
func trace() []model.Step {
	return []model.Step{
		execution(0, model.Claims),
		scan(0, 0, 1, start, model.Calls), scan(0, 1, 2, start, model.Calls),
		scan(0, 0, 1, start, model.Asks), scan(0, 1, 2, start, model.Asks),
		scan(0, 1, 2, start, model.Writes, other), scan(0, 1, 2, start, model.Writes, endBy(1)), scan(0, 1, 2, done, model.Returns),
		scan(0, 0, 1, start, model.Writes, first), scan(0, 0, 1, start, model.Writes, listed), scan(0, 0, 1, middle, model.Returns),
		scan(0, 0, 3, middle, model.Calls), scan(0, 0, 3, middle, model.Asks), scan(0, 0, 3, middle, model.GivesUp),
		scan(0, 0, 3, middle, model.Writes, second),
		execution(0, model.Dies), scan(0, 0, 3, middle, model.Stops),
		execution(1, model.Looks), execution(1, model.Claims), execution(1, model.Looks),
		scan(1, 0, 4, start, model.Calls), scan(1, 0, 4, start, model.Asks), scan(1, 0, 4, start, model.Writes, whole),
		scan(1, 1, 5, start, model.Calls), scan(1, 1, 5, start, model.Asks), scan(1, 1, 5, done, model.Returns),
		scan(1, 0, 4, start, model.Writes, end), scan(1, 0, 4, done, model.Returns),
		finalize(1, model.Calls), finalize(1, model.Finds), finalize(1, model.Asks),
		finalize(1, model.Merges), finalize(1, model.Compares), finalize(1, model.Sweeps, first, second, listed),
		finalize(1, model.Lists, whole, other), finalize(1, model.Commits), finalize(1, model.Returns),
		execution(0, model.Begins), scan(0, 0, 7, middle, model.Calls), scan(0, 0, 7, middle, model.Asks), execution(0, model.Dies),
	}
}

func TestModelAllowsARun(t *testing.T) {
	t.Parallel()
	if err := model.Replay(traced, trace()); err != nil {
		t.Error(err)
	}
}

// Each change of the trace makes it one that the model does not allow, from one step on.
func TestModelRejectsWhatNoRunMayDo(t *testing.T) {
	t.Parallel()
	// at finds the first step that is like one in the trace; drop removes it, and before inserts steps before it.
	at := func(steps []model.Step, like model.Step) int {
		i := slices.IndexFunc(steps, func(s model.Step) bool {
			return s.Kind == like.Kind && s.Execution == like.Execution && s.Segment == like.Segment && s.Name == like.Name && (like.Items == nil || slices.Equal(s.Items, like.Items))
		})
		if i < 0 {
			panic("the trace has no step " + like.String())
		}
		return i
	}
	drop := func(like model.Step) func([]model.Step) []model.Step {
		return func(steps []model.Step) []model.Step { i := at(steps, like); return slices.Delete(steps, i, i+1) }
	}
	before := func(like model.Step, more ...model.Step) func([]model.Step) []model.Step {
		return func(steps []model.Step) []model.Step { return slices.Insert(steps, at(steps, like), more...) }
	}
	after := func(like model.Step, more ...model.Step) func([]model.Step) []model.Step {
		return func(steps []model.Step) []model.Step { return slices.Insert(steps, at(steps, like)+1, more...) }
	}
	swap := func(a, b model.Step) func([]model.Step) []model.Step {
		return func(steps []model.Step) []model.Step {
			i, j := at(steps, a), at(steps, b)
			steps[i], steps[j] = steps[j], steps[i]
			return steps
		}
	}
	replace := func(like, by model.Step) func([]model.Step) []model.Step {
		return func(steps []model.Step) []model.Step { steps[at(steps, like)] = by; return steps }
	}
	var (
		commit  = finalize(1, model.Commits)
		files   = finalize(1, model.Lists)
		sweep   = finalize(1, model.Sweeps)
		claim   = execution(1, model.Claims)
		late    = scan(0, 0, 7, middle, model.Writes, model.Item{Segment: 0, Number: 1, Try: 4, Start: 1, End: 2})
		endList = scan(1, 0, 4, start, model.Writes, end)
	)
	for _, test := range []struct {
		name   string
		change func([]model.Step) []model.Step
		want   model.Step // the first step that is not allowed
	}{
		{"a run without a claim", drop(execution(0, model.Claims)), scan(0, 0, 1, start, model.Calls)},
		{"a second claim beside the first", after(execution(0, model.Claims), claim), claim},
		{"a takeover from an execution that works", drop(execution(0, model.Dies)), claim},
		{"a takeover while an invocation works", drop(scan(0, 0, 3, middle, model.Stops)), claim},
		{"a takeover that does not check again", drop(execution(1, model.Looks)), claim},
		{"a scan that does not read the claim", drop(scan(1, 0, 4, start, model.Asks)), scan(1, 0, 4, start, model.Writes, whole)},
		{"a write by an execution that has lost the run", after(scan(0, 0, 7, middle, model.Asks), late), late},
		{"a list before its objects", swap(scan(0, 0, 1, start, model.Writes, first), scan(0, 0, 1, start, model.Writes, listed)), scan(0, 0, 1, start, model.Writes, listed)},
		{"a checkpoint before its list", swap(scan(0, 0, 1, start, model.Writes, listed), scan(0, 0, 1, middle, model.Returns)), scan(0, 0, 1, middle, model.Returns)},
		{
			"an end list that replaces another one", before(scan(1, 1, 5, done, model.Returns), scan(1, 1, 5, start, model.Writes, otherBy(2)), scan(1, 1, 5, start, model.Writes, endBy(2))),
			scan(1, 1, 5, start, model.Writes, endBy(2)),
		},
		{"a segment that is not scanned again", drop(endList), scan(1, 0, 4, done, model.Returns)},
		{"a commit before the list of a segment's end", func(steps []model.Step) []model.Step {
			return before(endList, finalize(1, model.Calls))(steps)
		}, finalize(1, model.Calls)},
		{"a finalize that does not read the claim", drop(finalize(1, model.Asks)), sweep},
		{"no sweep", drop(sweep), files},
		{"a sweep that removes too much", replace(sweep, finalize(1, model.Sweeps, first, second, whole, listed)), sweep},
		{"a sweep that leaves something", replace(sweep, finalize(1, model.Sweeps, first, second)), sweep},
		{"a sweep after the commit", after(commit, finalize(1, model.Sweeps, whole)), sweep},
		{"a manifest without an object", replace(files, finalize(1, model.Lists, whole)), files},
		{"a commit before its manifest", swap(files, commit), commit},
		{"two commits", after(commit, commit), commit},
		{"a commit by another execution", replace(commit, finalize(0, model.Commits)), finalize(0, model.Commits)},
		{"a result without a commit", drop(commit), finalize(1, model.Returns)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			steps := test.change(trace())
			rejection, ok := errors.AsType[*model.RejectionError](model.Replay(traced, steps))
			if !ok {
				t.Fatal("the model allows it")
			}
			if got := steps[rejection.Step]; got.Kind != test.want.Kind || got.Execution != test.want.Execution || got.Segment != test.want.Segment || got.Name != test.want.Name {
				t.Errorf("got %q, want %q: %v", got, test.want, rejection)
			}
		})
	}
}
