package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// writer changes a run's table while it is read. It adds each version to the history before it writes it.
type writer struct {
	client *dynamodb.Client
	table  *table

	mu       sync.Mutex // held for each write; guards the following fields and table.items
	count    int
	replaced bool
}

// replace deletes the table and creates it again with other items of the same keys, once. The history is that of the first table, so no
// item of the second one may be in a commit.
func (w *writer) replace(ctx context.Context, _ *rand.Rand) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.replaced {
		return "", nil
	}
	w.replaced = true
	if _, err := w.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &w.table.name}); err != nil {
		return "", err
	}
	waiter := dynamodb.NewTableNotExistsWaiter(w.client, func(o *dynamodb.TableNotExistsWaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &w.table.name}, time.Minute); err != nil {
		return "", err
	}
	if err := sampletable.Create(ctx, w.client, w.table.name); err != nil {
		return "", err
	}
	return "with other items", sampletable.Load(ctx, w.client, w.table.name, sampletable.Seed+1, len(w.table.keys), nil)
}

// wasReplaced reports whether the table is another one by now.
func (w *writer) wasReplaced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.replaced
}

// write changes, removes or adds an item of the first table, and describes what it did. It changes only a third of the items.
func (w *writer) write(ctx context.Context, random *rand.Rand) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.replaced {
		return "", nil
	}
	w.count++
	key := w.table.keys[random.IntN((len(w.table.keys)+2)/3)*3%len(w.table.keys)]
	item := maps.Clone(w.table.items[key].versions[0])
	item["revision"] = &types.AttributeValueMemberN{Value: fmt.Sprint(w.count)}
	switch random.IntN(4) {
	case 0:
		w.table.items[key].throughout = false
		_, err := w.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &w.table.name, Key: verify.Item{"orderId": &types.AttributeValueMemberS{Value: key}},
		})
		return "delete " + key, err
	case 1:
		added := fmt.Sprintf("added-%d-%d", random.IntN(1_000_000), w.count)
		item["orderId"] = &types.AttributeValueMemberS{Value: added}
		w.table.items[added] = &history{versions: []verify.Item{item}}
		return "add " + added, w.put(ctx, item)
	default:
		h := w.table.items[key]
		h.versions = append(h.versions, item)
		return "change " + key, w.put(ctx, item)
	}
}

func (w *writer) put(ctx context.Context, item verify.Item) error {
	_, err := w.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &w.table.name, Item: item})
	return err
}
