package sampletable

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// Changes counts the orders that Change has changed.
type Changes struct {
	Added, Replaced, Updated, Deleted int
	// Fleeting were added and deleted again.
	Fleeting int
}

// Total is how many orders were changed.
func (c Changes) Total() int { return c.Added + c.Replaced + c.Updated + c.Deleted + c.Fleeting }

// changeEvery is of how many orders one is replaced, one updated and one deleted.
const changeEvery = 25

// PlanChanges returns what Change does to a table that Load has written so many orders to.
func PlanChanges(count int) Changes {
	each := count / changeEvery
	return Changes{Added: each, Replaced: each, Updated: each, Deleted: each, Fleeting: each / 10}
}

// Change changes a table that Load has written count orders to, in the same way for the same seed. changed, if given, is told how
// many more are changed, by several goroutines.
func Change(ctx context.Context, client *dynamodb.Client, table string, seed uint64, count int, changed func(int)) error {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // sample data, to be the same again
	c := changer{client: client, table: table, changed: changed}
	plan := PlanChanges(count)
	var puts, deletes, updates []item
	for i := range plan.Replaced {
		replaced, updated, deleted := order(random, changeEvery*i), order(random, changeEvery*i+1), order(random, changeEvery*i+2)
		puts, updates, deletes = append(puts, replaced), append(updates, updated), append(deletes, deleted)
	}
	for i := range plan.Added {
		puts = append(puts, order(random, count+i))
	}
	var fleeting []item
	for i := range plan.Fleeting {
		fleeting = append(fleeting, order(random, count+plan.Added+i))
	}
	for _, step := range []func() error{
		func() error { return c.batches(ctx, fleeting, put, nil) },
		func() error { return c.batches(ctx, puts, put, changed) },
		func() error { return c.batches(ctx, append(deletes, fleeting...), remove, changed) },
		func() error { return c.update(ctx, updates) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("change table %s: %w", table, err)
		}
	}
	return nil
}

type item = map[string]types.AttributeValue

func put(of item) types.WriteRequest {
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: of}}
}

func remove(of item) types.WriteRequest {
	return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key(of)}}
}

func key(of item) item { return item{"orderId": of["orderId"]} }

type changer struct {
	client  *dynamodb.Client
	table   string
	changed func(int)
}

// batches writes the items in batches.
func (c changer) batches(ctx context.Context, items []item, request func(item) types.WriteRequest, changed func(int)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loaders)
	for first := 0; first < len(items); first += batch {
		requests := make([]types.WriteRequest, min(batch, len(items)-first))
		for i := range requests {
			requests[i] = request(items[first+i])
		}
		group.Go(func() error {
			if err := write(ctx, c.client, c.table, requests); err != nil {
				return err
			}
			if changed != nil {
				changed(len(requests))
			}
			return nil
		})
	}
	return group.Wait()
}

// update gives each order another status, and one revision more.
func (c changer) update(ctx context.Context, items []item) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loaders)
	for _, of := range items {
		group.Go(func() error {
			_, err := c.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &c.table, Key: key(of), UpdateExpression: aws.String("SET #s = :s ADD revisions :one"),
				ExpressionAttributeNames:  map[string]string{"#s": "status"},
				ExpressionAttributeValues: item{":s": of["status"], ":one": num("1")},
			})
			if err == nil && c.changed != nil {
				c.changed(1)
			}
			return err
		})
	}
	return group.Wait()
}
