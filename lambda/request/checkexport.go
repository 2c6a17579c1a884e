package request

import (
	"cmp"

	"dynamodb-to-s3/lambda/failure"
)

func (e *Export) check(r Request, found *failure.Problems) {
	checkEnum("export.exportType", string(e.ExportType), []string{string(ExportFull), string(ExportIncremental)}, found)
	checkEnum("export.viewType", string(e.ViewType), []string{string(ViewNew), string(ViewNewAndOld)}, found)
	checkEnum("export.format", string(e.Format), []string{string(FormatDynamoDBJSON), string(FormatION)}, found)
	checkRange("export.checkIntervalSeconds", e.CheckInterval, 1, maxCheckInterval, found)
	checkRange("export.maxAttempts", e.MaxAttempts, 1, maxMaxAttempts, found)
	e.checkTimes(found)
	e.checkDestination(r, found)
	if f := e.Filter; f != nil {
		checkExpression("export.filter.KeyConditionExpression", f.KeyConditionExpression, found)
		checkExpression("export.filter.FilterExpression", f.FilterExpression, found)
		checkExpression("export.filter.ProjectionExpression", f.ProjectionExpression, found)
		checkPlaceholders("export.filter", f.KeyConditionExpression+" "+f.FilterExpression+" "+f.ProjectionExpression,
			f.ExpressionAttributeNames, f.ExpressionAttributeValues, found)
		if f.KeyConditionExpression+f.FilterExpression+f.ProjectionExpression == "" {
			found.Add("export.filter", "has no expression: give one, or leave the filter out")
		}
	}
}

func (e *Export) checkTimes(found *failure.Problems) {
	checkSeconds("export.exportTime", e.ExportTime, found)
	if !e.InChain() {
		checkSeconds("export.from", e.From, found)
	}
	checkSeconds("export.to", e.To, found)
	switch e.exportType() {
	case ExportFull:
		for _, field := range []struct{ name, value string }{{"from", e.From}, {"to", e.To}, {"viewType", string(e.ViewType)}} {
			if field.value != "" {
				found.Add("export."+field.name, "is of an INCREMENTAL export: leave it out, or set export.exportType to INCREMENTAL")
			}
		}
	case ExportIncremental:
		e.checkWindow(found)
	}
}

func (e *Export) checkWindow(found *failure.Problems) {
	if e.ExportTime != "" {
		found.Add("export.exportTime", "is of a FULL export: an INCREMENTAL one has from and to")
	}
	switch from, to := Moment(e.From), Moment(e.To); {
	case e.From == "":
		found.Add("export.from", `missing: give where the window begins, or "last"`)
	case !from.IsZero() && !to.IsZero() && !from.Before(to):
		found.Add("export.to", "got %s, want a time after export.from, %s", e.To, e.From)
	}
}

func (e *Export) checkDestination(r Request, found *failure.Problems) {
	checkEnum("export.s3SseAlgorithm", e.S3SseAlgorithm, []string{"AES256", "KMS"}, found)
	checkKey("export.s3SseKmsKeyId", e.S3SseKMSKeyID, found)
	if e.S3BucketOwner != "" && !account.MatchString(e.S3BucketOwner) {
		found.Add("export.s3BucketOwner", "got %s, want an AWS account of 12 digits", failure.Quote(e.S3BucketOwner))
	}
	if e.S3SseAlgorithm == "AES256" && e.S3SseKMSKeyID+r.KMSKeyID != "" {
		found.Add("export.s3SseAlgorithm", "AES256 contradicts the KMS key that is given: leave one of them out")
	}
	for _, pair := range []struct{ field, own, beside, other string }{
		{"export.s3SseKmsKeyId", e.S3SseKMSKeyID, "kmsKeyId", r.KMSKeyID},
		{"export.s3BucketOwner", e.S3BucketOwner, "bucketOwner", r.BucketOwner},
	} {
		if pair.own != "" && pair.other != "" && pair.own != pair.other {
			found.Add(pair.field, "differs from %s: give one of them", pair.beside)
		}
	}
}

// checkSeconds holds a time to what the API takes.
func checkSeconds(field, text string, found *failure.Problems) {
	if text == "" {
		return
	}
	switch at := Moment(text); {
	case at.IsZero():
		found.Add(field, "got %s, want a time such as 2026-01-31T06:00:00Z", failure.Quote(text))
	case at.Nanosecond() != 0:
		found.Add(field, "got %s, want whole seconds: DynamoDB exports by the second", failure.Quote(text))
	}
}

// exportType is the type that is given, or that follows from what is given.
func (e *Export) exportType() ExportType {
	if e.ExportType == "" && e.From+e.To != "" {
		return ExportIncremental
	}
	return cmp.Or(e.ExportType, ExportFull)
}

// withDefaults fills in what follows from the other fields, those of the request beside the export too.
func (e Export) withDefaults(r *Request) *Export {
	e.ExportType = e.exportType()
	e.Format = cmp.Or(e.Format, FormatDynamoDBJSON)
	if e.ExportType == ExportIncremental {
		e.ViewType = cmp.Or(e.ViewType, ViewNewAndOld)
	}
	// What the run itself writes is held to the same owner and the same key.
	r.BucketOwner = cmp.Or(r.BucketOwner, e.S3BucketOwner)
	r.KMSKeyID = cmp.Or(r.KMSKeyID, e.S3SseKMSKeyID)
	e.S3BucketOwner, e.S3SseKMSKeyID = r.BucketOwner, r.KMSKeyID
	if e.S3SseKMSKeyID != "" {
		e.S3SseAlgorithm = "KMS"
	}
	if e.CheckInterval == nil {
		interval := int64(DefaultCheckInterval)
		e.CheckInterval = &interval
	}
	if e.MaxAttempts == nil {
		attempts := int64(DefaultMaxAttempts)
		e.MaxAttempts = &attempts
	}
	return &e
}
