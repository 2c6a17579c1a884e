package definition

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// After the commit, Catalog runs if the plan has a catalog, and then Prune if it has a retention. The result has their answers. If one fails, the
// execution fails under its name, and nothing after it is called.
func TestCatalogAndPruneFollowTheCommit(t *testing.T) {
	t.Parallel()
	catalog, retention := &run.CatalogPlan{Table: "orders"}, &run.Retention{KeepRuns: 7}
	cataloged, pruned := &run.Cataloged{Tables: []run.CatalogTable{{Name: "orders"}}}, &run.Pruned{Runs: []run.PrunedRun{}, Kept: 7}
	for _, test := range []struct {
		name   string
		plan   run.Plan
		fails  string // a state
		states string
		want   run.Result
		events int
	}{
		{"neither", run.Plan{}, "", "Finalize", run.Result{}, 0},
		{"a catalog", run.Plan{Catalog: catalog}, "", "Finalize Catalog", run.Result{Catalog: cataloged}, quota.CommittedEvents / 2},
		{"a retention", run.Plan{Retention: retention}, "", "Finalize Prune", run.Result{Pruned: pruned}, quota.CommittedEvents / 2},
		{"both", run.Plan{Catalog: catalog, Retention: retention}, "", "Finalize Catalog Prune", run.Result{Catalog: cataloged, Pruned: pruned}, quota.CommittedEvents},
		{"a catalog that fails", run.Plan{Catalog: catalog, Retention: retention}, contract.StateCatalog, "Finalize Catalog", run.Result{}, 0},
		{"a prune that fails", run.Plan{Catalog: catalog, Retention: retention}, contract.StatePrune, "Finalize Catalog Prune", run.Result{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var m machine
			if err := json.Unmarshal(JSON, &m); err != nil {
				t.Fatal(err)
			}
			m.StartAt = contract.StateFinalize
			test.plan.RunID, test.want.RunID = "run", "run"
			failures := map[string]failure.Name{contract.StateCatalog: failure.CatalogFailed, contract.StatePrune: failure.PruneFailed}
			var states []string
			s := &simulation{t: t, call: func(state string, payload any) (any, string) {
				states = append(states, state)
				if state == test.fails {
					return nil, string(failures[state])
				}
				if state == contract.StateFinalize {
					return asJSON(run.FinalizeOutput{Result: run.Result{RunID: "run"}}), ""
				}
				var in run.CatalogInput
				decode(t, payload, &in)
				want := run.CatalogInput{Plan: test.plan, Result: run.Result{RunID: "run"}}
				if state == contract.StatePrune {
					want.Result.Catalog = test.want.Catalog
					if test.fails != "" {
						want.Result.Catalog = cataloged
					}
				}
				if diff := cmp.Diff(want, in); diff != "" {
					t.Errorf("%s gets (-want +got):\n%s", state, diff)
				}
				if state == contract.StateCatalog {
					return asJSON(cataloged), ""
				}
				return asJSON(pruned), ""
			}}
			output, events, failed := s.execution(m, asJSON(map[string]any{"plan": test.plan, "export": run.ExportProgress{}}))
			if got := strings.Join(states, " "); got != test.states {
				t.Errorf("the calls are %s, want %s", got, test.states)
			}
			if failed != string(failures[test.fails]) {
				t.Fatalf("the execution fails with %q, want %q", failed, failures[test.fails])
			}
			if failed != "" {
				return
			}
			if diff := cmp.Diff(asJSON(test.want), output); diff != "" {
				t.Errorf("the output (-want +got):\n%s", diff)
			}
			const committed = 2 + 5 + 2 + 4 + 2 // beginning and end, Finalize and the choices after it, Replicated
			if events != committed+test.events {
				t.Errorf("got %d events, want %d", events, committed+test.events)
			}
		})
	}
}
