// Package explain gathers what an estimate rests on: a sample of the table's pages, what others consumed, the state of point-in-time recovery, and
// the last run. Each of these is optional. What cannot be had is a sentence in the basis of the estimate, and no failure.
//
// It may import bucket, encoder, estimate, failure, ledger, manifest, request, run, scan, sink and table.
package explain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Sources are where the facts come from.
type Sources struct {
	// Tables, Objects and Metrics return the clients for a plan. Metrics can be nil: nothing is then known about other readers.
	Tables  func(run.Plan) *dynamodb.Client
	Objects func(run.Plan) *s3.Client
	Metrics func(run.Plan) *cloudwatch.Client
}

// patience is how long each source may take to answer.
const patience = 5 * time.Second

// Gather adds to the facts what the sources say. scan is the plan of a scan of the table, and own the plan of the run. prefix is that of the
// request. Gather fails only if the transform or the encoder cannot make records of the items of the sample.
func (s Sources) Gather(ctx context.Context, f estimate.Facts, own, scan run.Plan, prefix string) (estimate.Facts, error) {
	described := fmt.Sprintf("DescribeTable says %d items with %d bytes; DynamoDB updates these numbers about every six hours", f.Items, f.Bytes)
	f.Basis = append(f.Basis, described)
	f, err := s.AddSample(ctx, f, scan, usualUnits)
	if err != nil {
		return f, err
	}
	s.addRecovery(ctx, &f, own)
	s.addLast(ctx, &f, own, prefix)
	s.addConsumed(ctx, &f, own, scan)
	return f, nil
}

// AddSample adds a sample of the table, and takes its size from it if DescribeTable does not know it yet. The sample consumes about as many read
// units as given, and less if the table has little capacity.
func (s Sources) AddSample(ctx context.Context, f estimate.Facts, scan run.Plan, units float64) (estimate.Facts, error) {
	if capacity := f.ReadUnitsPerSecond; f.Provisioned() && capacity > 0 {
		units = min(units, max(capacity, leastUnits)) // one second of it
	}
	sample, err := takeSample(ctx, s.Tables(scan), scan, float64(f.Bytes), units)
	switch {
	case failure.NameOf(err) == failure.TransformFailed || failure.NameOf(err) == failure.ItemNotEncodable || failure.NameOf(err) == failure.InvalidRequest:
		return f, err
	case err != nil && sample.Pages == 0:
		f.Basis = append(f.Basis, "no page could be read as a sample"+because(err))
		return f, nil
	}
	f.Sample = &sample
	words := fmt.Sprintf("a sample of %d items in %d pages, which consumed %g read units", sample.Scanned, sample.Pages, sample.ReadUnits)
	switch bytesPerItem := sample.TableBytes / max(1, float64(sample.Scanned)); {
	case sample.Whole:
		f.Items, f.Bytes = int64(sample.TotalItems), int64(sample.TotalItems*bytesPerItem)
		words = fmt.Sprintf("a sample read the whole table, and consumed %g read units", sample.ReadUnits)
	case f.Items == 0 && sample.TotalItems > 0:
		f.Items, f.Bytes = int64(sample.TotalItems), int64(sample.TotalItems*bytesPerItem)
		words += fmt.Sprintf(": the table has about %d items with %d bytes, give or take %.0f %%, because DescribeTable does not know its size yet", f.Items, f.Bytes, sample.ErrorPercent)
	case sample.TotalItems > 0 && sample.TotalItems < 0.7*float64(f.Items):
		words += fmt.Sprintf(": by it, the table would have %.0f items. So the others are in few places of the table, such as one partition key, or were deleted in the last six hours", sample.TotalItems)
	case sample.TotalItems > 1.5*float64(f.Items) && sample.ErrorPercent < 20:
		words += fmt.Sprintf(": by it, the table has %.0f items, so that it has grown in the last six hours, and a run can consume more", sample.TotalItems)
	}
	if !f.Index && f.TableBytes < f.Bytes {
		f.TableBytes = f.Bytes
	}
	f.Basis = append(f.Basis, words)
	return f, nil
}

// addRecovery adds the state of point-in-time recovery.
func (s Sources) addRecovery(ctx context.Context, f *estimate.Facts, plan run.Plan) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := s.Tables(plan).DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &plan.Table})
	if err != nil || answer.ContinuousBackupsDescription == nil || answer.ContinuousBackupsDescription.PointInTimeRecoveryDescription == nil {
		f.Basis = append(f.Basis, "whether point-in-time recovery is on is not known"+because(err))
		return
	}
	f.Recovery = string(answer.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus)
}

// because returns the cause of a fact that is not known.
func because(err error) string {
	if err == nil {
		return ""
	}
	if refused, is := errors.AsType[smithy.APIError](err); is {
		return ": " + refused.ErrorCode()
	}
	return ": " + err.Error()
}

// bucketOf returns the bucket of a run.
func (s Sources) bucketOf(plan run.Plan) *bucket.Bucket { return bucket.New(s.Objects(plan), plan) }
