package request

import (
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/document"
)

// mostColumns is how many columns a request can name.
const mostColumns = 1000

// checkParquet checks the fields that only the format PARQUET has.
func (r Request) checkParquet(mode Mode, found *document.Report) {
	if r.Format != FormatParquet {
		if r.Compression == CompressionSnappy {
			found.Add("compression", string(CompressionSnappy), "GZIP, ZSTD or NONE: SNAPPY is for the format PARQUET")
		}
		for _, field := range []string{"columns", "numbers", "keepStaging"} {
			if found.Given(field) && mode != ModeExport && found.Understood("format") {
				found.AddGiven(field, "given without the format PARQUET: set format to PARQUET, or leave it out")
			}
		}
		return
	}
	if n := len(r.Columns); n > mostColumns {
		found.AddGiven("columns", "names %d columns, and at most %d are allowed", n, mostColumns)
	}
	for _, attribute := range slices.Sorted(maps.Keys(r.Columns)) {
		checkAttributeName(document.Join("columns", attribute), attribute, found)
	}
	if e := r.Export; e != nil && found.Understood("export") {
		if e.exportType() == ExportIncremental {
			found.Add("format", string(FormatParquet), "another format for an INCREMENTAL export: only a FULL export can be converted")
		}
		if e.Format == FormatION {
			found.Add("export.format", string(FormatION), "DYNAMODB_JSON, from which the run makes PARQUET: leave it out")
		}
	}
}
