package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// exportDemo is what run-export runs twice: the first time all of the table is exported, then what has changed since.
const exportDemo = `{"table": "orders", "bucket": "demo", "prefix": "{table}", "export": {"from": "last", "checkIntervalSeconds": 1}}`

// demoOrders is how many orders the sample table has here, which is read five times in all.
const demoOrders = 20_000

// demoLeap is how far the demo moves the stand-in's clock: a window is 15 minutes at least, and DynamoDB exports what is some
// 5 minutes old.
const demoLeap = time.Hour

// runExport exports the sample table, changes it, exports what has changed, and proves that both together are the table.
func runExport(ctx context.Context, args []string, stdout io.Writer, stderr *os.File) error {
	var s settings
	flags := flag.NewFlagSet("local run-export", flag.ContinueOnError)
	flags.SetOutput(stderr)
	s.register(flags)
	verbose := flags.Bool("v", false, "show the functions' logs")
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	switch { // it writes to its table, and an hour is too long to wait
	case s.aws:
		return &usageError{"run-export changes the table that it exports, and moves the clock: it is not for AWS, use run -input FILE -aws"}
	case given(envDynamoDBEndpoint):
		return &usageError{fmt.Sprintf("run-export changes the table that it exports, and moves the clock: unset %s, or use run -input FILE -%s",
			endpointVariable(envDynamoDBEndpoint), flagExportStandIn)}
	}
	services, err := open(ctx, s, demoOrders, stderr)
	if err != nil {
		return err
	}
	defer services.close()
	if services.s3 != nil {
		if err := createBucket(ctx, services, "demo"); err != nil {
			return err
		}
	}
	return execution{services: services, settings: s, verbose: *verbose}.exportTwice(ctx, demoOrders, stdout, stderr)
}

// exportTwice is the demo over a sample table of so many orders.
func (e execution) exportTwice(ctx context.Context, count int, stdout io.Writer, stderr *os.File) error {
	if err := e.standInFor(ctx, e.exports, stderr); err != nil {
		return err
	}
	e.request, e.exporting = json.RawMessage(exportDemo), true
	name := runName()
	var full run.Result
	e.name = name + "-1"
	err := e.run(ctx, stdout, stderr, func(result run.Result) error {
		full = result
		return verifyRun(ctx, e.services, request.Request{}, result, stderr)
	})
	if err != nil {
		return err
	}
	if err := e.changeOrders(ctx, count, stderr); err != nil {
		return err
	}
	e.standIn.Advance(demoLeap)
	_, _ = fmt.Fprintf(stderr, "moving the stand-in's clock on by %s, for an export of changes is of 15 minutes at least\n", demoLeap)
	e.name = name + "-2"
	return e.run(ctx, stdout, stderr, func(result run.Result) error {
		return e.replay(ctx, stderr, full, result)
	})
}

// changeOrders changes the sample table through the stand-in, which logs it.
func (v *services) changeOrders(ctx context.Context, count int, stderr *os.File) error {
	plan := sampletable.PlanChanges(count)
	var changed atomic.Int64
	stop := progress.Show(stderr, progress.Work{
		Name: "changing the table: orders", Total: func() int64 { return int64(plan.Total()) }, Done: changed.Load,
		Detail: func() string {
			return fmt.Sprintf("(%s new, %s replaced, %s updated, %s deleted, %s new and deleted again)", progress.Count(int64(plan.Added)),
				progress.Count(int64(plan.Replaced)), progress.Count(int64(plan.Updated)), progress.Count(int64(plan.Deleted)), progress.Count(int64(plan.Fleeting)))
		},
	})
	defer stop()
	return sampletable.Change(ctx, dynamodb.NewFromConfig(v.source), sampletable.Table, sampletable.Seed, count, func(n int) { changed.Add(int64(n)) })
}

// replay proves that what the runs have exported makes the table.
func (v *services) replay(ctx context.Context, stderr io.Writer, results ...run.Result) error {
	start := time.Now()
	_, _ = fmt.Fprintln(stderr, "verifying: replaying the changes on the full export and comparing what comes of it with the table")
	compared, err := verify.Replay(ctx, dynamodb.NewFromConfig(v.source), awsclient.S3(v.destination), results...)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	_, err = fmt.Fprintf(stderr, "verified: read back %s objects through the manifests; with all %s changes the full export is the table, %s items, none missing, none too many (%.1f s)\n",
		progress.Count(int64(compared.Objects)), progress.Count(int64(compared.Changes)), progress.Count(int64(compared.Items)), time.Since(start).Seconds())
	return err
}
