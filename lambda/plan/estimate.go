package plan

import (
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// estimate returns what a planned scan is expected to consume, judged by what DynamoDB knows about the size of the table.
func (s *Step) estimate(d draft, output run.PlanOutput) *run.Estimated {
	r := s.reads(*output.Plan.Scan, d.described, output.Concurrency)
	return &run.Estimated{ReadUnits: r.units, Seconds: r.units / r.rate, Dollars: s.Prices.Of(price.ReadUnits, r.units)}
}

// checkLimits fails with EstimateAboveLimit if a run is expected to consume more than its request allows.
func checkLimits(req request.Request, expected run.Estimated) error {
	if limit := req.MaxReadUnits; limit != nil && expected.ReadUnits > *limit {
		return failure.Errorf(failure.EstimateAboveLimit, "the scan of %s is expected to consume %.0f read units, and maxReadUnits allows %.0f: raise maxReadUnits, or scan less. Nothing was claimed",
			subject(req), expected.ReadUnits, *limit)
	}
	return nil
}

// explain returns the output of an execution that only explains its run.
func explain(d draft, output run.PlanOutput) run.PlanOutput {
	estimate := run.Estimate{Mode: d.request.Mode, Segments: len(output.Segments), Concurrency: output.Concurrency}
	if output.Plan.Estimate != nil {
		estimate.Estimated = *output.Plan.Estimate
	}
	return run.PlanOutput{
		Plan: output.Plan, Segments: []int{}, Export: noExports(),
		Explained: &run.Explained{
			Version: run.Version, Table: d.plan.Table, Run: estimate,
			Source: run.SourceFacts{Items: d.described.Items, Bytes: d.described.Bytes, ReadUnitsPerSecond: d.described.ReadUnits},
		},
	}
}
