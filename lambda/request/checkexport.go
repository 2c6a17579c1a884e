package request

import (
	"cmp"
	"time"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"
)

func (e *Export) check(r Request, found *document.Report) {
	for _, field := range []struct{ path, text string }{{"export.exportTime", e.ExportTime}, {"export.from", e.From}, {"export.to", e.To}} {
		if Moment(field.text).Nanosecond()%int(time.Millisecond) != 0 {
			found.Add(field.path, problem.Quote(field.text), "whole milliseconds at most: DynamoDB's API has times in milliseconds")
		}
	}
	e.checkType(found)
	e.checkDestination(r, found)
	if f := e.Filter; f != nil {
		checkExpressions("export.filter", f.ExpressionAttributeNames, f.ExpressionAttributeValues, found, map[string]string{
			"KeyConditionExpression": f.KeyConditionExpression, "FilterExpression": f.FilterExpression, "ProjectionExpression": f.ProjectionExpression,
		})
		given := func(name string) bool { return found.Given("export.filter." + name) }
		if !given("KeyConditionExpression") && !given("FilterExpression") && !given("ProjectionExpression") {
			found.Add("export.filter", "", "has no expression: give one, or leave the filter out")
		}
	}
}

// checkType checks the fields that only one type of export has.
func (e *Export) checkType(found *document.Report) {
	exportType := e.exportType()
	if e.ExportType == "" && (found.Given("export.from") || found.Given("export.to")) {
		exportType = ExportIncremental // also if their values are not understood
	}
	switch from, to := Moment(e.From), Moment(e.To); {
	case !found.Understood("export.exportType"):
	case exportType == ExportFull:
		for _, field := range []string{"export.from", "export.to", "export.viewType"} {
			if found.Given(field) {
				found.AddGiven(field, "not allowed in a FULL export: leave it out, or set export.exportType to INCREMENTAL")
			}
		}
	case exportType == ExportIncremental:
		if found.Given("export.exportTime") {
			found.AddGiven("export.exportTime", "not allowed in an INCREMENTAL export, which has from and to")
		}
		if e.From == "" {
			found.Add("export.from", "", `missing: give where the window begins, or "last"`)
		}
		if !from.IsZero() && !to.IsZero() && !from.Before(to) {
			found.Add("export.to", problem.Quote(e.To), "a time after export.from, %s", e.From)
		}
	}
}

func (e *Export) checkDestination(r Request, found *document.Report) {
	if e.S3SseAlgorithm == "AES256" && e.S3SseKMSKeyID+r.KMSKeyID != "" {
		found.Add("export.s3SseAlgorithm", "", "AES256 contradicts the KMS key that is given: leave one of them out")
	}
	for _, pair := range []struct{ field, own, beside, other string }{
		{"export.s3SseKmsKeyId", e.S3SseKMSKeyID, "kmsKeyId", r.KMSKeyID},
		{"export.s3BucketOwner", e.S3BucketOwner, "bucketOwner", r.BucketOwner},
	} {
		if pair.own != "" && pair.other != "" && pair.own != pair.other {
			found.Add(pair.field, "", "differs from %s: give one of them", pair.beside)
		}
	}
}

// exportType is the type that is given, or the one that from and to imply.
func (e *Export) exportType() ExportType {
	if e.ExportType == "" && e.From+e.To != "" {
		return ExportIncremental
	}
	return cmp.Or(e.ExportType, ExportFull)
}

// withDefaults fills in what follows from the other fields, in the export and in the request around it.
func (e Export) withDefaults(r *Request) *Export {
	e.ExportType = e.exportType()
	e.Format = cmp.Or(e.Format, FormatDynamoDBJSON)
	if e.ExportType == ExportIncremental {
		e.ViewType = cmp.Or(e.ViewType, ViewNewAndOld)
	}
	// The objects that the run itself writes have the same owner and the same key.
	r.BucketOwner = cmp.Or(r.BucketOwner, e.S3BucketOwner)
	r.KMSKeyID = cmp.Or(r.KMSKeyID, e.S3SseKMSKeyID)
	e.S3BucketOwner, e.S3SseKMSKeyID = r.BucketOwner, r.KMSKeyID
	if e.S3SseKMSKeyID != "" {
		e.S3SseAlgorithm = "KMS"
	}
	e.CheckInterval = cmp.Or(e.CheckInterval, new(int64(defaultCheckInterval)))
	e.MaxAttempts = cmp.Or(e.MaxAttempts, new(int64(defaultMaxAttempts)))
	return &e
}
