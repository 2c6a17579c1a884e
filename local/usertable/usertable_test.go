package usertable

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dynamodb-to-s3/local/itemfile"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestMain(m *testing.M) { testservers.Main(m) }

const described = `{"Table": {"TableName": "orders", "TableStatus": "ACTIVE", "CreationDateTime": "2026-01-31T06:00:00.123000+01:00", "ItemCount": 7,
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "city", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0}, "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
	"GlobalSecondaryIndexes": [{"IndexName": "by-city", "IndexStatus": "ACTIVE", "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
		"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]}, "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}}],
	"LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "city", "KeyType": "RANGE"}],
		"Projection": {"ProjectionType": "KEYS_ONLY"}, "IndexSizeBytes": 0}]}}`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, d Definition, lines ...string) *Table {
	t.Helper()
	table, err := Open(d, itemfile.Stdin, strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Close)
	return table
}

// The output of describe-table, with and without Table around it, creates the same table in DynamoDB.
func TestDefinitionCreatesTheTable(t *testing.T) {
	t.Parallel()
	provisioned := strings.ReplaceAll(described, `CapacityUnits": 0`, `CapacityUnits": 5`)
	for i, text := range []string{described, strings.TrimSuffix(strings.TrimPrefix(described, `{"Table": `), "}"), provisioned} {
		d, err := ReadDefinition(write(t, text))
		if err != nil || d.Name != "orders" {
			t.Fatalf("%v, %v", d, err)
		}
		name := fmt.Sprintf("described-%d", i)
		table := open(t, d, `{"pk":{"S":"a"},"sk":{"N":"1"},"city":{"B":"AA=="}}`)
		if err := table.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := table.Load(t.Context(), testservers.DynamoDB(), name, nil, nil); err != nil {
			t.Fatal(err)
		}
		answer, err := testservers.DynamoDB().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		made, index, local := answer.Table, answer.Table.GlobalSecondaryIndexes[0], answer.Table.LocalSecondaryIndexes[0]
		if units := aws.ToInt64(made.ProvisionedThroughput.ReadCapacityUnits); (units == 5) != (text == provisioned) || (aws.ToInt64(index.ProvisionedThroughput.ReadCapacityUnits) == 5) != (text == provisioned) {
			t.Errorf("%d: %d read units", i, units)
		}
		if len(made.KeySchema) != 2 || *made.KeySchema[1].AttributeName != "sk" || *index.IndexName != "by-city" || *index.KeySchema[0].AttributeName != "city" ||
			!reflect.DeepEqual(index.Projection.NonKeyAttributes, []string{"total"}) || *local.IndexName != "local" || local.Projection.ProjectionType != types.ProjectionTypeKeysOnly {
			t.Errorf("%d: got %+v", i, made)
		}
	}
}

func TestWrongDefinitions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		says []string
	}{
		{`{`, []string{"not valid JSON"}},
		{`[]`, []string{"want an object"}},
		{`{}`, []string{"KeySchema: want the partition key with KeyType HASH"}},
		{`{"KeySchma": []}`, []string{`KeySchma: unknown field, did you mean "KeySchema"?`}},
		{strings.ReplaceAll(described, `"IndexName": "by-city"`, `"IndxName": "by-city"`), []string{`GlobalSecondaryIndexes[0].IndxName: unknown field, did you mean "IndexName"?`}},
		{strings.ReplaceAll(described, `"AttributeType": "N"`, `"AttributeType": "NUMBER"`), []string{`AttributeDefinitions[1].AttributeType: got "NUMBER", want S, N or B`}},
		{
			`{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "b", "KeyType": "RANGE"}]}`,
			[]string{`KeySchema: want the partition key`, `KeySchema[0].AttributeName: got "b", want a name in AttributeDefinitions`},
		},
	} {
		_, err := ReadDefinition(write(t, test.text))
		if err == nil {
			t.Errorf("%s: no error", test.text)
			continue
		}
		for _, want := range test.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", test.text, err, want)
			}
		}
	}
	for _, names := range []string{"", ",", "a,", ",b", "a,b,c", "a,a"} {
		if _, err := WithKeys(names); err == nil || !strings.Contains(err.Error(), "want the name of the partition key") {
			t.Errorf("%q: got %v", names, err)
		}
	}
}

// The identity is that of the definition, the name and the items, wherever the files are.
func TestIdentity(t *testing.T) {
	t.Parallel()
	identity := func(key, name string, lines ...string) string {
		d, err := WithKeys(key)
		if err != nil {
			t.Fatal(err)
		}
		table := open(t, d, lines...)
		if err := table.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		return string(table.Identity(name))
	}
	first := identity("id", "items", `{"id":"a","v":"x"}`)
	if identity("id", "items", `{"id":"a","v":"x"}`) != first {
		t.Error("the same table has another identity")
	}
	for _, other := range []string{
		identity("id", "others", `{"id":"a","v":"x"}`), identity("id,v", "items", `{"id":"a","v":"x"}`), identity("id", "items", `{"id":"a","v":"y"}`),
		identity("id", "items", `{"id":"a","v":"x"}`, `{"id":"b"}`),
	} {
		if other == first {
			t.Error("another table has the same identity")
		}
	}
}
