package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"

	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// largeItems is how many large items there are in a table of them: some 12 MiB of JSON.
const largeItems = 28

// table is one of the server, and all that was ever in it.
type table struct {
	name  string
	items map[string]*history // by orderId
	keys  []string            // of what was there at the beginning, in order
}

// history is what an item has been.
type history struct {
	versions []verify.Item
	// throughout says that there was always some version of it.
	throughout bool
}

// sharedTable returns the table of so many items that nobody writes to; it is made once.
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

// newTable makes a table and reads what is in it, by the SDK alone.
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

// enlarge makes an item nearly as large as one can be, of what no compressor makes smaller than the bytes that it stands for.
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

// writer writes to a run's table while it is read. It keeps what it writes before it writes it.
type writer struct {
	client *dynamodb.Client
	table  *table

	mu    sync.Mutex // held for each write, and guards table.items
	count int
}

// write changes, removes or adds an item, and says which. Only one item in three is ever touched.
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

// reading holds what is read back against a table's history.
type reading struct {
	table *table
	mu    sync.Mutex // guards what follows
	seen  map[string]bool
	fault error // of an item, which no checksum tells
}

// record takes one item that was read back.
func (r *reading) record(item verify.Item) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := keyOf(item)
	h := r.table.items[key]
	switch {
	case h == nil:
		r.fault = fmt.Errorf("item %q was never in the table", key)
	case r.seen[key]:
		r.fault = fmt.Errorf("item %q is there twice", key)
	case !slices.ContainsFunc(h.versions, func(v verify.Item) bool { return reflect.DeepEqual(v, item) }):
		r.fault = fmt.Errorf("item %q is none of the %d versions that the table has had", key, len(h.versions))
	}
	r.seen[key] = true
	return r.fault
}

// whole fails where an item is missing that was there throughout.
func (r *reading) whole() error {
	var lost []string
	for key, h := range r.table.items {
		if h.throughout && !r.seen[key] {
			lost = append(lost, key)
		}
	}
	slices.Sort(lost)
	if len(lost) > 0 {
		return fmt.Errorf("%d items are lost, %q among them", len(lost), lost[0])
	}
	return nil
}
