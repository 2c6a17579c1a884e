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
		{"two crashes", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2}, false},
		{"three pages", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xxx"}, Crashes: 1, Redrives: 1}, false},
		{"three executions", model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"x"}, Crashes: 2, Redrives: 1}, false},
		{"a page without items", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x?"}, Crashes: 1, Redrives: 1}, false},
		{"an upload is aborted", model.Bounds{Executions: 1, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2, Aborts: 1}, false},
		{"an upload is aborted, and a takeover", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x"}, Crashes: 2, Aborts: 1}, false},
		{"the table is replaced", model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xx"}, Crashes: 1, Redrives: 1, Replacements: 1}, false},
		{"the table is replaced, and a takeover", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 1, Replacements: 1}, false},
		{"two passes", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"xx", "x", "x"}, Staged: 1, Crashes: 1, Redrives: 1}, false},
		{"two passes and two crashes", model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 2, Redrives: 1}, false},
		{"two passes, and the table is replaced", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 1, Redrives: 1, Replacements: 1}, false},
		{"what lies between the passes is changed", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 1, Redrives: 1, Changes: 1}, false},
		{"three pages and another segment", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xxx", "x"}, Crashes: 1, Redrives: 1}, true},
		{"two crashes and a redrive", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2, Redrives: 1}, true},
		{"two pages, two crashes and a redrive", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2, Redrives: 1}, true},
		{"concurrent segments and two crashes", model.Bounds{Executions: 2, Concurrency: 2, Pages: []string{"xx", "x"}, Crashes: 2}, true},
		{"three pages and two crashes", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xxx"}, Crashes: 2}, true},
		{"three executions, crashes and two redrives", model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"x"}, Crashes: 3, Redrives: 2}, true},
		{"an upload is aborted, a takeover and two pages", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2, Aborts: 1}, true},
		{"an upload is aborted, a takeover and three crashes", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x"}, Crashes: 3, Redrives: 1, Aborts: 1}, true},
		{"two uploads are aborted", model.Bounds{Executions: 1, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2, Redrives: 1, Aborts: 2}, true},
		{"the table is replaced, a takeover and a redrive", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2, Redrives: 1, Replacements: 1}, true},
		{"two passes of two pages", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx", "xx"}, Staged: 1, Crashes: 1, Redrives: 1}, true},
		{"two passes, three executions and two crashes", model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 2, Redrives: 1}, true},
		{"two passes, and an upload is aborted", model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 1, Redrives: 1, Aborts: 1}, true},
		{"two passes of two pages, and a change between them", model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xx", "xx"}, Staged: 1, Crashes: 1, Redrives: 1, Changes: 1}, true},
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
		several  = model.Bounds{Executions: 3, Concurrency: 1, Pages: []string{"xx", "x"}, Crashes: 1, Redrives: 1}
		small    = model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2}
		aborted  = model.Bounds{Executions: 1, Concurrency: 2, Pages: []string{"x", "x"}, Crashes: 2, Aborts: 1}
		taken    = model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x"}, Crashes: 3, Aborts: 1}
		leftover = model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 2, Aborts: 1}
		passes   = model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 2, Redrives: 1}
		single   = model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"x", "x"}, Staged: 1, Crashes: 1, Redrives: 1}
		changed  = model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xx", "x", "x"}, Staged: 1, Crashes: 1, Redrives: 1, Changes: 1}
		shared   = model.Bounds{Executions: 1, Concurrency: 1, Pages: []string{"xx", "xx"}, Staged: 1, Changes: 1}
		replaced = model.Bounds{Executions: 2, Concurrency: 1, Pages: []string{"xx"}, Crashes: 1, Redrives: 1, Replacements: 1}
	)
	const others = "nobody writes to a run of another execution"
	for _, test := range []struct {
		name   string
		bounds model.Bounds
		rules  model.Rules
		want   string
		steps  int // of the shortest way
	}{
		{"a claim without a condition", several, model.Rules{ClaimsOverAnother: true}, "a claim has one owner", 2},
		{"a takeover without the claim's ETag", several, model.Rules{TakesOverBlindly: true}, others, 12},
		{"a takeover from an execution that runs", several, model.Rules{TakesOverTheLiving: true}, others, 7},
		{"a takeover at once", several, model.Rules{TakesOverAtOnce: true}, others, 8},
		{"a takeover that does not check again", several, model.Rules{LooksOnce: true}, others, 9},
		{"a scan that does not read the claim", several, model.Rules{ScansUnasked: true}, others, 9},
		{"a finalize that does not read the claim", several, model.Rules{CommitsUnasked: true}, others, 23},
		{"a plan that does not compare the table", replaced, model.Rules{TakesAnyTable: true}, "all pages come from one table", 21},
		{"a scan that does not look at the table", replaced, model.Rules{ReadsAnyTable: true}, "all pages come from one table", 16},
		{"a scan that looks at the table before its last page", replaced, model.Rules{LooksEarly: true}, "all pages come from one table", 17},
		{"a scan that completes its uploads", small, model.Rules{CompletesAtScan: true}, "nothing is visible before the whole run is there", 4},
		{"a scan that aborts what a list may name", small, model.Rules{AbortsListed: true}, "no function aborts what a chain names", 6},
		{"lists under keys that all tries share", small, model.Rules{SharesLists: true}, "what was scanned is whole", 22},
		{"an end that is written without a condition", small, model.Rules{EndsAnew: true}, "what was scanned is whole", 17},
		{"an end that is replaced because its uploads are gone", taken, model.Rules{ReplacesEnd: true}, "what is committed is never overwritten or removed", 31},
		{"an end of an earlier execution that stays as it is", taken, model.Rules{LeavesEnd: true}, "what is committed is never overwritten or removed", 40},
		{"no chain", small, model.Rules{TakesAllLists: true}, "what was scanned is whole", 17},
		{"objects that are listed before the uploads", small, model.Rules{ObjectsFirst: true}, "what was scanned is whole", 20},
		{"a completion before the check", aborted, model.Rules{CompletesUnchecked: true}, "nothing is visible before the whole run is there", 16},
		{"a completion of everything that is open", small, model.Rules{CompletesAll: true}, "no reader sees a page twice", 15},
		{"objects that stay although no list names them", leftover, model.Rules{LeavesObjects: true}, "no reader sees a page twice", 33},
		{"uploads that stay although no list names them", small, model.Rules{LeavesUploads: true}, "no upload stays open", 16},
		{"a run that has lost an upload and is not withdrawn", aborted, model.Rules{KeepsGone: true}, "a redrive commits the run or withdraws it", 21},
		{"a commit without a condition", small, model.Rules{CommitsOverAnother: true}, "a run is committed once", 24},
		{"a first pass that does not write below _staging/", single, model.Rules{StagesInData: true}, "nothing is visible before the whole run is there", 13},
		{"a convert that completes its uploads", single, model.Rules{CompletesConverted: true}, "nothing is visible before the whole run is there", 24},
		{"a columns that does not read the claim", passes, model.Rules{DecidesUnasked: true}, others, 25},
		{"a schema that is written without a condition", single, model.Rules{DecidesAnew: true}, "a redrive commits what is staged", 30},
		{"a columns that returns a schema that is not the run's", single, model.Rules{ReturnsOwn: true}, "a redrive commits what is staged", 30},
		{"a plan that does not name its schema", changed, model.Rules{MixesPlans: true}, "all rows have one schema", 59},
		{"a schema that is compared after the completions", shared, model.Rules{ChecksLate: true}, "a run that has failed shows nothing", 37},
		{"a staged file that is read whatever its ETag", shared, model.Rules{ReadsAnyFile: true}, "all pages come from one table", 36},
		{"rows that nobody counts", shared, model.Rules{ConvertsSome: true}, "what is committed is complete", 36},
		{"staged files that are removed before the commit", single, model.Rules{RemovesEarly: true}, "nothing staged is removed before the commit", 35},
		{"staged files that stay if the first finalize dies", single, model.Rules{LeavesStaged: true}, "nothing staged is left", 39},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := model.Check(test.bounds, test.rules)
			if got.Violation != test.want || len(got.Steps) != test.steps {
				t.Errorf("got %q in %d steps, want %q in %d:\n%s", got.Violation, len(got.Steps), test.want, test.steps, list(got.Steps))
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
