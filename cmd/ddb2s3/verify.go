package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// verifyRun reads the run back and compares it with the table.
func verifyRun(ctx context.Context, v *services, req request.Request, result run.Result, stderr io.Writer) error {
	switch {
	case result.Mode != request.ModeExport:
	case len(result.Exports) == 0:
		return errors.New("verify: nothing was exported that could be compared with the table: " + result.Reason)
	case result.Exports[0].ExportType != request.ExportFull:
		return errors.New("verify: an incremental export is no table: it can only be compared together with the exports that it follows on")
	}
	start := time.Now()
	tables, objects := v.clients(req, result)
	if req.Transform != "" {
		_, _ = fmt.Fprintln(stderr, "verifying: reading everything back through the manifest, and counting the table's items")
		counted, err := verify.Count(ctx, tables, objects, result)
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		_, err = fmt.Fprintf(stderr, "verified: all %s items of the table were read; read back %s objects through the manifest with %s records, as many as it says, each a JSON object. "+
			"What the transform has made of the items is not compared (%.1f s)\n",
			progress.Count(result.Items), progress.Count(int64(counted.Objects)), progress.Count(int64(counted.Items)), time.Since(start).Seconds())
		return err
	}
	_, _ = fmt.Fprintln(stderr, "verifying: reading everything back through the manifest and comparing it with the table")
	compared, err := verify.Compare(ctx, tables, objects, result)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	_, err = fmt.Fprintf(stderr, "verified: read back %s objects through the manifest, all %s items are those of the table, none missing, none twice (%.1f s)\n",
		progress.Count(int64(compared.Objects)), progress.Count(int64(compared.Items)), time.Since(start).Seconds())
	return err
}

// clients returns what the run of a request has read and written with.
func (v *services) clients(req request.Request, result run.Result) (*dynamodb.Client, *s3.Client) {
	clients := awsclient.NewClients(v.source, v.destination, v.identity)
	scan := run.ScanPlan{SourceRoleARN: req.SourceRoleARN, DestinationRoleARN: req.DestinationRoleARN}
	if table, err := request.ParseTable(req.Table); err == nil && table.Region != v.source.Region {
		scan.TableRegion = table.Region
	}
	plan := run.Plan{RunID: result.RunID, Scan: &scan}
	return clients.Tables(plan), clients.Objects(plan)
}

// summarize tells what a run has made, and where it lies.
func (v *services) summarize(stderr io.Writer, result run.Result, took time.Duration) {
	var text strings.Builder
	switch {
	case result.Mode != request.ModeExport:
		fmt.Fprintf(&text, "replicated table %s: %s, %.1f s\nmanifest: %s\n",
			result.Table, scanned(result), took.Seconds(), v.place(result.Manifest))
	case len(result.Exports) == 0:
		fmt.Fprintf(&text, "nothing was exported of table %s: %s\n", result.Table, result.Reason)
	default:
		fmt.Fprintf(&text, "exported table %s: %s, %s billed, %.1f s\n",
			result.Table, amount(result.Items, result.Objects, result.Bytes), progress.Megabytes(result.BilledBytes), took.Seconds())
		for _, export := range result.Exports {
			text.WriteString(describe(export))
			if len(result.Exports) > 1 {
				fmt.Fprintf(&text, ": %s, %s billed", amount(export.Items, export.Objects, export.Bytes), progress.Megabytes(export.BilledBytes))
			}
			fmt.Fprintf(&text, "\nmanifest: %s\n", v.place(export.Manifest))
		}
	}
	_, _ = io.WriteString(stderr, text.String())
}

func amount(items, objects, bytes int64) string {
	return fmt.Sprintf("%s items in %s objects, %s as stored", progress.Count(items), progress.Count(objects), progress.Megabytes(bytes))
}

// scanned says what a scan has written, and of how many items, where these are not as many.
func scanned(result run.Result) string {
	if result.Records == result.Items {
		return amount(result.Items, result.Objects, result.Bytes)
	}
	return fmt.Sprintf("%s items became %s records in %s objects, %s as stored",
		progress.Count(result.Items), progress.Count(result.Records), progress.Count(result.Objects), progress.Megabytes(result.Bytes))
}

// describe says of what an export is, and why.
func describe(export run.ExportedWindow) string {
	moment := func(at *time.Time) string {
		if at == nil {
			return "?"
		}
		return at.UTC().Format(time.RFC3339Nano)
	}
	words := fmt.Sprintf("%s export of the changes from %s to %s", export.ExportType, moment(export.From), moment(export.To))
	if export.ExportType == request.ExportFull {
		words = fmt.Sprintf("%s export of the table as it was at %s", export.ExportType, moment(export.ExportTime))
	}
	if export.Reason != "" {
		words += " (" + export.Reason + ")"
	}
	if export.Followed {
		words += ", which was in progress already and was waited for"
	}
	return words
}

// place is where an object lies, by its URI: a file, if S3 is embedded.
func (v *services) place(uri string) string {
	path, isURI := strings.CutPrefix(uri, "s3://")
	if v.s3 == nil || !isURI {
		return uri
	}
	return relative(filepath.Join(v.objects, filepath.FromSlash(path)))
}

// relative shortens a path below the current folder.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
