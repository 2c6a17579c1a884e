package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// verify reads the objects of a run back and compares them with the table. After a transform, it only counts them. It
// returns in a sentence what was verified.
func (s *services) verify(ctx context.Context, req request.Request, result run.Result, stderr io.Writer) (string, error) {
	switch {
	case result.Mode != request.ModeExport:
	case len(result.Exports) == 0:
		return "", errors.New("verify: nothing was exported, so there is nothing to compare with the table: " + result.Reason)
	case result.Exports[0].ExportType != request.ExportFull:
		return "", errors.New("verify: an incremental export holds changes only: it cannot be compared with the table without the full export before it")
	}
	start := time.Now()
	tables, objects := s.clients(req, result)
	if req.Transform != "" {
		_, _ = fmt.Fprintln(stderr, "verifying: reading the objects that the manifest names, and counting the items of the table")
		counted, err := verify.Count(ctx, tables, objects, result)
		if err != nil {
			return "", fmt.Errorf("verify: %w", err)
		}
		return fmt.Sprintf("the run has read the whole table, %s. The %s %s, as the manifest says, and each is a JSON object. "+
			"The content of the records is not compared (%.1f s)",
			progress.Plural(result.Items, "item"), hold(counted.Objects), progress.Plural(int64(counted.Items), "record"), time.Since(start).Seconds()), nil
	}
	_, _ = fmt.Fprintln(stderr, "verifying: reading the objects that the manifest names, and comparing them with the table")
	compared, err := verify.Compare(ctx, tables, objects, result)
	if err != nil {
		return "", fmt.Errorf("verify: %w", err)
	}
	return fmt.Sprintf("the %s exactly the %s of the table: none is missing, changed or duplicated (%.1f s)",
		hold(compared.Objects), progress.Plural(int64(compared.Items), "item"), time.Since(start).Seconds()), nil
}

// hold begins a sentence about what objects hold.
func hold(objects int) string {
	if objects == 1 {
		return "1 object holds"
	}
	return progress.Plural(int64(objects), "object") + " hold"
}

// verifyChanges applies the exported changes to the full export and compares the items with the table. It returns in a sentence what was
// verified.
func (s *services) verifyChanges(ctx context.Context, stderr io.Writer, results ...run.Result) (string, error) {
	start := time.Now()
	_, _ = fmt.Fprintln(stderr, "verifying: applying the changes to the full export, and comparing the items with the table")
	compared, err := verify.Replay(ctx, dynamodb.NewFromConfig(s.source), awsclient.S3(s.destination), results...)
	if err != nil {
		return "", fmt.Errorf("verify: %w", err)
	}
	return fmt.Sprintf("the %s exactly the table: the full export with %s gives its %s (%.1f s)",
		hold(compared.Objects), progress.Plural(int64(compared.Changes), "change"), progress.Plural(int64(compared.Items), "item"), time.Since(start).Seconds()), nil
}

// clients returns the clients that the run of a request reads and writes with.
func (s *services) clients(req request.Request, result run.Result) (*dynamodb.Client, *s3.Client) {
	clients := awsclient.NewClients(s.source, s.destination, s.identity)
	scan := run.ScanPlan{SourceRoleARN: req.SourceRoleARN, DestinationRoleARN: req.DestinationRoleARN}
	if table, err := request.ParseTable(req.Table); err == nil && table.Region != s.source.Region {
		scan.TableRegion = table.Region
	}
	plan := run.Plan{RunID: result.RunID, Scan: &scan}
	return clients.Tables(plan), clients.Objects(plan)
}
