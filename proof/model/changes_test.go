package model_test

import (
	"errors"
	"slices"
	"testing"

	"dynamodb-to-s3/proof/model"
)

// change changes a trace.
type change func([]model.Step) []model.Step

// at finds the first step that is like one in the trace.
func at(steps []model.Step, like model.Step) int {
	i := slices.IndexFunc(steps, func(s model.Step) bool {
		return is(s, like) && (like.Items == nil || slices.Equal(s.Items, like.Items))
	})
	if i < 0 {
		panic("the trace has no step " + like.String())
	}
	return i
}

func is(a, b model.Step) bool {
	return a.Kind == b.Kind && a.Execution == b.Execution && a.Segment == b.Segment && a.Name == b.Name && a.Schema == b.Schema
}

func drop(like model.Step) change {
	return func(steps []model.Step) []model.Step { i := at(steps, like); return slices.Delete(steps, i, i+1) }
}

func before(like model.Step, more ...model.Step) change {
	return func(steps []model.Step) []model.Step { return slices.Insert(steps, at(steps, like), more...) }
}

func after(like model.Step, more ...model.Step) change {
	return func(steps []model.Step) []model.Step { return slices.Insert(steps, at(steps, like)+1, more...) }
}

func swap(a, b model.Step) change {
	return func(steps []model.Step) []model.Step {
		i, j := at(steps, a), at(steps, b)
		steps[i], steps[j] = steps[j], steps[i]
		return steps
	}
}

func replace(like, by model.Step) change {
	return func(steps []model.Step) []model.Step { steps[at(steps, like)] = by; return steps }
}

// rejects fails unless a step that is like want is the first one that the model does not allow.
func rejects(t *testing.T, bounds model.Bounds, steps []model.Step, want model.Step) {
	t.Helper()
	rejection, ok := errors.AsType[*model.RejectionError](model.Replay(bounds, steps))
	if !ok {
		t.Fatal("the model allows it")
	}
	if got := steps[rejection.Step]; !is(got, want) {
		t.Errorf("got %q, want %q: %v", got, want, rejection)
	}
}
