package verify

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"golang.org/x/sync/errgroup"
)

// Item is one item by its attributes.
type Item = map[string]types.AttributeValue

// readTable reads a whole table by the SDK's own paginator and decoder.
func readTable(ctx context.Context, client *dynamodb.Client, table string) (items map[string]Item, keys []string, err error) {
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return nil, nil, err
	}
	for _, key := range described.Table.KeySchema {
		keys = append(keys, aws.ToString(key.AttributeName))
	}
	items = map[string]Item{}
	var mu sync.Mutex // guards items
	group, ctx := errgroup.WithContext(ctx)
	for segment := range int32(workers) {
		group.Go(func() error {
			pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{
				TableName: &table, TotalSegments: aws.Int32(workers), Segment: &segment, ConsistentRead: aws.Bool(true),
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("read table %s: %w", table, err)
				}
				mu.Lock()
				for _, item := range page.Items {
					items[identity(item, keys)] = item
				}
				mu.Unlock()
			}
			return nil
		})
	}
	return items, keys, group.Wait()
}

// identity returns an item's primary key as a text.
func identity(item Item, keys []string) string {
	var id strings.Builder
	for _, key := range keys {
		switch v := item[key].(type) {
		case *types.AttributeValueMemberS:
			fmt.Fprintf(&id, "%s=%q ", key, v.Value)
		case *types.AttributeValueMemberN:
			fmt.Fprintf(&id, "%s=%s ", key, v.Value)
		case *types.AttributeValueMemberB:
			fmt.Fprintf(&id, "%s=%x ", key, v.Value)
		}
	}
	return strings.TrimSpace(id.String())
}

// same tells whether two items are equal. The members of a set come in any order.
func same(a, b Item) bool {
	return reflect.DeepEqual(a, b) || reflect.DeepEqual(ordered(&types.AttributeValueMemberM{Value: a}), ordered(&types.AttributeValueMemberM{Value: b}))
}

// ordered returns a value with the members of its sets in order.
func ordered(value types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberSS:
		return &types.AttributeValueMemberSS{Value: slices.Sorted(slices.Values(v.Value))}
	case *types.AttributeValueMemberNS:
		return &types.AttributeValueMemberNS{Value: slices.Sorted(slices.Values(v.Value))}
	case *types.AttributeValueMemberBS:
		return &types.AttributeValueMemberBS{Value: slices.SortedFunc(slices.Values(v.Value), bytes.Compare)}
	default:
		return within(value, ordered)
	}
}

// within returns a list or a map of what each makes of its members, and any other value as it is.
func within(value types.AttributeValue, each func(types.AttributeValue) types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberL:
		list := make([]types.AttributeValue, len(v.Value))
		for i, member := range v.Value {
			list[i] = each(member)
		}
		return &types.AttributeValueMemberL{Value: list}
	case *types.AttributeValueMemberM:
		members := make(Item, len(v.Value))
		for name, member := range v.Value {
			members[name] = each(member)
		}
		return &types.AttributeValueMemberM{Value: members}
	default:
		return value
	}
}
