package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"golang.org/x/sync/errgroup"
)

// Count proves of a transformed scan of a whole table what can be proven without its transform: every object is there as the
// manifest says, every record is a JSON object on a line, there are as many as the manifests and the result say, and as many
// items were read as the table has. Items of the report counts records. That they are the right ones it does not know.
func Count(ctx context.Context, source *dynamodb.Client, destination *s3.Client, result run.Result) (Report, error) {
	var records, objects atomic.Int64
	err := Records(ctx, destination, result, func(line []byte) error {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(line, &members); err != nil || members == nil {
			return errors.New("is no JSON object")
		}
		records.Add(1)
		return nil
	}, func() { objects.Add(1) })
	report := Report{Items: int(records.Load()), Objects: int(objects.Load())}
	if err != nil {
		return report, err
	}
	items, err := countItems(ctx, source, result.Table)
	if err == nil && items != result.Items {
		err = fmt.Errorf("the run has read %d items, the table has %d", result.Items, items)
	}
	return report, err
}

// countItems counts the items of a table by reading it.
func countItems(ctx context.Context, client *dynamodb.Client, table string) (int64, error) {
	var items atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for segment := range int32(workers) {
		group.Go(func() error {
			pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{
				TableName: &table, TotalSegments: new(int32(workers)), Segment: &segment, ConsistentRead: new(true), Select: types.SelectCount,
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("count the items of table %s: %w", table, err)
				}
				items.Add(int64(page.Count))
			}
			return nil
		})
	}
	err := group.Wait()
	return items.Load(), err
}
