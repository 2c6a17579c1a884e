package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// start starts the exports that have not started, unless it finds them among the table's exports, and writes them into the journal.
func (p *pass) start(ctx context.Context, unstarted []*ledger.PendingExport) error {
	if len(unstarted) == 0 {
		return nil
	}
	if err := p.checkDestination(ctx, unstarted[0]); err != nil {
		return err
	}
	known, err := p.describeKnown(ctx, unstarted[0].Since)
	if err != nil {
		return err
	}
	for _, e := range unstarted {
		if err := p.startOne(ctx, e, known); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) startOne(ctx context.Context, e *ledger.PendingExport, known []types.ExportDescription) error {
	token := p.token(e)
	arn, own := p.find(e, token, known)
	e.Followed = arn != "" && !own
	if arn == "" {
		input, err := input(p.plan.TableARN, e.ExportSpec, token)
		if err != nil {
			return failure.Errorf(failure.InvalidRequest, "invalid request: export.filter: %w", err)
		}
		answer, err := p.DynamoDB.ExportTableToPointInTime(ctx, input)
		if refused, ok := errors.AsType[*types.InvalidExportTimeException](err); ok {
			return p.timesRefused(e.ExportSpec, refused.ErrorMessage())
		}
		if err != nil {
			return p.named(err, startAction)
		}
		d, err := p.described(answer.ExportDescription)
		if err != nil {
			return err
		}
		arn = *d.ExportArn
	}
	if e.Execution != p.plan.Owner() {
		e.Execution, e.Tries = p.plan.Owner(), 0
	}
	if !e.Followed { // following another's export does not count as a try
		e.Tries++
	}
	e.ExportARN = arn
	p.log.InfoContext(ctx, "export", "arn", arn, "type", e.ExportType, "attempt", e.Attempt, "followed", e.Followed)
	return p.journal.Save(ctx)
}

// token returns the client token of a try. Every run has the same token for the same export of the same journal; each attempt has
// another. DynamoDB answers a known token with the export that it started, even one that FAILED. An export of now also has the run's
// start in its token: if a run was removed from the bucket and its name is used again, it must not get the old snapshot.
func (p *pass) token(e *ledger.PendingExport) string {
	var now *time.Time
	if e.ExportType == request.ExportFull && e.ExportTime == nil {
		now = &p.plan.StartTime
	}
	return hash([]any{p.plan.Journal(), p.plan.TableID, e.ExportSpec, e.Attempt, now})
}

// checkDestination writes an object under the run's own name, with the role that DynamoDB uses. DynamoDB accepts an export to a
// bucket that is missing, forbidden or of another account, and the export fails minutes later.
func (p *pass) checkDestination(ctx context.Context, e *ledger.PendingExport) error {
	body, key := run.Marshal(e.ExportSpec), p.plan.Layout().ExportTry(p.token(e))
	destination := p.bucket
	if e.S3BucketOwner == "" && p.Account != "" {
		destination = p.bucket.OwnedBy(p.Account)
	}
	_, err := destination.Create(ctx, key, body)
	if failure.NameOf(err) == failure.AccessDenied && destination != p.bucket {
		// Perhaps only the expected owner is wrong.
		if _, plain := p.bucket.Create(ctx, key, body); plain == nil {
			return failure.Errorf(failure.BucketInOtherAccount,
				"bucket %q is not of account %s, in which the functions run, so DynamoDB cannot write there: give the account that owns it as export.s3BucketOwner", e.S3Bucket, p.Account)
		}
	}
	if err != nil {
		return fmt.Errorf("check that the export can be written: %w", err)
	}
	return nil
}

// find returns the ARN of a known export, so that none has to start. own means that the export was started with this token and its
// answer was lost. Otherwise it is an export in progress with the same parameters.
func (p *pass) find(e *ledger.PendingExport, token string, known []types.ExportDescription) (arn string, own bool) {
	for _, d := range known {
		if aws.ToString(d.ClientToken) == token {
			return aws.ToString(d.ExportArn), true
		}
	}
	for _, d := range known {
		if d.ExportStatus == types.ExportStatusInProgress && identical(e.ExportSpec, d, p.plan) && !p.pending(aws.ToString(d.ExportArn)) {
			return aws.ToString(d.ExportArn), false
		}
	}
	return "", false
}

// pending reports whether the journal already has an export.
func (p *pass) pending(arn string) bool {
	return slices.ContainsFunc(p.journal.Pending, func(e ledger.PendingExport) bool { return e.ExportARN == arn })
}

const (
	// lookBack is how long before the decision an export that is still in progress may have started.
	lookBack = 48 * time.Hour
	// clockSkew is how much the functions' clocks and DynamoDB's may differ.
	clockSkew = time.Hour
)

// describeKnown returns the table's exports that are in progress, and those that started since the decision to make one. DynamoDB
// lists the exports of 90 days, the newest first.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListExports.html
func (p *pass) describeKnown(ctx context.Context, since time.Time) ([]types.ExportDescription, error) {
	var known []types.ExportDescription
	pages := dynamodb.NewListExportsPaginator(p.DynamoDB, &dynamodb.ListExportsInput{TableArn: &p.plan.TableARN, MaxResults: aws.Int32(25)})
	for recent := true; recent && pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, p.named(err, "dynamodb:ListExports")
		}
		recent = false
		for _, summary := range page.ExportSummaries {
			started := startOf(aws.ToString(summary.ExportArn))
			recent = recent || started.After(since.Add(-lookBack))
			if summary.ExportStatus != types.ExportStatusInProgress && started.Before(since.Add(-clockSkew)) {
				continue
			}
			answer, err := p.DynamoDB.DescribeExport(ctx, &dynamodb.DescribeExportInput{ExportArn: summary.ExportArn})
			if _, gone := errors.AsType[*types.ExportNotFoundException](err); gone {
				continue
			}
			if err != nil {
				return nil, p.named(err, "dynamodb:DescribeExport")
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

// startOf reads when an export started from its ARN, …/export/<milliseconds>-<random>. It returns now for an ARN of another form.
func startOf(arn string) time.Time {
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	text, _, _ := strings.Cut(id, "-")
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(milliseconds).UTC()
}

// mayTryAgain returns nil if an export that FAILED may start again. Otherwise it returns the error that ends the run, with the
// failure's own code and message.
func (p *pass) mayTryAgain(e *ledger.PendingExport, d types.ExportDescription) error {
	code := aws.ToString(d.FailureCode)
	tries := 1 + p.in.Redrives
	if worthAnother(code) {
		tries++
	}
	if e.Execution != p.plan.Owner() || e.Tries < tries { // another run's tries do not count
		return nil
	}
	if code == "" {
		code = string(failure.Internal)
	}
	return failure.Errorf(failure.Name(code), "export %s has failed: %s. Remove the cause, then redrive this execution or start another: it makes a new export",
		e.ExportARN, aws.ToString(d.FailureMessage))
}

// worthAnother reports whether a second try can help. S3 and KMS refuse the same request again, and so does DynamoDB if it calls
// something invalid.
func worthAnother(code string) bool {
	for _, word := range []string{"S3", "Kms", "KMS", "AccessDenied", "NotFound", "Invalid", "Validation", "Disabled"} {
		if strings.Contains(code, word) {
			return false
		}
	}
	return true
}

// completed returns what the journal keeps of an export that is COMPLETED.
func completed(d types.ExportDescription) (*ledger.CompletedExport, error) {
	if aws.ToString(d.ExportManifest) == "" || d.ItemCount == nil || *d.ItemCount < 0 {
		return nil, failure.Errorf(failure.MalformedAnswer, "DynamoDB's answer says that export %s is COMPLETED, but not where its manifest is and how many items it has", aws.ToString(d.ExportArn))
	}
	return &ledger.CompletedExport{
		ExportTime: aws.ToTime(d.ExportTime).UTC(), Manifest: aws.ToString(d.ExportManifest), Items: aws.ToInt64(d.ItemCount),
		BilledBytes: aws.ToInt64(d.BilledSizeBytes), StartTime: aws.ToTime(d.StartTime).UTC(), EndTime: aws.ToTime(d.EndTime).UTC(),
	}, nil
}
