package chaos

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

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

// sharedTable returns a table with the given number of items, which no run changes. It is created once.
func (h *Harness) sharedTable(ctx context.Context, items int, large bool) (*table, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.shared[items]; t != nil {
		return t, nil
	}
	t, err := h.newTable(ctx, fmt.Sprintf("shared-%d", number()), items, large)
	if err == nil {
		h.shared[items] = t
	}
	return t, err
}

// newTable creates a table and reads its items through the SDK.
func (h *Harness) newTable(ctx context.Context, name string, items int, large bool) (*table, error) {
	if err := sampletable.Create(ctx, h.tables, name); err != nil {
		return nil, err
	}
	if err := sampletable.Load(ctx, h.tables, name, sampletable.Seed, items, nil); err != nil {
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
			if large {
				if err := h.enlarge(ctx, name, item); err != nil {
					return nil, err
				}
			}
			t.items[keyOf(item)] = &history{versions: []verify.Item{item}, throughout: true}
		}
	}
	t.keys = slices.Sorted(maps.Keys(t.items))
	return t, nil
}

// enlarge makes an item nearly as large as DynamoDB allows, with random bytes that cannot be compressed.
func (h *Harness) enlarge(ctx context.Context, name string, item verify.Item) error {
	noise := make([]byte, 330_000)
	random := draw(0, "noise", keyOf(item))
	for i := range noise {
		noise[i] = byte(random.UintN(256)) //nolint:gosec // less than 256
	}
	item["noise"] = &types.AttributeValueMemberB{Value: noise}
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

// itemCheck compares the items of a commit with a table's history.
type itemCheck struct {
	table *table
	mu    sync.Mutex // guards seen
	seen  map[string]bool
}

// add checks one item of the commit.
func (c *itemCheck) add(item verify.Item) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keyOf(item)
	var err error
	h := c.table.items[key]
	switch {
	case h == nil:
		err = fmt.Errorf("item %q was never in the table", key)
	case c.seen[key]:
		err = fmt.Errorf("the commit has item %q twice", key)
	case !slices.ContainsFunc(h.versions, func(v verify.Item) bool { return reflect.DeepEqual(v, item) }):
		err = fmt.Errorf("item %q is not one of the %d versions that the table has had", key, len(h.versions))
	}
	c.seen[key] = true
	return err
}

// complete returns an error if an item is missing that was never missing in the table.
func (c *itemCheck) complete() error {
	var lost []string
	for key, h := range c.table.items {
		if h.throughout && !c.seen[key] {
			lost = append(lost, key)
		}
	}
	slices.Sort(lost)
	if len(lost) > 0 {
		return fmt.Errorf("%d items are lost, such as %q", len(lost), lost[0])
	}
	return nil
}
