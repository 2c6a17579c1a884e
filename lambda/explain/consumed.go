package explain

import (
	"context"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// writeUnitBytes is what a write unit writes at most.
const writeUnitBytes = 1 << 10

// addConsumed adds what was read and written on the last day, by CloudWatch. The functions may have no permission for it, or no route to it.
func (s Sources) addConsumed(ctx context.Context, f *estimate.Facts, own, scan run.Plan) {
	if s.Metrics == nil {
		return
	}
	if scan.Scan.SourceRoleARN != "" { // CloudWatch would answer, for the functions' own account
		f.Basis = append(f.Basis, "what others consume is not known, because CloudWatch of the table's account is not asked")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const day = 24 * 60 * 60
	end := time.Now().Truncate(time.Minute)
	reads := []types.Dimension{{Name: aws.String("TableName"), Value: &scan.Table}}
	if index := scan.Scan.Request.IndexName; index != "" {
		reads = append(reads, types.Dimension{Name: aws.String("GlobalSecondaryIndexName"), Value: &index})
	}
	query := func(id, metric string, dimensions []types.Dimension) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("AWS/DynamoDB"), MetricName: &metric, Dimensions: dimensions},
			Period: aws.Int32(3600), Stat: aws.String("Sum"),
		}}
	}
	answer, err := s.Metrics(own).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(end.Add(-day * time.Second)), EndTime: &end,
		MetricDataQueries: []types.MetricDataQuery{
			query("read", "ConsumedReadCapacityUnits", reads), query("written", "ConsumedWriteCapacityUnits", reads[:1]),
		},
	}, func(o *cloudwatch.Options) { o.RetryMaxAttempts = 1 })
	if err != nil {
		f.Basis = append(f.Basis, "what others consume is not known, because CloudWatch did not answer"+because(err))
		return
	}
	sums := map[string]float64{}
	for _, result := range answer.MetricDataResults {
		for _, value := range result.Values {
			sums[aws.ToString(result.Id)] += value
		}
	}
	if last := f.Last; last != nil && time.Since(last.EndTime) < day*time.Second { // the last run is no other reader
		sums["read"] = max(0, sums["read"]-last.ReadUnits)
	}
	f.ConsumedPerSecond, f.WrittenPerDay = sums["read"]/day, int64(sums["written"]*writeUnitBytes)
	f.Basis = append(f.Basis, fmt.Sprintf("on the last day, others read %.3g units a second on average, and at most %d bytes were written, by CloudWatch", f.ConsumedPerSecond, f.WrittenPerDay))
}
