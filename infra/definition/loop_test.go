package definition

import (
	"maps"
	"slices"
	"testing"

	"dynamodb-to-s3/lambda/contract"

	"github.com/google/go-cmp/cmp"
)

// A loop of states without a Wait must end for another reason. Each of these is a function that returns only after progress.
var boundedLoops = map[string]string{
	contract.StateScanSegment:    "scan returns without a moment to wait for only after it has written a segment list; otherwise it fails with NoProgress",
	contract.StateConvertSegment: "convert returns done: false only after it has written a segment list; otherwise it fails with NoProgress",
	contract.StateColumns: "finalize asks for a conversion only of the plan of a first pass; columns returns such a plan once, for the pass that learns from a native export, " +
		"and after that the plan of the second pass",
	contract.StateCompleteBatch: "finalize returns done: false only after it has completed an upload of the batch; otherwise it fails with NoProgress",
	contract.StateCompleteUploads: "finalize returns batches only while more uploads are open than one invocation completes; a child ends only when no upload of its batch is open, " +
		"and nothing opens them again",
	contract.StateStartExport: "finalize asks for more only after it has committed a window, or while the exports of another run are in progress, for which StartExport follows them; " +
		"StartExport reports exports in progress only if they have checks left, and each check begins with a Wait in the Map. Without checks left, it fails with ExportTimedOut",
}

// Every loop has a Wait state, or a state that is known to bound it.
func TestLoopsWaitOrAreBounded(t *testing.T) {
	t.Parallel()
	all := states(t)
	next := func(name string) (to []string) {
		s := all[name]
		for _, r := range s.Choices {
			to = append(to, r.Next)
		}
		for _, c := range s.Catch {
			to = append(to, c.Next)
		}
		return slices.DeleteFunc(append(to, s.Next, s.Default), func(name string) bool { return name == "" })
	}
	// A state is in a loop if it reaches itself. Waits and bounded states end every path.
	loops := func(without func(name string) bool) (found []string) {
		for name := range all {
			reached, open := map[string]bool{}, next(name)
			for len(open) > 0 {
				at := open[0]
				if open = open[1:]; !reached[at] && !without(at) {
					reached[at] = true
					open = append(open, next(at)...)
				}
			}
			if reached[name] {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		return found
	}
	waits := func(name string) bool { return all[name].Type == "Wait" }
	got := loops(func(name string) bool { return waits(name) || boundedLoops[name] != "" })
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		t.Errorf("states in loops without a Wait (-want +got):\n%s", diff)
	}
	for _, bound := range slices.Sorted(maps.Keys(boundedLoops)) {
		if !slices.Contains(loops(func(name string) bool { return waits(name) || name != bound && boundedLoops[name] != "" }), bound) {
			t.Errorf("%s is in no loop without a Wait: remove it from boundedLoops", bound)
		}
	}
}
