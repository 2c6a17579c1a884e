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

// readTable reads a whole table with the SDK's own paginator and decoder. It returns the items by key, and the names of the key attributes.
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
	err = scan(ctx, client, dynamodb.ScanInput{TableName: &table}, func(page *dynamodb.ScanOutput) {
		mu.Lock()
		defer mu.Unlock()
		for _, item := range page.Items {
			items[identity(item, keys)] = item
		}
	})
	return items, keys, err
}

// scan calls read with every page of a table, from several goroutines at once.
func scan(ctx context.Context, client *dynamodb.Client, in dynamodb.ScanInput, read func(page *dynamodb.ScanOutput)) error {
	group, ctx := errgroup.WithContext(ctx)
	for segment := range int32(workers) {
		group.Go(func() error {
			in := in
			in.TotalSegments, in.Segment, in.ConsistentRead = aws.Int32(workers), &segment, aws.Bool(true)
			for pages := dynamodb.NewScanPaginator(client, &in); pages.HasMorePages(); {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("read table %s: %w", *in.TableName, err)
				}
				read(page)
			}
			return nil
		})
	}
	return group.Wait()
}

// identity returns an item's primary key as text.
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

// same reports whether two items are equal. The members of a set may have any order.
func same(a, b Item) bool {
	return reflect.DeepEqual(a, b) || reflect.DeepEqual(sorted(&types.AttributeValueMemberM{Value: a}), sorted(&types.AttributeValueMemberM{Value: b}))
}

// sorted returns a value with the members of its sets in order.
func sorted(value types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberSS:
		return &types.AttributeValueMemberSS{Value: slices.Sorted(slices.Values(v.Value))}
	case *types.AttributeValueMemberNS:
		return &types.AttributeValueMemberNS{Value: slices.Sorted(slices.Values(v.Value))}
	case *types.AttributeValueMemberBS:
		return &types.AttributeValueMemberBS{Value: slices.SortedFunc(slices.Values(v.Value), bytes.Compare)}
	default:
		return mapMembers(value, sorted)
	}
}

// mapMembers returns a list or a map with change applied to its members. It returns any other value as it is.
func mapMembers(value types.AttributeValue, change func(types.AttributeValue) types.AttributeValue) types.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberL:
		list := make([]types.AttributeValue, len(v.Value))
		for i, member := range v.Value {
			list[i] = change(member)
		}
		return &types.AttributeValueMemberL{Value: list}
	case *types.AttributeValueMemberM:
		members := make(Item, len(v.Value))
		for name, member := range v.Value {
			members[name] = change(member)
		}
		return &types.AttributeValueMemberM{Value: members}
	default:
		return value
	}
}
