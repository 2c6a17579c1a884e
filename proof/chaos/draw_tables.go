package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"dynamodb-to-s3/local/tablewrite"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// index is a global secondary index of the shared table for indexes.
type index struct {
	name, partition, sort string
	attributes            []string // projected besides the keys; nil for all
}

var indexes = []index{
	{name: "byStatus", partition: "status", sort: "orderId"},
	{name: "byCity", partition: "city", attributes: []string{"total", "tags"}}, // only some items have a city
}

// has reports whether an item is in the index.
func (i index) has(item verify.Item) bool {
	_, there := item[i.partition]
	return there
}

// projected returns the names of the attributes that the index has, nil for all.
func (i index) projected() []string {
	if i.attributes == nil {
		return nil
	}
	return append([]string{"orderId", i.partition}, i.attributes...)
}

// provisioned is the read capacity of a table whose capacity changes.
const provisioned = 160

// createTable creates a table as sampletable does, with indexes or a capacity if the form has them.
func (h *Harness) createTable(ctx context.Context, name string, of form) error {
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("orderId"), AttributeType: types.ScalarAttributeTypeS}},
	}
	if of.capacity {
		in.BillingMode, in.ProvisionedThroughput = types.BillingModeProvisioned, capacity(provisioned)
	}
	for _, i := range indexes {
		if !of.indexed {
			break
		}
		projection := &types.Projection{ProjectionType: types.ProjectionTypeAll}
		if i.attributes != nil {
			projection = &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: i.attributes}
		}
		keys := []types.KeySchemaElement{{AttributeName: &i.partition, KeyType: types.KeyTypeHash}}
		if i.sort != "" {
			keys = append(keys, types.KeySchemaElement{AttributeName: &i.sort, KeyType: types.KeyTypeRange})
		}
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{IndexName: &i.name, KeySchema: keys, Projection: projection})
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &i.partition, AttributeType: types.ScalarAttributeTypeS})
	}
	return tablewrite.Create(ctx, h.tables, in)
}

// addCity gives every third item the attribute of an index.
func addCity(item verify.Item) {
	if draw(0, "city", keyOf(item)).IntN(3) == 0 {
		item["city"] = &types.AttributeValueMemberS{Value: "Zürich"}
	}
}

func capacity(units int64) *types.ProvisionedThroughput {
	return &types.ProvisionedThroughput{ReadCapacityUnits: &units, WriteCapacityUnits: aws.Int64(100)}
}

// setCapacity changes the capacity of a table while a run reads it.
func (r *seedRun) setCapacity(ctx context.Context, random *rand.Rand) (string, error) {
	r.capacity.Lock() // two calls at once would be refused
	defer r.capacity.Unlock()
	if r.capacity.units == 0 {
		r.capacity.units = provisioned
	}
	units := provisioned / 2 * int64(1+random.IntN(8))
	if units == r.capacity.units {
		return "", nil
	}
	r.capacity.units = units
	_, err := r.harness.tables.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &r.table.name, ProvisionedThroughput: capacity(units)})
	if err != nil && strings.Contains(err.Error(), "will not change") { // the answer to the first try came late
		err = nil
	}
	return fmt.Sprintf("to %d units", units), err
}

// segmentKeys returns the keys of the items that are in one segment of a table, read through the SDK.
func (h *Harness) segmentKeys(ctx context.Context, table string, segment, of int) (map[string]bool, error) {
	keys := map[string]bool{}
	pages := dynamodb.NewScanPaginator(h.tables, &dynamodb.ScanInput{TableName: &table, Segment: aws.Int32(int32(segment)), TotalSegments: aws.Int32(int32(of))}) //nolint:gosec // few
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read a segment of table %s: %w", table, err)
		}
		for _, item := range page.Items {
			keys[keyOf(item)] = true
		}
	}
	return keys, nil
}

// ownTable reports whether the scenario changes its table, so that it needs one of its own.
func (s Scenario) ownTable() bool {
	return s.Writes || s.Request == kindPercent || s.Beside == kindTwoChains
}

func (s Scenario) form() form {
	return form{items: s.Items, large: s.Large, indexed: s.index.name != "", capacity: s.Request == kindPercent, odd: s.Parquet}
}
