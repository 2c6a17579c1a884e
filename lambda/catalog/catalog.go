// Package catalog is the step Catalog, after the commit of a run. It shows the run in tables of a Glue database, or returns the statements that
// create such tables.
//
// A run has one set of data, and a run of native exports has one for each export (data.go). <table> is at the newest full one (newest.go). The tables
// <table>_history and <table>_changes have a partition for each (partitions.go). All writes to a table are conditional on the version that was
// read (tables.go), so the steps of several runs can work at the same time, and a step can be repeated.
//
// It may import failure, fault, request, run, schema, bucket, ddl, learned and manifest.
package catalog

import (
	"context"
	"fmt"
	"log/slog"

	"dynamodb-to-s3/lambda/bucket"
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

// Run shows a committed run. If it is repeated, it changes nothing more. If the plan has no database, it calls no Glue and returns statements.
//
// If Run fails, the run stays committed. CatalogFailed and LakeFormationDenied say what a person must change before the step is repeated.
func (step *Step) Run(ctx context.Context, in run.CatalogInput) (run.Cataloged, error) {
	if err := in.Plan.Check(in.Plan.Mode); err != nil {
		return run.Cataloged{}, err
	}
	if in.Plan.Catalog == nil {
		return run.Cataloged{}, failure.Errorf(failure.InvalidRequest, "invalid payload: the plan of run %q has no catalog", in.Plan.RunID)
	}
	c := cataloger{
		plan: in.Plan, result: in.Result, bucket: bucket.New(step.Objects(in.Plan), in.Plan),
		tables: tables{client: step.Glue, database: in.Plan.Catalog.Database, source: in.Plan.TableARN},
		log:    step.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table),
	}
	out, err := c.run(ctx)
	if err != nil {
		return run.Cataloged{}, fmt.Errorf("the run is committed, and a redrive of the execution repeats only this step: %w", err)
	}
	return out, nil
}

// cataloger shows one run.
type cataloger struct {
	plan   run.Plan
	result run.Result
	bucket *bucket.Bucket
	tables tables
	log    *slog.Logger
}

func (c cataloger) run(ctx context.Context) (out run.Cataloged, err error) {
	out = run.Cataloged{Database: c.plan.Catalog.Database, Tables: []run.CatalogTable{}}
	all, reason, err := c.data(ctx)
	if out.Reason = reason; err != nil || len(all) == 0 {
		return out, err
	}
	out.Schema = all[0].learned
	if c.plan.Catalog.Database == "" {
		out.SQL, err = c.statements(ctx, all)
		return out, err
	}
	for _, d := range all {
		show := c.full
		if d.window != nil {
			show = c.changes
		}
		shown, err := show(ctx, d)
		if err != nil {
			return out, err
		}
		out.Tables = append(out.Tables, shown...)
	}
	c.log.InfoContext(ctx, "shown in the catalog", "database", out.Database, "tables", len(out.Tables))
	return out, nil
}

// full shows all items of a table at one moment.
func (c cataloger) full(ctx context.Context, d data) ([]run.CatalogTable, error) {
	newest, err := c.newest(ctx, d)
	if err != nil {
		return nil, err
	}
	history, err := c.history(ctx, d)
	return []run.CatalogTable{newest, history}, err
}
