package request

import (
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
)

// ofScans and ofExports are the fields of a request that only one mode has. A deployment's defaults can have fields of both modes; a
// request takes those of its own.
var (
	ofScans   = []string{"scan", "segments", "concurrency", "readUnitsPerSecond", "readPercent", "maxReadUnits", "fileSizeBytes", "format", "columns", "numbers", "keepStaging", "transform", "encoder", "compression"}
	ofExports = []string{"export"}
	// ofConversions are those of scans that an export has too, if it is converted to the format PARQUET.
	ofConversions = []string{"format", "columns", "numbers", "keepStaging", "compression", "fileSizeBytes", "concurrency"}
)

// notInExports says, for each field that only a scan has, what to do instead. A filter is never dropped silently. A deployment's
// default role is refused too: without the role, the run would export another table of the same name.
var notInExports = []struct{ path, instead string }{
	{"segments", "leave it out: an export has no segments"},
	{"concurrency", "leave it out: DynamoDB decides it. Only a conversion to PARQUET has one"},
	{"readUnitsPerSecond", "leave it out: an export does not use the table's capacity"},
	{"readPercent", "leave it out: an export does not use the table's capacity"},
	{"maxReadUnits", "leave it out: an export consumes no read units. Use maxDollars"},
	{"fileSizeBytes", "leave it out: DynamoDB decides the size of the objects"},
	{"format", "write it as export.format: DYNAMODB_JSON or ION. Here it can only be PARQUET"},
	{"columns", "they need the format PARQUET"},
	{"numbers", "they need the format PARQUET"},
	{"keepStaging", "it needs the format PARQUET"},
	{"transform", "an export writes items as they are: set mode to SCAN"},
	{"encoder", "an export writes items as they are: set mode to SCAN"},
	{"compression", "leave it out: DynamoDB always writes GZIP"},
	{"sourceRoleArn", "deploy the stack in the table's account, and give the bucket's owner as export.s3BucketOwner: the role of the function export starts an export, the state machine's role follows it"},
	{"destinationRoleArn", "allow the role of the function export in the bucket's policy, and give the bucket's owner as export.s3BucketOwner: DynamoDB writes with that role's permissions"},
	{"scan.IndexName", "an export reads the table, not an index: set mode to SCAN"},
	{"scan.FilterExpression", "write it as export.filter.FilterExpression"},
	{"scan.ProjectionExpression", "write it as export.filter.ProjectionExpression"},
	{"scan.ExpressionAttributeNames", "write them as export.filter.ExpressionAttributeNames"},
	{"scan.ExpressionAttributeValues", "write them as export.filter.ExpressionAttributeValues"},
	{"scan.AttributesToGet", "write them as export.filter.ProjectionExpression"},
	{"scan.ScanFilter", "write it as export.filter.FilterExpression"},
	{"scan.ConditionalOperator", "write it into export.filter.FilterExpression"},
	{"scan.ConsistentRead", "leave it out: an export is a snapshot"},
	{"scan.Select", "leave it out: export.filter.ProjectionExpression chooses attributes"},
	{"scan.Limit", "leave it out: an export has no pages"},
	{"scan.TotalSegments", "leave it out: an export has no segments"},
	{"scan.Segment", "leave it out: an export has no segments"},
}

// checkNoScan adds a problem for each field that only a scan has.
func (r Request) checkNoScan(found *document.Report) {
	inScan := false
	for _, field := range notInExports {
		if found.Given(field.path) && (r.Format != FormatParquet || !slices.Contains(ofConversions, field.path)) {
			inScan = inScan || strings.HasPrefix(field.path, "scan.")
			found.AddGiven(field.path, "not allowed in mode EXPORT: %s", field.instead)
		}
	}
	if found.Given("scan") && !inScan {
		found.AddGiven("scan", "not allowed in mode EXPORT: leave it out")
	}
}

// modeOf returns the mode that the members of a request, or of a deployment's defaults, give or imply; "" if they do neither.
func modeOf(of *document.Node) Mode {
	implied := Mode("")
	for _, member := range of.Members {
		switch mode := Mode(member.Value.Text); {
		case member.Name == "mode" && (mode == ModeScan || mode == ModeExport):
			return mode
		case slices.Contains(ofExports, member.Name):
			implied = ModeExport
		case slices.Contains(ofScans, member.Name) && implied == "":
			implied = ModeScan
		}
	}
	return implied
}

// lacks reports whether the request cannot have a field in a mode. An export that is converted to Parquet has some fields of scans.
func (r Request) lacks(name string, mode Mode) bool {
	return foreign(name, mode) && (mode == ModeScan || r.Format != FormatParquet || !slices.Contains(ofConversions, name))
}

// foreign says that a mode does not have a field.
func foreign(name string, mode Mode) bool {
	if mode == ModeExport {
		return slices.Contains(ofScans, name)
	}
	return slices.Contains(ofExports, name)
}
