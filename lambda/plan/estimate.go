package plan

import (
	"context"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/explain"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// facts returns what DescribeTable says about the table.
func facts(d draft) estimate.Facts {
	return estimate.Facts{
		Region: d.plan.Scan != nil && d.plan.Scan.TableRegion != "", Index: d.plan.Scan != nil && d.plan.Scan.Request.IndexName != "",
		SourceFacts: run.SourceFacts{
			Items: d.described.Items, Bytes: d.described.Bytes, TableBytes: d.described.TableBytes,
			BillingMode: string(d.described.BillingMode), ReadUnitsPerSecond: d.described.ReadUnits,
		},
	}
}

// expect returns what a planned run is expected to take.
func (s *Step) expect(ctx context.Context, f estimate.Facts, output run.PlanOutput) (run.Estimate, error) {
	if output.Plan.Scan != nil {
		return s.Model.Scan(f, output.Plan, output.Concurrency), nil
	}
	export := output.Plan.Export.Request
	if export.ExportType == request.ExportFull {
		return s.Model.Export(f, output.Plan), nil
	}
	from, to := request.Moment(export.From), output.Plan.StartTime
	if export.To != "" {
		to = request.Moment(export.To)
	}
	if export.InChain() {
		journal, err := ledger.LoadJournal(ctx, bucket.New(s.Objects(output.Plan), output.Plan), output.Plan)
		if err != nil {
			return run.Estimate{}, err
		}
		if journal.End == nil || journal.TableID != output.Plan.TableID { // the chain begins with a full export
			return s.Model.Export(f, output.Plan), nil
		}
		from = *journal.End
		addCommitted(&f, journal)
	}
	return s.Model.Incremental(f, output.Plan, max(0, to.Sub(from).Seconds())), nil
}

// addCommitted adds what the exports of a chain have billed each day, and how long the last one took.
func addCommitted(f *estimate.Facts, journal *ledger.Journal) {
	var billed, window float64
	for _, committed := range journal.Committed {
		if committed.From == nil || committed.To == nil {
			continue
		}
		billed += float64(committed.BilledBytes)
		window += committed.To.Sub(*committed.From).Seconds()
		f.ExportSeconds = committed.EndTime.Sub(committed.StartTime).Seconds()
	}
	if window > 0 {
		f.Billed = billed / window * (24 * time.Hour).Seconds()
	}
}

// checkLimits fails with EstimateAboveLimit if a run is expected to consume more than its request allows.
func checkLimits(req request.Request, expected run.Estimated) error {
	if limit := req.MaxReadUnits; limit != nil && expected.ReadUnits > *limit {
		return failure.Errorf(failure.EstimateAboveLimit, "the scan of %s is expected to consume %.0f read units, and maxReadUnits allows %.0f: raise maxReadUnits, or scan less. Nothing was claimed",
			subject(req), expected.ReadUnits, *limit)
	}
	if limit := req.MaxDollars; limit != nil && expected.Dollars > *limit {
		return failure.Errorf(failure.EstimateAboveLimit, "the run is expected to cost %s, and maxDollars allows %s: raise maxDollars, or look with explain at what the run would cost. Nothing was claimed",
			estimate.Dollars(expected.Dollars), estimate.Dollars(*limit))
	}
	return nil
}

// checkEstimate adds the estimate to a plan, and the limit of read units. It fails with EstimateAboveLimit if the run is expected to consume more
// than its request allows, unless the request only asks to explain it.
func (s *Step) checkEstimate(ctx context.Context, d draft, output *run.PlanOutput) error {
	if aws.ToBool(d.request.Explain) {
		return nil
	}
	f := facts(d)
	if limited := d.request.MaxReadUnits != nil || d.request.MaxDollars != nil; limited && f.Bytes == 0 && output.Plan.Scan != nil {
		// DescribeTable does not know the size of a table that was just filled. Without a sample, every limit would be above the estimate.
		var err error
		if f, err = s.sources().AddSample(ctx, f, output.Plan, sampleUnits(d.request)); err != nil {
			return err
		}
	}
	e, err := s.expect(ctx, f, *output)
	if err != nil {
		return err
	}
	output.Plan.Estimate = &e.Estimated
	if unknown := f.Bytes == 0 && f.Items == 0 && f.Sample == nil; unknown { // nothing to compare the run with
		output.Plan.Estimate = &run.Estimated{Provisioned: f.Provisioned()}
	}
	if output.Plan.Scan != nil {
		output.Plan.Scan.MaxReadUnits = s.Model.UnitLimit(d.request, e.Estimated)
	}
	return checkLimits(d.request, e.Estimated)
}

// sampleUnits returns what a sample may consume for a run with limits: a small part of the limit, and enough for a few pages.
func sampleUnits(req request.Request) float64 {
	const least, most, part = 8, 128, 10
	if limit := aws.ToFloat64(req.MaxReadUnits); limit > 0 {
		return max(least, min(most, limit/part))
	}
	return most
}

// sources are where the facts about a table come from.
func (s *Step) sources() explain.Sources {
	return explain.Sources{Tables: s.Tables, Objects: s.Objects, Metrics: s.Metrics}
}

// unitLimit returns how many read units a run with these numbers may consume, by the limits of its request and by the table as it is now.
func (s *Step) unitLimit(d draft, n numbers) float64 {
	output := d.output(n)
	return s.Model.UnitLimit(d.request, s.Model.Scan(facts(d), output.Plan, output.Concurrency).Estimated)
}

// explain returns the output of an execution that only explains its run.
func (s *Step) explain(ctx context.Context, d draft, output run.PlanOutput) (run.PlanOutput, error) {
	scan, atOnce, export := s.otherPlans(d, output)
	f, err := s.sources().Gather(ctx, facts(d), output.Plan, scan, d.request.Prefix)
	if err != nil {
		return run.PlanOutput{}, err
	}
	if d.described.Bytes == 0 && f.Bytes > 0 { // the numbers of the plan follow from the size
		d.described.Bytes, d.described.Items = f.Bytes, f.Items
		if output.Plan.Scan != nil {
			n, err := s.decide(d)
			if err != nil {
				return run.PlanOutput{}, err
			}
			output = d.output(n)
		}
		scan, atOnce, export = s.otherPlans(d, output)
	}
	own, err := s.expect(ctx, f, output)
	if err != nil {
		return run.PlanOutput{}, err
	}
	explained := run.Explained{Version: run.Version, Table: d.plan.Table, Source: f.SourceFacts, Run: own}
	explained.Alternatives = s.Model.Ways(f, own.Kind, scan, atOnce, export)
	explained.Recommendation, explained.Reason = s.Model.Recommend(f, own, explained.Alternatives)
	if refusal := checkLimits(d.request, own.Estimated); refusal != nil {
		explained.Refusal = refusal.Error()
	}
	output.Plan.Estimate = &own.Estimated
	return run.PlanOutput{Plan: output.Plan, Segments: []int{}, Export: noExports(), Explained: &explained}, nil
}

// otherPlans returns a plan that scans the table of the run, and one that exports it. One of the two is the run's own.
func (s *Step) otherPlans(d draft, output run.PlanOutput) (scan run.Plan, atOnce int, export run.Plan) {
	scan, export = output.Plan, output.Plan
	if export.Export == nil {
		export.Mode, export.Scan, export.Export = request.ModeExport, nil, &run.ExportPlan{}
		return scan, output.Concurrency, export
	}
	d.request.Scan = &request.Scan{}
	scan.Mode, scan.Export = request.ModeScan, nil
	scan.Scan = &run.ScanPlan{Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP, FileSizeBytes: request.DefaultFileSize}
	scan.Scan.TotalSegments = segments(d.request, d.described.Bytes)
	return scan, min(scan.Scan.TotalSegments, concurrency(d.request, d.described.ReadUnits, 0)), export
}
