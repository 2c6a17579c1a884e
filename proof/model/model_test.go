package model_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/proof/model"
)

// full has the large instances checked too, which takes a minute and a gigabyte or two.
var full = flag.Bool("full", false, "check the large instances, too")

// In no state of a run does an invariant of the design fail to hold. The documentation has the figures.
func TestDesignHasNoViolation(t *testing.T) {
	t.Parallel()
	figures, err := os.ReadFile("../../docs/exactly-once.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		bounds model.Bounds
		large  bool
	}{
		{"segments at once", model.Bounds{Executions: 2, Concurrency: 2, Pages: [2]uint8{2, 1}, Crashes: 1, Redrives: 1}, false},
		{"two crashes", model.Bounds{Executions: 2, Concurrency: 2, Pages: [2]uint8{1, 1}, Crashes: 2, Redrives: 1}, false},
		{"three parts", model.Bounds{Executions: 2, Concurrency: 1, Pages: [2]uint8{3, 3}, Crashes: 1, Redrives: 0}, false},
		{"three executions", model.Bounds{Executions: 3, Concurrency: 1, Pages: [2]uint8{1, 1}, Crashes: 2, Redrives: 1}, false},
		{"segments at once and two crashes", model.Bounds{Executions: 2, Concurrency: 2, Pages: [2]uint8{2, 1}, Crashes: 2, Redrives: 1}, true},
		{"three parts and two crashes", model.Bounds{Executions: 2, Concurrency: 1, Pages: [2]uint8{3, 2}, Crashes: 2, Redrives: 0}, true},
		{"three parts, two crashes and a redrive", model.Bounds{Executions: 2, Concurrency: 1, Pages: [2]uint8{3, 1}, Crashes: 2, Redrives: 1}, true},
	} {
		if test.large && !*full {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			got := model.Check(test.bounds, model.Rules{})
			t.Logf("%d states, %d transitions, %d of them committed, %s", got.States, got.Transitions, got.Committed, time.Since(start))
			if got.Violation != "" || got.Committed == 0 {
				t.Errorf("%s:\n%s", got.Violation, strings.Join(got.Steps, "\n"))
			}
			if row := fmt.Sprintf("| %d | %d |", got.States, got.Transitions); !strings.Contains(string(figures), row) {
				t.Errorf("docs/exactly-once.md has no row with %q", row)
			}
		})
	}
}

// Each rule is there for something: without it there is a way to break the run.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	var (
		several = model.Bounds{Executions: 3, Concurrency: 1, Pages: [2]uint8{2, 1}, Crashes: 1, Redrives: 1}
		one     = model.Bounds{Executions: 1, Concurrency: 1, Pages: [2]uint8{3, 1}, Crashes: 2}
	)
	for _, test := range []struct {
		name   string
		bounds model.Bounds
		rules  model.Rules
		want   string
	}{
		{"a claim that is not conditional", several, model.Rules{ClaimsOverAnother: true}, "a claim has one owner"},
		{"a takeover without the claim's ETag", several, model.Rules{TakesOverBlindly: true}, "nobody writes to a run that is another's"},
		{"a takeover from one that runs", several, model.Rules{TakesOverTheLiving: true}, "nobody writes to a run that is another's"},
		{"a takeover at once", several, model.Rules{TakesOverAtOnce: true}, "nobody writes to a run that is another's"},
		{"a takeover that does not look again", several, model.Rules{LooksOnce: true}, "nobody writes to a run that is another's"},
		{"a scan that does not look whose the run is", several, model.Rules{ScansUnasked: true}, "nobody writes to a run that is another's"},
		{"a finalize that does not", several, model.Rules{CommitsUnasked: true}, "nobody writes to a run that is another's"},
		{"objects under keys that tries share", one, model.Rules{SharesData: true}, "what was scanned is whole"},
		{"lists under keys that tries share", one, model.Rules{SharesLists: true}, "what was scanned is whole"},
		{"an end that the last to come there has", one, model.Rules{EndsAnew: true}, "what was scanned is whole"},
		{"no chain", one, model.Rules{TakesAllLists: true}, "no item is named twice"},
		{"no sweep", one, model.Rules{LeavesLeftovers: true}, "the bucket has nothing besides"},
		{"a commit that is not conditional", one, model.Rules{CommitsOverAnother: true}, "a run is committed once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := model.Check(test.bounds, test.rules)
			if got.Violation != test.want || len(got.Steps) == 0 {
				t.Errorf("got %q, want %q:\n%s", got.Violation, test.want, strings.Join(got.Steps, "\n"))
			}
			t.Logf("%d states, %d steps: %s", got.States, len(got.Steps), got.Violation)
		})
	}
}
