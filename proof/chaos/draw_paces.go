package chaos

import (
	"time"

	"dynamodb-to-s3/lambda/quota"
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
