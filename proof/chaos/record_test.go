package chaos

import (
	"fmt"
	"testing"
)

func TestCallThatOvertakesAFailureIsRecordedBeforeIt(t *testing.T) {
	t.Parallel()
	r := &seedRun{}
	for _, e := range []Event{
		{Kind: Began},
		{Kind: Began, Execution: 1},
		{Kind: Failed},
		{Kind: Failed, Execution: 1},
		{Kind: Called},
		{Kind: Began},
		{Kind: Called},
		{Kind: Called, Execution: 1},
	} {
		r.record(e)
	}
	var got []string
	for _, e := range r.trace {
		got = append(got, fmt.Sprint(e.Execution, " ", e.Kind))
	}
	const want = "[0 the execution begins 1 the execution begins 0 call 0 the execution fails 1 call 1 the execution fails 0 the execution begins 0 call]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
