package exports

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// batchSize is the largest number of items in one BatchWriteItem.
	batchSize = 25
	// poll is the interval of the checks whether the temporary table is ready.
	poll = 5 * time.Millisecond
)

// selection returns the operation that evaluates a filter, and its parameters, which have the names of the filter's.
func selection(table string, filter json.RawMessage) (operation string, in map[string]any, err error) {
	if err := json.Unmarshal(filter, &in); err != nil {
		return "", nil, refuse("SerializationException", "FilterSpecification: %v", err)
	}
	operation = "Scan"
	if in["KeyConditionExpression"] != nil {
		operation = "Query"
	}
	in["TableName"] = table
	return operation, in, nil
}

// checkFilter lets the backend check a filter: it reads the first item of the table with it.
func (s *Server) checkFilter(ctx context.Context, table string, filter json.RawMessage) error {
	operation, in, err := selection(table, filter)
	if err != nil {
		return err
	}
	if len(in) == 1 { // only the table's name
		return invalid("Invalid FilterSpecification: The specification can not be empty")
	}
	in["Limit"] = 1
	return s.backend.call(ctx, operation, in, nil)
}

// filter returns the records that match a filter. The backend evaluates the filter, because only DynamoDB reads expressions as
// DynamoDB does. For this, the records are written to a temporary table.
func (s *Server) filter(ctx context.Context, of schema, filter json.RawMessage, records []record, id string) (found []record, err error) {
	table := "export-" + id
	if err := s.backend.create(ctx, table, of); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	defer func() {
		// The table is deleted even if this server stops: the backend goes on.
		deleted := s.backend.call(context.WithoutCancel(ctx), "DeleteTable", map[string]string{"TableName": table}, nil)
		if err == nil {
			err = deleted
		}
	}()
	if err := s.backend.load(ctx, table, records); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	operation, in, err := selection(table, filter)
	if err != nil {
		return nil, err
	}
	in["ConsistentRead"] = true
	err = s.backend.read(ctx, operation, in, func(items []json.RawMessage) error {
		for _, image := range items {
			if image, err = compact(image); err != nil {
				return err
			}
			found = append(found, record{key: image, new: image}) // a projection may leave the key out
		}
		return nil
	})
	return found, err
}

// create creates a table with the keys of another and returns when it can be used.
func (b *backend) create(ctx context.Context, name string, of schema) error {
	keys := slices.DeleteFunc(slices.Clone(of.Attributes), func(a attribute) bool {
		return !slices.ContainsFunc(of.Keys, func(k keyAttribute) bool { return k.Name == a.Name })
	})
	err := b.call(ctx, "CreateTable", map[string]any{
		"TableName": name, "KeySchema": of.Keys, "AttributeDefinitions": keys, "BillingMode": "PAY_PER_REQUEST",
	}, nil)
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for err == nil {
		var created schema
		if created, err = b.describe(ctx, name); err != nil || created.Status == "ACTIVE" {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return err
}

// load writes the images of records into a table.
func (b *backend) load(ctx context.Context, table string, records []record) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(segments)
	for batch := range slices.Chunk(records, batchSize) {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			puts := make([]any, len(batch))
			for i, r := range batch {
				puts[i] = map[string]any{"PutRequest": map[string]any{"Item": r.new}}
			}
			left := map[string]any{table: puts}
			for len(left) > 0 {
				var out struct{ UnprocessedItems map[string]json.RawMessage }
				if err := b.call(ctx, "BatchWriteItem", map[string]any{"RequestItems": left}, &out); err != nil {
					return err
				}
				left = make(map[string]any, len(out.UnprocessedItems))
				for name, requests := range maps.All(out.UnprocessedItems) {
					left[name] = requests
				}
			}
			return nil
		})
	}
	return group.Wait()
}
