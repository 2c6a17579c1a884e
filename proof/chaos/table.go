package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// largeItems is the number of items of a table with large items: about 12 MiB of JSON.
const largeItems = 28

// table is a table of the server, with everything that was ever in it.
type table struct {
	name  string
	items map[string]*history // by orderId
	keys  []string            // of the items at the beginning, in order
}

// history has all versions of an item.
type history struct {
	versions []verify.Item
	// throughout is true if the item was never missing.
	throughout bool
}

// form is what distinguishes tables.
type form struct {
	items                    int
	large, indexed, capacity bool
	odd                      bool // it has items that no one schema fits
}

// sharedTable returns a table of a form, which no run changes. It is created once.
func (h *Harness) sharedTable(ctx context.Context, of form) (*table, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.shared[of]; t != nil {
		return t, nil
	}
	t, err := h.newTable(ctx, fmt.Sprintf("shared-%d", number()), of)
	if err == nil {
		h.shared[of] = t
	}
	return t, err
}

// newTable creates a table and reads its items through the SDK.
func (h *Harness) newTable(ctx context.Context, name string, of form) (*table, error) {
	if err := h.createTable(ctx, name, of); err != nil {
		return nil, err
	}
	if err := sampletable.Load(ctx, h.tables, name, sampletable.Seed, of.items, nil); err != nil {
		return nil, err
	}
	t := &table{name: name, items: map[string]*history{}}
	pages := dynamodb.NewScanPaginator(h.tables, &dynamodb.ScanInput{TableName: &name, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", name, err)
		}
		for _, item := range page.Items {
			if of.odd {
				addOddities(item)
			}
			if of.large || of.indexed || of.odd {
				if err := h.change(ctx, name, of, item); err != nil {
					return nil, err
				}
			}
			t.items[keyOf(item)] = &history{versions: []verify.Item{item}, throughout: true}
		}
	}
	t.keys = slices.Sorted(maps.Keys(t.items))
	return t, nil
}

// change writes an item that was changed. It gives some items a city, or makes each item nearly as large as DynamoDB allows, with random bytes that
// cannot be compressed.
func (h *Harness) change(ctx context.Context, name string, of form, item verify.Item) error {
	if of.indexed {
		addCity(item)
	}
	if of.large {
		noise := make([]byte, 330_000)
		random := draw(0, "noise", keyOf(item))
		for i := range noise {
			noise[i] = byte(random.UintN(256)) //nolint:gosec // less than 256
		}
		item["noise"] = &types.AttributeValueMemberB{Value: noise}
	}
	_, err := h.tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: &name, Item: item})
	return err
}

func keyOf(item verify.Item) string {
	id, _ := item["orderId"].(*types.AttributeValueMemberS)
	if id == nil {
		return ""
	}
	return id.Value
}
