package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
)

// pacedLifetime is the timeout of an invocation of a paced run, the shortest that a stack can have. So an invocation leaves most of its
// waits to the state machine, and a small table can have many.
const pacedLifetime = quota.LeastScanTimeout

// paced reports whether the request has a pace.
func (s Scenario) paced() bool { return s.Request == kindPace || s.Request == kindPercent }

// waitAsAsked waits until the moment that a checkpoint asks for. The interpreter shortens all waits, and a function that is called too
// early would report that clocks differ.
func (r *seedRun) waitAsAsked(payload []byte) {
	if checkpoint := scanInput(payload).Checkpoint; checkpoint != nil && checkpoint.WaitUntil != nil {
		time.Sleep(time.Until(*checkpoint.WaitUntil))
	}
}

// checkMarkers returns an error if the commit of a run with a pace or a limit has left what its segments share, and no invocation that was given up can
// have written it.
func (r *seedRun) checkMarkers(ctx context.Context, layout run.Layout) error {
	if !r.scenario.paced() && r.scenario.maxReadUnits == 0 {
		return nil
	}
	keys, err := r.keys(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	givenUp := slices.ContainsFunc(r.invocations, func(i *invocation) bool { return i.function == contract.FunctionScan && closed(i.process.paused) })
	left := slices.IndexFunc(keys, func(key string) bool {
		return strings.HasPrefix(key, layout.PaceMarkers()) || strings.HasPrefix(key, layout.Units())
	})
	if left >= 0 && !givenUp {
		return fmt.Errorf("the commit has left %s", keys[left])
	}
	return nil
}
