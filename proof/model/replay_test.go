package model_test

import (
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
	first   = model.Item{Kind: model.Upload, Segment: 0, Number: 0, Try: 1, Start: 0, End: 1}
	listed  = model.Item{Kind: model.List, Segment: 0, Number: 0, Try: 1, Start: 0, End: 1, First: 0, Next: 1}
	second  = model.Item{Kind: model.Upload, Segment: 0, Number: 1, Try: 2, Start: 1, End: 2}
	whole   = model.Item{Kind: model.Upload, Segment: 0, Number: 0, Try: 3, Start: 0, End: 2}
	twin    = model.Item{Kind: model.Upload, Segment: 0, Number: 0, Try: 3, Twin: 1}
	end     = model.Item{Kind: model.List, Segment: 0, Number: 0, Try: 3, Start: 0, End: 2, First: 0, Next: 1, Done: true, Takeovers: 1}
	other   = model.Item{Kind: model.Upload, Segment: 1, Number: 0, Try: 1, Start: 0, End: 1}
	otherBy = func(try uint8) model.Item {
		return model.Item{Kind: model.Upload, Segment: 1, Number: 0, Try: try, Start: 0, End: 1}
	}
	endBy = func(try, takeovers uint8) model.Item {
		return model.Item{Kind: model.List, Segment: 1, Number: 0, Try: try, Start: 0, End: 1, First: 0, Next: 1, Done: true, Takeovers: takeovers}
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

// opens are the steps that begin an upload and write all of its parts.
func opens(e, segment, name uint8, at model.Checkpoint, upload model.Item) []model.Step {
	return []model.Step{scan(e, segment, name, at, model.Opens, upload), scan(e, segment, name, at, model.Writes, upload)}
}

// object is an upload that is completed.
func object(upload model.Item) model.Item {
	upload.Kind = model.Object
	return upload
}

// trace is a run: execution 0 scans segment 1 and half of segment 0, and fails. Execution 1 takes the run over and commits it: it
// scans segment 0 from its start. Then execution 0 is redriven, and finds that it has lost the run.
func trace() []model.Step {
	return slices.Concat(
		[]model.Step{
			execution(0, model.Claims),
			scan(0, 0, 1, start, model.Calls), scan(0, 1, 2, start, model.Calls),
			scan(0, 0, 1, start, model.Asks), scan(0, 1, 2, start, model.Asks),
		},
		opens(0, 1, 2, start, other),
		[]model.Step{scan(0, 1, 2, start, model.Writes, endBy(1, 0)), scan(0, 1, 2, done, model.Returns)},
		opens(0, 0, 1, start, first),
		[]model.Step{
			scan(0, 0, 1, start, model.Writes, listed), scan(0, 0, 1, middle, model.Returns),
			scan(0, 0, 3, middle, model.Calls), scan(0, 0, 3, middle, model.Asks), scan(0, 0, 3, middle, model.GivesUp),
		},
		opens(0, 0, 3, middle, second),
		[]model.Step{
			execution(0, model.Dies), scan(0, 0, 3, middle, model.Stops),
			execution(1, model.Looks), execution(1, model.Claims), execution(1, model.Looks),
			scan(1, 0, 4, start, model.Calls), scan(1, 0, 4, start, model.Asks), scan(1, 0, 4, start, model.Opens, twin),
		},
		opens(1, 0, 4, start, whole),
		[]model.Step{
			scan(1, 1, 5, start, model.Calls), scan(1, 1, 5, start, model.Asks), scan(1, 1, 5, start, model.Writes, endBy(1, 1)), scan(1, 1, 5, done, model.Returns),
			scan(1, 0, 4, start, model.Writes, end), scan(1, 0, 4, done, model.Returns),
			finalize(1, model.Calls), finalize(1, model.Uploads), finalize(1, model.Compares), finalize(1, model.Finds),
			finalize(1, model.Merges), finalize(1, model.Asks),
			finalize(1, model.Completes, other), finalize(1, model.Completes, whole),
			finalize(1, model.Aborts, first), finalize(1, model.Aborts, second), finalize(1, model.Aborts, twin), finalize(1, model.Sweeps, listed),
			finalize(1, model.Lists, object(whole), object(other)), finalize(1, model.Commits), finalize(1, model.Returns),
			execution(0, model.Begins), scan(0, 0, 7, middle, model.Calls), scan(0, 0, 7, middle, model.Asks), execution(0, model.Dies),
		},
	)
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
	var (
		commit   = finalize(1, model.Commits)
		files    = finalize(1, model.Lists)
		compares = finalize(1, model.Compares)
		complete = finalize(1, model.Completes, whole)
		aborts   = finalize(1, model.Aborts, first)
		sweep    = finalize(1, model.Sweeps)
		claim    = execution(1, model.Claims)
		late     = scan(0, 0, 7, middle, model.Opens, model.Item{Kind: model.Upload, Segment: 0, Number: 1, Try: 4})
		endList  = scan(1, 0, 4, start, model.Writes, end)
		byScan   = scan(1, 0, 4, start, model.Completes, whole)
		named    = scan(1, 0, 4, start, model.Aborts, whole)
	)
	for _, test := range []struct {
		name   string
		change change
		want   model.Step // the first step that is not allowed
	}{
		{"a run without a claim", drop(execution(0, model.Claims)), scan(0, 0, 1, start, model.Calls)},
		{"a second claim beside the first", after(execution(0, model.Claims), claim), claim},
		{"a takeover from an execution that works", drop(execution(0, model.Dies)), claim},
		{"a takeover while an invocation works", drop(scan(0, 0, 3, middle, model.Stops)), claim},
		{"a takeover that does not check again", drop(execution(1, model.Looks)), claim},
		{"a scan that does not read the claim", drop(scan(1, 0, 4, start, model.Asks)), scan(1, 0, 4, start, model.Opens, twin)},
		{"a write by an execution that has lost the run", after(scan(0, 0, 7, middle, model.Asks), late), late},
		{"parts of an upload that was not begun", drop(scan(1, 0, 4, start, model.Opens, whole)), scan(1, 0, 4, start, model.Writes, whole)},
		{"a list before its uploads", swap(scan(0, 0, 1, start, model.Writes, first), scan(0, 0, 1, start, model.Writes, listed)), scan(0, 0, 1, start, model.Writes, listed)},
		{"a checkpoint before its list", swap(scan(0, 0, 1, start, model.Writes, listed), scan(0, 0, 1, middle, model.Returns)), scan(0, 0, 1, middle, model.Returns)},
		{"an end list that replaces another one", after(scan(0, 1, 2, start, model.Writes, endBy(1, 0)), scan(0, 1, 2, start, model.Writes, endBy(2, 0))), scan(0, 1, 2, start, model.Writes)},
		{"a segment that is scanned again although it was done", before(scan(1, 1, 5, start, model.Writes, endBy(1, 1)), opens(1, 1, 5, start, otherBy(2))...), scan(1, 1, 5, start, model.Opens)},
		{"an end list of an earlier execution that stays as it is", drop(scan(1, 1, 5, start, model.Writes, endBy(1, 1))), scan(1, 1, 5, done, model.Returns)},
		{"a segment that is not scanned again", drop(endList), scan(1, 0, 4, done, model.Returns)},
		{"a commit before the list of a segment's end", func(steps []model.Step) []model.Step {
			return before(endList, finalize(1, model.Calls))(steps)
		}, finalize(1, model.Calls)},
		{"a scan that completes an upload", after(scan(1, 0, 4, start, model.Writes, whole), byScan), byScan},
		{"a scan that aborts what its list names", after(endList, named), named},
		{"a finalize that does not read the claim", drop(finalize(1, model.Asks)), complete},
		{"a finalize that lists the objects before the uploads", swap(finalize(1, model.Uploads), compares), complete},
		{"a completion before the uploads are listed", before(finalize(1, model.Uploads), complete), complete},
		{"a completion before the objects are listed", before(compares, complete), complete},
		{"a completion of what no list names", replace(complete, finalize(1, model.Completes, first)), complete},
		{"a completion of the other upload of a key", replace(complete, finalize(1, model.Completes, twin)), complete},
		{"two completions", after(complete, complete), complete},
		{"an upload that is not completed", drop(complete), aborts},
		{"an abort of what a list names", before(complete, finalize(1, model.Aborts, whole)), finalize(1, model.Aborts, whole)},
		{"an abort before everything is completed", before(complete, aborts), aborts},
		{"no abort of what no list names", drop(aborts), files},
		{"no sweep", drop(sweep), files},
		{"a sweep that removes too much", replace(sweep, finalize(1, model.Sweeps, object(whole), listed)), sweep},
		{"a sweep after the commit", after(commit, finalize(1, model.Sweeps, object(whole))), sweep},
		{"a withdrawal although nothing is gone", before(aborts, finalize(1, model.Sweeps, object(whole))), sweep},
		{"a manifest without an object", replace(files, finalize(1, model.Lists, object(whole))), files},
		{"a commit before its manifest", swap(files, commit), commit},
		{"two commits", after(commit, commit), commit},
		{"a commit by another execution", replace(commit, finalize(0, model.Commits)), finalize(0, model.Commits)},
		{"a result without a commit", drop(commit), finalize(1, model.Returns)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rejects(t, traced, test.change(trace()), test.want)
		})
	}
}
