package request

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/failure"
)

// ofScans and ofExports are the fields of a request that only one mode has a meaning for.
var (
	ofScans   = []string{"scan", "segments", "concurrency", "readUnitsPerSecond", "readPercent", "fileSizeBytes", "format", "transform", "encoder", "compression"}
	ofExports = []string{"export"}
)

// noScan says, for each field of a request's scan, what to do instead in an export. A filter is never silently dropped.
var noScan = map[string]string{
	"IndexName":                 "an export is of the table, never of an index: set mode to SCAN",
	"FilterExpression":          "write it as export.filter.FilterExpression",
	"ProjectionExpression":      "write it as export.filter.ProjectionExpression",
	"ExpressionAttributeNames":  "write them as export.filter.ExpressionAttributeNames",
	"ExpressionAttributeValues": "write them as export.filter.ExpressionAttributeValues",
	"AttributesToGet":           "write them as export.filter.ProjectionExpression",
	"ScanFilter":                "write it as export.filter.FilterExpression",
	"ConditionalOperator":       "write it into export.filter.FilterExpression",
	"ConsistentRead":            "an export is a snapshot: leave it out",
	"Select":                    "leave it out: export.filter.ProjectionExpression chooses attributes",
	"Limit":                     "leave it out: an export has no pages",
	"TotalSegments":             "leave it out: an export has no segments",
	"Segment":                   "leave it out: an export has no segments",
}

// mode is the mode that is given, or that follows from what is given.
func (r Request) mode() Mode {
	if r.Mode == "" && r.Export != nil {
		return ModeExport
	}
	return cmp.Or(r.Mode, ModeScan)
}

func (r Request) orExport() *Export {
	if r.Export == nil {
		return &Export{}
	}
	return r.Export
}

// checkNoScan adds a problem for every field that only a scan has.
func (r Request) checkNoScan(found *failure.Problems) {
	for _, field := range []struct {
		name  string
		given bool
		words string
	}{
		{"segments", r.Segments != nil, "leave it out: an export has no segments"},
		{"concurrency", r.Concurrency != nil, "leave it out: DynamoDB reads by itself"},
		{"readUnitsPerSecond", r.ReadUnits != nil, "leave it out: an export reads none of the table's capacity"},
		{"readPercent", r.ReadPercent != nil, "leave it out: an export reads none of the table's capacity"},
		{"fileSizeBytes", r.FileSize != nil, "leave it out: DynamoDB decides how large its objects are"},
		{"format", r.Format != "", "write it as export.format: DYNAMODB_JSON or ION"},
		{"transform", r.Transform != "", "an export writes items as they are: set mode to SCAN"},
		{"encoder", r.Encoder != "", "an export writes items as they are: set mode to SCAN"},
		{"compression", r.Compression != "", "leave it out: DynamoDB always writes GZIP"},
	} {
		if field.given {
			found.Add(field.name, "is of a SCAN, and mode is EXPORT: %s", field.words)
		}
	}
	// A deployment's defaults are no exception: without the role, an export would be of another table of the same name.
	if r.SourceRoleARN != "" {
		found.Add("sourceRoleArn", "is of a SCAN, and mode is EXPORT, which is written with its caller's rights and described by the state machine's role: "+
			"deploy the stack in the table's account, and give the bucket's owner as export.s3BucketOwner")
	}
	if r.DestinationRoleARN != "" {
		found.Add("destinationRoleArn", "is of a SCAN, and mode is EXPORT, which DynamoDB writes with its caller's rights: "+
			"let the bucket's policy allow the role of the function export, and give the bucket's owner as export.s3BucketOwner")
	}
	if r.Scan == nil {
		return
	}
	given, err := json.Marshal(r.Scan)
	if err != nil {
		panic("internal error: a scan does not marshal: " + err.Error())
	}
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal(given, &fields) // it was just marshalled
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		found.Add("scan."+name, "is of a SCAN, and mode is EXPORT: %s", noScan[name])
	}
	if len(fields) == 0 {
		found.Add("scan", "is of a SCAN, and mode is EXPORT: leave it out")
	}
}

// modeOf returns the mode of a request by its own members, and where these do not tell by the deployment's.
func modeOf(request, defaults map[string]json.RawMessage) Mode {
	for _, members := range []map[string]json.RawMessage{request, defaults} {
		has := func(name string) bool { return members[name] != nil }
		var mode Mode
		switch {
		case has("mode"):
			_ = json.Unmarshal(members["mode"], &mode) // what is no mode is refused where it is decoded
			return mode
		case slices.ContainsFunc(ofExports, has):
			return ModeExport
		case slices.ContainsFunc(ofScans, has):
			return ModeScan
		}
	}
	return ModeScan
}

// foreign tells whether a field means nothing in a mode. A deployment's defaults may have fields for both modes; a request
// takes those of its own.
func foreign(name string, mode Mode) bool {
	if mode == ModeExport {
		return slices.Contains(ofScans, name)
	}
	return slices.Contains(ofExports, name)
}
