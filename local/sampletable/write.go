package sampletable

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

const (
	batch   = 25 // the most that one BatchWriteItem takes
	writers = 4  // enough to keep a single-threaded server busy
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

func (w writer) count(items int) {
	if w.written != nil {
		w.written(items)
	}
}

// batches sends count requests in batches. It calls request in order, from one goroutine.
func (w writer) batches(ctx context.Context, count int, request func(i int) types.WriteRequest) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for first := 0; first < count; first += batch {
		requests := make([]types.WriteRequest, min(batch, count-first))
		for i := range requests {
			requests[i] = request(first + i)
		}
		group.Go(func() error {
			// DynamoDB returns the requests that it has no capacity for.
			for left := requests; len(left) > 0; {
				answer, err := w.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{w.table: left}})
				if err != nil {
					return err
				}
				left = answer.UnprocessedItems[w.table]
			}
			w.count(len(requests))
			return nil
		})
	}
	return group.Wait()
}

// update changes each order's status and adds 1 to its revisions.
func (w writer) update(ctx context.Context, items []item) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for _, of := range items {
		group.Go(func() error {
			_, err := w.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &w.table, Key: key(of), UpdateExpression: aws.String("SET #s = :s ADD revisions :one"),
				ExpressionAttributeNames:  map[string]string{"#s": "status"},
				ExpressionAttributeValues: item{":s": of["status"], ":one": num("1")},
			})
			if err == nil {
				w.count(1)
			}
			return err
		})
	}
	return group.Wait()
}
