// Package tablewrite creates tables and writes items into them, as fast as a local DynamoDB takes them. It imports the SDK only.
package tablewrite

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// BatchItems is the most that one BatchWriteItem takes.
const BatchItems = 25

// Concurrency is how many calls are made at a time: enough to keep a single-threaded server busy.
const Concurrency = 4

// Create creates a table and waits until it can be used.
func Create(ctx context.Context, client *dynamodb.Client, table *dynamodb.CreateTableInput) error {
	if _, err := client.CreateTable(ctx, table); err != nil {
		return err
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 10 * time.Millisecond })
	return waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: table.TableName}, time.Minute)
}

// Batches sends batches of at most BatchItems requests. It calls written, if not nil, with the number of requests that were just sent,
// from several goroutines. It ends at the first error, also of the sequence.
func Batches(ctx context.Context, client *dynamodb.Client, table string, batches iter.Seq2[[]types.WriteRequest, error], written func(int)) error {
	group, writing := errgroup.WithContext(ctx)
	group.SetLimit(Concurrency)
	for requests, err := range batches {
		group.Go(func() error {
			if err != nil {
				return err
			}
			if err := write(writing, client, table, requests); err != nil {
				return err
			}
			if written != nil {
				written(len(requests))
			}
			return nil
		})
		if writing.Err() != nil {
			break
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func write(ctx context.Context, client *dynamodb.Client, table string, requests []types.WriteRequest) error {
	// DynamoDB returns the requests that it has no capacity for.
	for len(requests) > 0 {
		answer, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}})
		if err != nil {
			return err
		}
		requests = answer.UnprocessedItems[table]
	}
	return nil
}
