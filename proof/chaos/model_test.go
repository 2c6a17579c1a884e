package chaos_test

import (
	"sync"
	"testing"

	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"

	"golang.org/x/sync/errgroup"
)

// Each of these seeds has something that most do not have.
var modelled = map[uint64]string{
	58:  "one fault only",
	15:  "a takeover",
	67:  "a takeover, and then a redrive of the execution that has lost the run",
	232: "an execution that takes its run back",
	38:  "a write that is repeated after the sweep",
	26:  "many invocations that are given up and continue",
	439: "two passes, and a takeover",
}

// The model allows what real runs do, and in these runs every step of the model occurs.
func TestModelAllowsRealRuns(t *testing.T) {
	t.Parallel()
	source, destination := testservers.Configs()
	harness, err := chaos.New(t.Context(), source, destination)
	if err != nil {
		t.Fatal(err)
	}
	defer harness.Stop()
	var (
		mu    sync.Mutex // guards steps
		steps = map[model.Kind]int{}
		group errgroup.Group
	)
	group.SetLimit(*atOnce)
	for seed, what := range modelled {
		group.Go(func() error {
			report, err := harness.Run(t.Context(), seed)
			if err != nil {
				return err
			}
			checked, err := followsModel(report)
			if err != nil || report.Broken != nil || len(checked) == 0 {
				t.Errorf("seed %d, %s: %d kinds of steps, %v, %v", seed, what, len(checked), err, report.Broken)
			}
			mu.Lock()
			defer mu.Unlock()
			for kind, times := range checked {
				steps[kind] += times
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Log(steps)
	for _, kind := range []model.Kind{
		model.Claims, model.Looks, model.Begins, model.Dies, model.Calls, model.GivesUp, model.Stops, model.Returns, model.Asks,
		model.Writes, model.Finds, model.Merges, model.Compares, model.Sweeps, model.Lists, model.Commits,
		model.Decides, model.Fetches,
	} {
		if steps[kind] == 0 {
			t.Errorf("no run has the step %q", kind)
		}
	}
	if steps[model.Claims] <= len(modelled) {
		t.Error("no execution has taken a run over")
	}
}
