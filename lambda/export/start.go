package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// start finds the export among those that are there, or starts it, and writes into the journal which one it is.
func (r *round) start(ctx context.Context, p *ledger.PendingExport) error {
	token := r.token(p)
	if err := r.checkDestination(ctx, p, token); err != nil {
		return err
	}
	found, own, err := r.find(ctx, p, token)
	if err != nil {
		return err
	}
	p.Followed = found != "" && !own
	if found == "" {
		input, err := input(r.plan.TableARN, p.ExportSpec, token)
		if err != nil {
			return failure.Errorf(failure.InvalidRequest, "invalid request: export.filter: %w", err)
		}
		answer, err := r.DynamoDB.ExportTableToPointInTime(ctx, input)
		if err != nil {
			return r.named(err, "dynamodb:ExportTableToPointInTime")
		}
		d, err := described(answer.ExportDescription)
		if err != nil {
			return err
		}
		found = *d.ExportArn
	}
	if !p.Followed { // to follow another's export is no try of one's own
		if p.Execution != r.plan.ExecutionID {
			p.Tries = 0
		}
		p.Execution = r.plan.ExecutionID
		p.Tries++
	}
	p.ExportARN = found
	r.log.InfoContext(ctx, "export", "arn", found, "type", p.ExportType, "attempt", p.Attempt, "followed", p.Followed)
	return r.journal.Save(ctx)
}

// token is the client token of a try: the same for the same export of the same journal, whoever asks, another for each attempt.
// DynamoDB answers a token that it knows with the export that it began, even one that has FAILED.
func (r *round) token(p *ledger.PendingExport) string {
	return hash([]any{r.plan.Export.Journal, r.plan.TableID, p.ExportSpec, p.Attempt})
}

// checkDestination writes an object under the run's own name, as DynamoDB will with the same rights: an export to a bucket that
// is missing, another's or forbidden is accepted, and fails minutes later.
func (r *round) checkDestination(ctx context.Context, p *ledger.PendingExport, token string) error {
	if r.writable {
		return nil
	}
	body, err := json.Marshal(p.ExportSpec)
	if err != nil {
		return fmt.Errorf("internal error: an export does not marshal: %w", err)
	}
	key := r.plan.Layout().ExportTry(token)
	destination := r.bucket
	if p.S3BucketOwner == "" && r.Account != "" {
		destination = r.bucket.OwnedBy(r.Account)
	}
	_, err = destination.Create(ctx, key, body)
	if failure.NameOf(err) == failure.AccessDenied && destination != r.bucket {
		// It may be that only the owner is not the expected one.
		if _, plain := r.bucket.Create(ctx, key, body); plain == nil {
			return failure.Errorf(failure.BucketInOtherAccount,
				"bucket %q is not of account %s, in which the functions run: give the account that owns it as export.s3BucketOwner, without which DynamoDB cannot write there", p.S3Bucket, r.Account)
		}
	}
	if err != nil {
		return fmt.Errorf("check that the export can be written: %w", err)
	}
	r.writable = true
	return nil
}

// find returns the ARN of an export that makes it needless to start one: own is one that was started under this token, of
// which the answer was lost; else it is one in progress that was asked for the same.
func (r *round) find(ctx context.Context, p *ledger.PendingExport, token string) (arn string, own bool, err error) {
	if r.known == nil {
		if r.known, err = r.describeKnown(ctx, p.Since); err != nil {
			return "", false, err
		}
	}
	for _, d := range r.known {
		if aws.ToString(d.ClientToken) == token {
			return aws.ToString(d.ExportArn), true, nil
		}
	}
	for _, d := range r.known {
		if d.ExportStatus == types.ExportStatusInProgress && identical(p.ExportSpec, d, r.plan.StartTime) && !r.pending(aws.ToString(d.ExportArn)) {
			return aws.ToString(d.ExportArn), false, nil
		}
	}
	return "", false, nil
}

// pending tells whether the journal has an export already.
func (r *round) pending(arn string) bool {
	return slices.ContainsFunc(r.journal.Pending, func(p ledger.PendingExport) bool { return p.ExportARN == arn })
}

const (
	// lookBack is how long before the decision exports are looked for that are still in progress.
	lookBack = 48 * time.Hour
	// clockSkew is by how much our clocks and DynamoDB's may differ.
	clockSkew = time.Hour
)

// describeKnown returns the table's exports that are in progress, and those that were started since the decision to make one.
// DynamoDB lists up to 90 days of them, the newest first.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListExports.html
func (r *round) describeKnown(ctx context.Context, since time.Time) ([]types.ExportDescription, error) {
	known := []types.ExportDescription{}
	pages := dynamodb.NewListExportsPaginator(r.DynamoDB, &dynamodb.ListExportsInput{TableArn: &r.plan.TableARN, MaxResults: aws.Int32(25)})
	for recent := true; recent && pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, r.named(err, "dynamodb:ListExports")
		}
		recent = false
		for _, summary := range page.ExportSummaries {
			started := startOf(aws.ToString(summary.ExportArn))
			recent = recent || started.After(since.Add(-lookBack))
			if summary.ExportStatus != types.ExportStatusInProgress && started.Before(since.Add(-clockSkew)) {
				continue
			}
			answer, err := r.DynamoDB.DescribeExport(ctx, &dynamodb.DescribeExportInput{ExportArn: summary.ExportArn})
			if _, gone := errors.AsType[*types.ExportNotFoundException](err); gone {
				continue
			}
			if err != nil {
				return nil, r.named(err, "dynamodb:DescribeExport")
			}
			d, err := described(answer.ExportDescription)
			if err != nil {
				return nil, err
			}
			known = append(known, *d)
		}
	}
	return known, nil
}

// startOf reads when an export was started from its ARN, …/export/<milliseconds>-<random>; now, if it is another's format.
func startOf(arn string) time.Time {
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	text, _, _ := strings.Cut(id, "-")
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(milliseconds).UTC()
}

// mayTryAgain returns nil for an export that has FAILED and may be started anew, else the error that the run ends with: the
// failure's own code and words.
func (r *round) mayTryAgain(p *ledger.PendingExport, d types.ExportDescription) error {
	code := aws.ToString(d.FailureCode)
	tries := 1 + r.in.Redrives
	if worthAnother(code) {
		tries++
	}
	if p.Execution != r.plan.ExecutionID || p.Tries < tries { // what another run has tried is not counted here
		return nil
	}
	if code == "" {
		code = string(failure.Internal)
	}
	return failure.Errorf(failure.Name(code), "export %s has failed: %s. When that is mended, redrive this execution, or start another: it makes a new export",
		p.ExportARN, aws.ToString(d.FailureMessage))
}

// worthAnother tells whether a second try can help. What S3 or KMS refuse, they refuse again; and so does DynamoDB what it
// calls invalid.
func worthAnother(code string) bool {
	for _, word := range []string{"S3", "Kms", "KMS", "AccessDenied", "NotFound", "Invalid", "Validation", "Disabled"} {
		if strings.Contains(code, word) {
			return false
		}
	}
	return true
}

// completed keeps what is needed of an export that has ended well.
func completed(d types.ExportDescription) *ledger.CompletedExport {
	return &ledger.CompletedExport{
		ExportTime: aws.ToTime(d.ExportTime).UTC(), Manifest: aws.ToString(d.ExportManifest), Items: aws.ToInt64(d.ItemCount),
		BilledBytes: aws.ToInt64(d.BilledSizeBytes), StartTime: aws.ToTime(d.StartTime).UTC(), EndTime: aws.ToTime(d.EndTime).UTC(),
	}
}
