// Package prune is the step Prune, after the commit of a run. It removes the runs of the same table that the retention does not keep.
package prune

import (
	"context"
	"log/slog"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step removes runs. It is safe for concurrent use.
type Step struct {
	// Objects returns the client that the run of a plan reads and writes with.
	Objects func(run.Plan) *s3.Client
	Glue    *glue.Client
	Log     *slog.Logger
	Now     func() time.Time // nil for the system's clock
}

// Run removes old runs.
func (step *Step) Run(_ context.Context, in run.PruneInput) (run.Pruned, error) {
	return run.Pruned{}, failure.Errorf(failure.PruneFailed, "this version of the functions cannot remove old runs of table %q", in.Plan.Table)
}
