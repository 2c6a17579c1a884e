package model_test

import (
	"slices"
	"testing"

	"dynamodb-to-s3/proof/model"
)

// tracedPasses are the bounds of the trace below: segment 0 is of the first pass, and segment 1 of the second one.
var tracedPasses = model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x", "xx"}, Staged: 1}

// The items of the trace: one staged object, and one object of the second pass.
var (
	staged    = model.Item{Kind: model.Upload, Segment: 0, Number: 0, Try: 1, Start: 0, End: 1}
	stagedEnd = model.Item{Kind: model.List, Segment: 0, Number: 0, Try: 1, Start: 0, End: 1, First: 0, Next: 1, Done: true}
	stray     = model.Item{Kind: model.Upload, Segment: 0, Number: 0, Try: 2}
	rows      = model.Item{Kind: model.Upload, Segment: 1, Number: 0, Try: 1, Start: 0, End: 2, Schema: 1}
	rowsEnd   = model.Item{Kind: model.List, Segment: 1, Number: 0, Try: 1, Start: 0, End: 2, First: 0, Next: 1, Done: true, Schema: 1}
	otherRows = model.Item{Kind: model.Upload, Segment: 1, Number: 0, Try: 1, Start: 0, End: 2, Schema: 2}
)

func ofSchema(schema uint8, step model.Step) model.Step {
	step.Schema = schema
	return step
}

func secondPass(step model.Step) model.Step { return ofSchema(1, step) }

func convert(kind model.Kind, items ...model.Item) model.Step {
	return secondPass(scan(0, 1, 6, start, kind, items...))
}

func columns(name uint8, kind model.Kind) model.Step {
	return model.Step{Kind: kind, Segment: model.Columns, Name: name}
}

func commitOf(name uint8, kind model.Kind, items ...model.Item) model.Step {
	step := finalize(0, kind, items...)
	step.Name = name
	return step
}

// commits are the steps of a finalize that commits a pass with one object.
func commits(name uint8, in func(model.Step) model.Step, upload model.Item, swept ...model.Step) (steps []model.Step) {
	for _, kind := range []model.Kind{model.Calls, model.Finds, model.Asks, model.Uploads, model.Compares, model.Merges} {
		steps = append(steps, in(commitOf(name, kind)))
	}
	steps = append(steps, in(commitOf(name, model.Completes, upload)), in(commitOf(name, model.Lists, object(upload))), in(commitOf(name, model.Commits)))
	return append(append(steps, swept...), in(commitOf(name, model.Returns)))
}

// passes is a run of two passes. A second columns is given up and continues, and a scan that is given up begins an upload after the first commit.
func passes() []model.Step {
	firstPass := func(step model.Step) model.Step { return step }
	return slices.Concat(
		[]model.Step{
			execution(0, model.Claims), scan(0, 0, 1, start, model.Calls), scan(0, 0, 1, start, model.GivesUp), scan(0, 0, 1, start, model.Asks),
			scan(0, 0, 2, start, model.Calls), scan(0, 0, 2, start, model.Asks),
		},
		opens(0, 0, 2, start, staged),
		[]model.Step{scan(0, 0, 2, start, model.Writes, stagedEnd), scan(0, 0, 2, done, model.Returns)},
		commits(5, firstPass, staged),
		[]model.Step{
			columns(3, model.Calls), columns(3, model.Asks), columns(3, model.GivesUp),
			columns(4, model.Calls), columns(4, model.Asks), secondPass(columns(4, model.Decides)), secondPass(columns(4, model.Returns)), secondPass(columns(3, model.Returns)),
			convert(model.Calls), convert(model.Asks), convert(model.Fetches, object(staged)),
			scan(0, 0, 1, start, model.Opens, stray),
		},
		[]model.Step{
			convert(model.Opens, rows), convert(model.Writes, rows), convert(model.Writes, rowsEnd), secondPass(scan(0, 1, 6, done, model.Returns)),
		},
		commits(7, secondPass, rows, secondPass(commitOf(7, model.Sweeps, object(staged), stagedEnd)), secondPass(commitOf(7, model.Aborts, stray))),
	)
}

func TestModelAllowsTwoPasses(t *testing.T) {
	t.Parallel()
	if err := model.Replay(tracedPasses, passes()); err != nil {
		t.Error(err)
	}
}

// Each change of the trace makes it one that the model does not allow, from one step on.
func TestModelRejectsWhatNoPassMayDo(t *testing.T) {
	t.Parallel()
	var (
		fetch     = convert(model.Fetches, object(staged))
		decide    = secondPass(columns(4, model.Decides))
		again     = ofSchema(2, columns(3, model.Decides))
		removal   = secondPass(commitOf(7, model.Sweeps, object(staged), stagedEnd))
		abort     = secondPass(commitOf(7, model.Aborts))
		commit    = secondPass(commitOf(7, model.Commits))
		byConvert = convert(model.Completes, rows)
		strayRead = convert(model.Fetches, object(stray))
		mixed     = convert(model.Opens, otherRows)
	)
	for _, test := range []struct {
		name   string
		change change
		want   model.Step // the first step that is not allowed
	}{
		{"a columns before the first commit", drop(commitOf(5, model.Commits)), commitOf(5, model.Returns)},
		{"a columns that does not read the claim", drop(columns(4, model.Asks)), decide},
		{"a schema that replaces another one", before(convert(model.Calls), again), again},
		{"a second pass without a schema", drop(decide), secondPass(columns(4, model.Returns))},
		{"a plan with another schema", replace(convert(model.Calls), ofSchema(2, convert(model.Calls))), ofSchema(2, convert(model.Calls))},
		{"a convert that does not read the claim", drop(convert(model.Asks)), fetch},
		{"a staged file that the first commit does not name", before(fetch, strayRead), strayRead},
		{"rows of another schema", replace(convert(model.Opens, rows), mixed), mixed},
		{"a convert that completes its upload", before(convert(model.Writes, rowsEnd), byConvert), byConvert},
		{"a convert that removes a staged file", before(convert(model.Writes, rowsEnd), convert(model.Sweeps, object(staged))), convert(model.Sweeps)},
		{"staged files that are removed before the commit", swap(commit, removal), removal},
		{"an abort of a staged upload before the commit", swap(commit, abort), abort},
		{"a result without the second commit", drop(commit), removal},
		{"a result while staged files are left", func(steps []model.Step) []model.Step {
			return drop(scan(0, 0, 1, start, model.Opens))(drop(abort)(drop(removal)(steps)))
		}, secondPass(commitOf(7, model.Returns))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rejects(t, tracedPasses, test.change(passes()), test.want)
		})
	}
}
