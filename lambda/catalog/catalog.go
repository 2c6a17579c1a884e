// Package catalog is the step Catalog, after the commit of a run. It shows the run in tables of a Glue database.
package catalog

import (
	"context"
	"log/slog"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Step shows runs in the catalog. It is safe for concurrent use.
type Step struct {
	// Objects returns the client that the run of a plan reads and writes with.
	Objects func(run.Plan) *s3.Client
	Glue    *glue.Client
	Log     *slog.Logger
}

// Run shows a committed run.
func (step *Step) Run(_ context.Context, in run.CatalogInput) (run.Cataloged, error) {
	return run.Cataloged{}, failure.Errorf(failure.CatalogFailed, "this version of the functions cannot show run %q in a catalog", in.Plan.RunID)
}
