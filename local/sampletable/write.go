package sampletable

import (
	"context"

	"dynamodb-to-s3/local/tablewrite"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

type item = map[string]types.AttributeValue

func put(of item) types.WriteRequest {
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: of}}
}

func remove(of item) types.WriteRequest {
	return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key(of)}}
}

func key(of item) item { return item{"orderId": of["orderId"]} }

// writer writes to a table, with several calls at a time.
type writer struct {
	client  *dynamodb.Client
	table   string
	written func(int) // is called with the number of items that were just written; nil if nobody counts them
}

// batches sends count requests in batches. It calls request in order, from one goroutine.
func (w writer) batches(ctx context.Context, count int, request func(i int) types.WriteRequest) error {
	return tablewrite.Batches(ctx, w.client, w.table, func(yield func([]types.WriteRequest, error) bool) {
		for first := 0; first < count; first += tablewrite.BatchItems {
			requests := make([]types.WriteRequest, min(tablewrite.BatchItems, count-first))
			for i := range requests {
				requests[i] = request(first + i)
			}
			if !yield(requests, nil) {
				return
			}
		}
	}, w.written)
}

// update changes each order's status and adds 1 to its revisions.
func (w writer) update(ctx context.Context, items []item) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(tablewrite.Concurrency)
	for _, of := range items {
		group.Go(func() error {
			_, err := w.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &w.table, Key: key(of), UpdateExpression: aws.String("SET #s = :s ADD revisions :one"),
				ExpressionAttributeNames:  map[string]string{"#s": "status"},
				ExpressionAttributeValues: item{":s": of["status"], ":one": num("1")},
			})
			if err == nil && w.written != nil {
				w.written(1)
			}
			return err
		})
	}
	return group.Wait()
}
