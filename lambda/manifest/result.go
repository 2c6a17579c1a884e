package manifest

import (
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// Result returns the result of the plan's run, which has committed with this summary.
func (s Summary) Result(plan run.Plan) run.Result {
	result := run.Result{
		Version: run.Version, RunID: s.Scan.RunID, Mode: request.ModeScan, Table: s.Scan.Table, Manifest: "s3://" + plan.Bucket + "/" + plan.Final().ManifestSummary(),
		Bucket: plan.Bucket, Root: plan.Root, Items: s.Scan.Items, Records: s.ItemCount, Objects: s.Scan.Objects, Bytes: s.Scan.Bytes,
		Segments: len(plan.Scan.Segments()), ReadUnits: s.Scan.ReadUnits, Work: s.Scan.Work, Conversion: s.Scan.Conversion,
		Foreign: s.Scan.Foreign, Schema: s.Scan.Schema, Estimate: plan.Estimate,
		StartTime: s.StartTime, EndTime: s.EndTime,
	}
	if plan.SecondPass() {
		staged := plan.Parquet.Staged
		if result.Segments = staged.Segments(); staged.Export != nil {
			export := *staged.Export
			if !plan.Parquet.KeepStaging {
				export.Manifest = "" // it is removed
			}
			result.Mode, result.Exports, result.BilledBytes = request.ModeExport, []run.ExportedWindow{export}, export.BilledBytes
		}
	}
	return result
}
