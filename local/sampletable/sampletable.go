// Package sampletable creates and fills the sample table: orders that use every attribute type. The same seed gives the same
// orders. It imports local/tablewrite and the SDK.
package sampletable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"dynamodb-to-s3/local/tablewrite"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table is the sample table's name. Count is how many orders `make run` loads, and Seed the seed that it uses.
const (
	Table = "orders"
	Count = 50_000
	Seed  = 20_260_101
)

// Create creates the table and waits until it can be used.
func Create(ctx context.Context, client *dynamodb.Client, name string) error {
	err := tablewrite.Create(ctx, client, &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("orderId"), AttributeType: types.ScalarAttributeTypeS}},
	})
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	return nil
}

// Load writes count orders of the seed into the table. It calls loaded, if not nil, with the number of orders that were just
// written, from several goroutines.
func Load(ctx context.Context, client *dynamodb.Client, table string, seed uint64, count int, loaded func(int)) error {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // sample data that must be repeatable
	w := writer{client: client, table: table, written: loaded}
	if err := w.batches(ctx, count, func(i int) types.WriteRequest { return put(order(random, i)) }); err != nil {
		return fmt.Errorf("load table %s: %w", table, err)
	}
	return nil
}

var (
	cities   = []string{"Zürich", "São Paulo", "東京", "Reykjavík", "Kraków", "القاهرة", "New York", "Łódź"}
	statuses = []string{"new", "paid", "packed", "shipped", "returned"}
	tags     = []string{"gift", "fragile", "express", "b2b", "naïve", "crème brûlée", `in "quotes"`, "tab\there", "☃"}
	skus     = []string{"lamp", "desk", "chair", "shelf", "rug", "mirror", "clock"}
)

// order returns one order: all ten attribute types, nested, with texts that need escapes and numbers that do not fit a float.
func order(random *rand.Rand, n int) map[string]types.AttributeValue {
	lines := make([]types.AttributeValue, 1+random.IntN(4))
	for i := range lines {
		lines[i] = m{
			"sku":      s(skus[random.IntN(len(skus))] + "-" + strconv.Itoa(random.IntN(1000))),
			"quantity": num(strconv.Itoa(1 + random.IntN(9))),
			"price":    num(fmt.Sprintf("%d.%02d", random.IntN(2000), random.IntN(100))),
		}.value()
	}
	item := m{
		"orderId":   s(fmt.Sprintf("order-%08d", n)),
		"placedAt":  s(time.Unix(1_700_000_000+int64(random.IntN(50_000_000)), 0).UTC().Format(time.RFC3339)),
		"status":    s(statuses[random.IntN(len(statuses))]),
		"total":     num(fmt.Sprintf("%d.%028d", random.IntN(100_000), random.Uint64())),
		"paid":      &types.AttributeValueMemberBOOL{Value: random.IntN(2) == 0},
		"signature": &types.AttributeValueMemberB{Value: noise(random, 24)},
		"tags":      &types.AttributeValueMemberSS{Value: some(random, tags)},
		"discounts": &types.AttributeValueMemberNS{Value: numbers(random)},
		"scans":     &types.AttributeValueMemberBS{Value: [][]byte{append(noise(random, 11), 0), append(noise(random, 15), 1)}},
		"lines":     &types.AttributeValueMemberL{Value: lines},
		"customer": m{
			"name":    s("Customer " + strconv.Itoa(random.IntN(5000)) + " \\ \"VIP\"\n"),
			"address": m{"city": s(cities[random.IntN(len(cities))]), "zip": s(fmt.Sprintf("%05d", random.IntN(100_000)))}.value(),
		}.value(),
	}
	if random.IntN(3) == 0 {
		item["cancelledAt"] = &types.AttributeValueMemberNULL{Value: true}
	}
	if random.IntN(100) == 0 {
		item["empty"] = m{"text": s(""), "list": &types.AttributeValueMemberL{}, "map": m{}.value(), "bytes": &types.AttributeValueMemberB{Value: []byte{}}}.value()
	}
	return item
}

type m map[string]types.AttributeValue

func (v m) value() types.AttributeValue { return &types.AttributeValueMemberM{Value: v} }

func s(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }

func num(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }

func noise(random *rand.Rand, n int) []byte {
	bytes := make([]byte, n)
	for i := range bytes {
		bytes[i] = byte(random.UintN(256)) //nolint:gosec // less than 256
	}
	return bytes
}

// some returns one or more different words, because a set holds each value once.
func some(random *rand.Rand, words []string) []string {
	picked := random.Perm(len(words))[:1+random.IntN(3)]
	values := make([]string, len(picked))
	for i, index := range picked {
		values[i] = words[index]
	}
	return values
}

func numbers(random *rand.Rand) []string {
	return []string{strconv.Itoa(random.IntN(100)), fmt.Sprintf("-0.%d1", random.IntN(1000)), fmt.Sprintf("1.5E+%d", 20+random.IntN(100))}
}
