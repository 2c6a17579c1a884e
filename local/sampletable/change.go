package sampletable

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Changes is how many orders Change changes, in each way.
type Changes struct {
	Added, Replaced, Updated, Deleted int
	// Fleeting are added and deleted again.
	Fleeting int
}

// Total is the number of all changed orders.
func (c Changes) Total() int { return c.Added + c.Replaced + c.Updated + c.Deleted + c.Fleeting }

// changeEvery: of so many orders, Change replaces one, updates one and deletes one.
const changeEvery = 25

// PlanChanges returns what Change does to a table with count orders.
func PlanChanges(count int) Changes {
	each := count / changeEvery
	return Changes{Added: each, Replaced: each, Updated: each, Deleted: each, Fleeting: each / 10}
}

// Change changes a table that Load has filled with count orders. The same seed gives the same changes. Change calls changed, if
// not nil, with the number of orders that were just changed, from several goroutines.
func Change(ctx context.Context, client *dynamodb.Client, table string, seed uint64, count int, changed func(int)) error {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // sample data that must be repeatable
	w := writer{client: client, table: table, written: changed}
	unseen := writer{client: client, table: table} // an order that is added and deleted counts once
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
	deletes = append(deletes, fleeting...)
	for _, step := range []func() error{
		func() error {
			return unseen.batches(ctx, len(fleeting), func(i int) types.WriteRequest { return put(fleeting[i]) })
		},
		func() error { return w.batches(ctx, len(puts), func(i int) types.WriteRequest { return put(puts[i]) }) },
		func() error {
			return w.batches(ctx, len(deletes), func(i int) types.WriteRequest { return remove(deletes[i]) })
		},
		func() error { return w.update(ctx, updates) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("change table %s: %w", table, err)
		}
	}
	return nil
}
