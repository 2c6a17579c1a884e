package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"

	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// writer changes a run's table while it is read. It adds each version to the history before it writes it.
type writer struct {
	client *dynamodb.Client
	table  *table

	mu    sync.Mutex // held for each write; guards table.items
	count int
}

// write changes, removes or adds an item, and describes what it did. It changes only a third of the items.
func (w *writer) write(ctx context.Context, random *rand.Rand) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
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
