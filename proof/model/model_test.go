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

// full adds the large instances, which take minutes and some gigabytes of memory.
var full = flag.Bool("full", false, "check the large instances too")

// All invariants of the design hold in every state of a run. The documentation has the figures.
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
		{"concurrent segments", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"xx", "x"}, Crashes: 1, Redrives: 1}, false},
		{"two crashes", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2, Redrives: 0}, false},
		{"three pages", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xxx", "x"}, Crashes: 1, Redrives: 1}, false},
		{"three executions", model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"x"}, Crashes: 2, Redrives: 1}, false},
		{"a page without items", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x?"}, Crashes: 1, Redrives: 1}, false},
		{"two crashes and a redrive", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2, Redrives: 1}, true},
		{"two pages, two crashes and a redrive", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2, Redrives: 1}, true},
		{"concurrent segments and two crashes", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"xx", "x"}, Crashes: 2, Redrives: 0}, true},
		{"three pages and two crashes", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xxx"}, Crashes: 2, Redrives: 0}, true},
		{"three executions, crashes and two redrives", model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"x"}, Crashes: 3, Redrives: 2}, true},
	} {
		if test.large && !*full {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			got := model.Check(test.bounds, model.Rules{})
			t.Logf("%d states, %d transitions, %d of them committed, %s", got.States, got.Transitions, got.Committed, time.Since(start))
			if got.Violation != "" || got.Committed == 0 {
				t.Errorf("%s:\n%s", got.Violation, list(got.Steps))
			}
			if row := fmt.Sprintf("| %d | %d |", got.States, got.Transitions); !strings.Contains(string(figures), row) {
				t.Errorf("docs/exactly-once.md has no row with %q", row)
			}
		})
	}
}

// Each rule is needed: without it there is a way to break the run.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	var (
		several = model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"xx", "x"}, Crashes: 1, Redrives: 1}
		one     = model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xxx"}, Crashes: 2}
		small   = model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2}
	)
	for _, test := range []struct {
		name   string
		bounds model.Bounds
		rules  model.Rules
		want   string
	}{
		{"a claim without a condition", several, model.Rules{ClaimsOverAnother: true}, "a claim has one owner"},
		{"a takeover without the claim's ETag", several, model.Rules{TakesOverBlindly: true}, "nobody writes to a run of another execution"},
		{"a takeover from an execution that runs", several, model.Rules{TakesOverTheLiving: true}, "nobody writes to a run of another execution"},
		{"a takeover at once", several, model.Rules{TakesOverAtOnce: true}, "nobody writes to a run of another execution"},
		{"a takeover that does not check again", several, model.Rules{LooksOnce: true}, "nobody writes to a run of another execution"},
		{"a scan that does not read the claim", several, model.Rules{ScansUnasked: true}, "nobody writes to a run of another execution"},
		{"a finalize that does not read the claim", several, model.Rules{CommitsUnasked: true}, "nobody writes to a run of another execution"},

		{"lists under keys that all tries share", one, model.Rules{SharesLists: true}, "what was scanned is whole"},
		{"an end that is written without a condition", small, model.Rules{EndsAnew: true}, "no function aborts what a chain names"},
		{"no chain", one, model.Rules{TakesAllLists: true}, "no reader sees a page twice"},
		{"no sweep", one, model.Rules{LeavesUploads: true}, "no upload stays open"},
		{"a commit without a condition", small, model.Rules{CommitsOverAnother: true}, "a run is committed once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := model.Check(test.bounds, test.rules)
			if got.Violation != test.want || len(got.Steps) == 0 {
				t.Errorf("got %q, want %q:\n%s", got.Violation, test.want, list(got.Steps))
			}
			t.Logf("%d states, %d steps: %s", got.States, len(got.Steps), got.Violation)
		})
	}
}

func list(steps []model.Step) string {
	var text strings.Builder
	for _, step := range steps {
		fmt.Fprintln(&text, step)
	}
	return text.String()
}
