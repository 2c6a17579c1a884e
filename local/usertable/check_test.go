package usertable

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// secret is a value in every item that is refused. No message may contain it.
const secret = "Hunter2"

func TestItemsThatAreRefused(t *testing.T) {
	t.Parallel()
	defined, err := ReadDefinition(write(t, described))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := WithKeys("id")
	if err != nil {
		t.Fatal(err)
	}
	item := func(pk, sk, more string) string { return fmt.Sprintf(`{"pk":%s,"sk":%s%s}`, pk, sk, more) }
	for _, test := range []struct {
		name  string
		d     Definition
		lines []string
		says  string
	}{
		{"no sort key", defined, []string{`{"pk":"Hunter2"}`}, `line 1: the key attribute "sk" is missing`},
		{"another type", defined, []string{item(`"Hunter2"`, `"1"`, "")}, `the key attribute "sk" has the type S, want N`},
		{"a key that is a map", defined, []string{item(`"Hunter2"`, `{}`, "")}, `the key attribute "sk" has the type M, want N`},
		{"an empty key", defined, []string{item(`""`, `1`, `,"v":"Hunter2"`)}, `the key attribute "pk" is empty`},
		{"a long partition key", defined, []string{item(`"`+strings.Repeat("x", 2049)+`"`, `1`, "")}, `the key attribute "pk" has 2,049 bytes, want at most 2,048`},
		{"an index key of another type", defined, []string{item(`{"S":"a"}`, `{"N":"1"}`, `,"city":{"S":"Hunter2"}`)}, `the attribute "city", a key of the index "by-city", has the type S, want B`},
		{"an empty index key", defined, []string{item(`{"S":"a"}`, `{"N":"1"}`, `,"city":{"B":""}`)}, `the attribute "city", a key of the index "by-city", is empty`},
		{"a large item", keys, []string{`{"id":"a","v":"` + strings.Repeat("Hunter2", 60_000) + `"}`}, `the item has 420,004 bytes: DynamoDB's limit is 400 KB, 409,600 bytes`},
		{"keys of two types", keys, []string{`{"id":"a"}`, `{"id":7}`}, `line 2: the key attribute "id" has the type N, want S`},
		{"a key of an impossible type", keys, []string{`{"id":{"BOOL":true}}`}, `line 1: the key attribute "id" has the type BOOL, want S, N or B`},
		{"the same key", keys, []string{`{"id":"a"}`, `{"id":"b"}`, `{"id":"a","v":"Hunter2"}`}, `line 3: the item has the same key as the one in line 1: a table has only one item of a key`},
		{"the same number", keys, []string{`{"id":10}`, `{"id":1.0e1}`}, `line 2: the item has the same key as the one in line 1`},
		{"nothing", keys, []string{" ", ""}, `standard input has no items`},
		{"many", keys, []string{`{"id":"a"}`, "{", "x", "{}", "[]", `{"id":true}`, `{"id":"b","v":{"id":"Hunter2"}}`, "x", "x"}, "7 of 9 items in standard input cannot be loaded, so nothing was done:\n  standard input, line 2: invalid JSON"},
		{"many more", keys, []string{`{"id":"a"}`, "{", "x", "{}", "[]", `{"id":true}`, "x", "x"}, "\n  and 2 more"},
	} {
		err := open(t, test.d, test.lines...).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.says)
		}
	}
	fits := open(t, defined, item(`"a"`, `1`, ""), item(`"a"`, `11`, ""), item(`"a1"`, `10`, ""), item(`"b"`, `1`, `,"v":"`+strings.Repeat("ü", 200_000)+`"`), item(`"`+strings.Repeat("x", 2048)+`"`, `1`, ""))
	if err := fits.Check(t.Context()); err != nil || fits.Items() != 5 {
		t.Errorf("got %v, %d items", err, fits.Items())
	}
}

// The sizes follow the documentation: a number has a byte for each two digits and one more, a list or map has 3, and each member 1.
func TestItemSize(t *testing.T) {
	t.Parallel()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	number := &types.AttributeValueMemberN{Value: "-12.50"}
	for _, test := range []struct {
		value types.AttributeValue
		want  int
	}{
		{text("ü"), 2},
		{number, 3},
		{&types.AttributeValueMemberB{Value: make([]byte, 5)}, 5},
		{&types.AttributeValueMemberNULL{Value: true}, 1},
		{&types.AttributeValueMemberBOOL{Value: true}, 1},
		{&types.AttributeValueMemberSS{Value: []string{"a", "bc"}}, 3},
		{&types.AttributeValueMemberNS{Value: []string{"1", "100"}}, 4},
		{&types.AttributeValueMemberBS{Value: [][]byte{{0}, {0, 1}}}, 3},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{text("a"), text("b")}}, 3 + 2 + 2},
		{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"name": text("a")}}, 3 + 1 + 4 + 1},
	} {
		if got := valueSize(test.value); got != test.want {
			t.Errorf("%T: got %d, want %d", test.value, got, test.want)
		}
	}
}

// A table that exists keeps its items. A table that was loaded in part is removed.
func TestLoadNeverLeavesAMixture(t *testing.T) {
	t.Parallel()
	d, err := WithKeys("orderId")
	if err != nil {
		t.Fatal(err)
	}
	exists := testservers.Orders(t, 3)
	table := open(t, d, `{"orderId":"order-00000000"}`)
	if err := table.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := table.Load(t.Context(), testservers.DynamoDB(), exists, nil, nil); err == nil || !strings.Contains(err.Error(), "the table "+exists+" exists already. Loading never writes into a table that it has not created") {
		t.Errorf("got %v", err)
	}
	if count(t, exists) != 3 {
		t.Errorf("%d items", count(t, exists))
	}

	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"orderId":%d}`, i)
	}
	many := open(t, d, lines...)
	if err := many.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := many.Load(ctx, testservers.DynamoDB(), "interrupted", nil, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	gone := dynamodb.NewTableNotExistsWaiter(testservers.DynamoDB(), func(o *dynamodb.TableNotExistsWaiterOptions) { o.MinDelay = time.Millisecond })
	if err := gone.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("interrupted")}, time.Minute); err != nil {
		t.Errorf("after an interruption: %v", err)
	}
}

func count(t *testing.T, table string) int32 {
	t.Helper()
	answer, err := testservers.DynamoDB().Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Count
}

// DynamoDB's own messages can quote an item.
func TestLoadHidesWhatDynamoDBQuotes(t *testing.T) {
	t.Parallel()
	var deleted atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Amz-Target") {
		case "DynamoDB_20120810.BatchWriteItem":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazon.coral.validate#ValidationException","message":"Input collection [Hunter2] contains duplicates."}`))
		case "DynamoDB_20120810.DeleteTable":
			deleted.Add(1)
			_, _ = w.Write([]byte(`{}`))
		default:
			_, _ = w.Write([]byte(`{"Table":{"TableStatus":"ACTIVE"}}`))
		}
	}))
	t.Cleanup(server.Close)
	source, _ := testservers.Configs()
	client := dynamodb.NewFromConfig(source, func(o *dynamodb.Options) { o.BaseEndpoint = &server.URL })
	d, err := WithKeys("id")
	if err != nil {
		t.Fatal(err)
	}
	table := open(t, d, `{"id":"Hunter2"}`)
	if err := table.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = table.Load(t.Context(), client, "items", nil, nil)
	if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "load table items: DynamoDB refused an item with a ValidationException") || deleted.Load() != 1 {
		t.Errorf("got %v, %d deleted", err, deleted.Load())
	}
}
