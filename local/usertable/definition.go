package usertable

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/problem"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Definition says how a table is created.
type Definition struct {
	// Name is the name in the definition, "" if there is none.
	Name  string
	input dynamodb.CreateTableInput
	keys  []key
}

// key is an attribute that is a key of the table or of an index.
type key struct {
	name, index string // index is "" for the table's own key
	kind        types.ScalarAttributeType
}

// tableDocument is a description of a table, as DescribeTable returns it or as CreateTable takes it, without what has no
// influence on the items.
type tableDocument struct {
	TableName              string      `json:"TableName"`
	AttributeDefinitions   []attribute `json:"AttributeDefinitions"`
	KeySchema              []element   `json:"KeySchema"`
	GlobalSecondaryIndexes []index     `json:"GlobalSecondaryIndexes"`
	LocalSecondaryIndexes  []index     `json:"LocalSecondaryIndexes"`
	ProvisionedThroughput  *throughput `json:"ProvisionedThroughput"`
}

type attribute struct {
	AttributeName string `json:"AttributeName"`
	AttributeType string `json:"AttributeType"`
}

type element struct {
	AttributeName string `json:"AttributeName"`
	KeyType       string `json:"KeyType"`
}

type index struct {
	IndexName  string    `json:"IndexName"`
	KeySchema  []element `json:"KeySchema"`
	Projection *struct {
		ProjectionType   string   `json:"ProjectionType"`
		NonKeyAttributes []string `json:"NonKeyAttributes"`
	} `json:"Projection"`
	ProvisionedThroughput *throughput `json:"ProvisionedThroughput"`
}

type throughput struct {
	ReadCapacityUnits  int64 `json:"ReadCapacityUnits"`
	WriteCapacityUnits int64 `json:"WriteCapacityUnits"`
}

// sdkTypes are DynamoDB's own types, whose other members are ignored.
var sdkTypes = map[reflect.Type][]reflect.Type{
	reflect.TypeFor[tableDocument](): {reflect.TypeFor[types.TableDescription](), reflect.TypeFor[dynamodb.CreateTableInput]()},
	reflect.TypeFor[index](): {
		reflect.TypeFor[types.GlobalSecondaryIndex](), reflect.TypeFor[types.GlobalSecondaryIndexDescription](), reflect.TypeFor[types.LocalSecondaryIndexDescription](),
	},
	reflect.TypeFor[throughput](): {reflect.TypeFor[types.ProvisionedThroughputDescription]()},
}

// ignoreOthers removes the members that DynamoDB has in a type and that this package does not read.
func ignoreOthers(node *document.Node, into reflect.Type) {
	switch into.Kind() {
	case reflect.Pointer:
		ignoreOthers(node, into.Elem())
	case reflect.Slice:
		for _, element := range node.Elements {
			ignoreOthers(element, into.Elem())
		}
	case reflect.Struct:
		node.Members = slices.DeleteFunc(node.Members, func(member document.Member) bool {
			if field, read := into.FieldByName(member.Name); read {
				ignoreOthers(member.Value, field.Type)
				return false
			}
			return slices.ContainsFunc(sdkTypes[into], func(own reflect.Type) bool {
				_, known := own.FieldByName(member.Name)
				return known
			})
		})
	}
}

// ReadDefinition reads the definition of a table: the output of aws dynamodb describe-table, or the input of create-table, as JSON.
// The error has every problem.
func ReadDefinition(path string) (Definition, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Definition{}, err
	}
	node, err := document.JSON(text)
	if err != nil {
		return Definition{}, err
	}
	if len(node.Members) == 1 && node.Members[0].Name == "Table" {
		node = node.Members[0].Value
	}
	ignoreOthers(node, reflect.TypeFor[tableDocument]())
	var table tableDocument
	report := document.NewReport()
	document.Decoder{Report: report}.Decode(node, &table)
	definition := table.definition(report)
	if len(report.Problems) > 0 {
		return Definition{}, report.Problems
	}
	return definition, nil
}

// WithKeys returns the definition of a table without indexes whose key has these names: the partition key and, after a comma, the sort
// key. The first item shows their types.
func WithKeys(names string) (Definition, error) {
	var d Definition
	for i, name := range strings.Split(names, ",") {
		if name == "" || i > 1 || i > 0 && name == d.keys[0].name {
			return d, fmt.Errorf("got %s, want the name of the partition key, or of the partition key and the sort key, such as id or customer,orderId", problem.Quote(names))
		}
		d.keys = append(d.keys, key{name: name})
	}
	return d, nil
}

// definition returns the definition that a document gives. It reports what DynamoDB would refuse about the keys.
func (t tableDocument) definition(report *document.Report) Definition {
	d := Definition{Name: t.TableName}
	kinds := map[string]types.ScalarAttributeType{}
	for i, each := range t.AttributeDefinitions {
		path := document.Element("AttributeDefinitions", i)
		kind := types.ScalarAttributeType(each.AttributeType)
		if !slices.Contains(kind.Values(), kind) && report.Understood(document.Join(path, "AttributeType")) {
			report.Add(document.Join(path, "AttributeType"), problem.Quote(each.AttributeType), "S, N or B")
		}
		kinds[each.AttributeName] = kind
		d.input.AttributeDefinitions = append(d.input.AttributeDefinitions, types.AttributeDefinition{AttributeName: &each.AttributeName, AttributeType: kind})
	}
	schema := func(path, index string, elements []element) (schema []types.KeySchemaElement) {
		if len(elements) == 0 || len(elements) > 2 || elements[0].KeyType != "HASH" || len(elements) == 2 && elements[1].KeyType != "RANGE" {
			report.Add(path, "", "want the partition key with KeyType HASH and, if there is a sort key, the sort key with KeyType RANGE after it")
		}
		for i, each := range elements {
			if kinds[each.AttributeName] == "" {
				report.Add(document.Join(document.Element(path, i), "AttributeName"), problem.Quote(each.AttributeName), "a name in AttributeDefinitions")
			}
			d.keys = append(d.keys, key{name: each.AttributeName, index: index, kind: kinds[each.AttributeName]})
			schema = append(schema, types.KeySchemaElement{AttributeName: &each.AttributeName, KeyType: types.KeyType(each.KeyType)})
		}
		return schema
	}
	d.input.KeySchema = schema("KeySchema", "", t.KeySchema)
	d.input.BillingMode, d.input.ProvisionedThroughput = t.ProvisionedThroughput.capacity()
	for i, each := range t.GlobalSecondaryIndexes {
		made := types.GlobalSecondaryIndex{
			IndexName: &each.IndexName, KeySchema: schema(document.Join(document.Element("GlobalSecondaryIndexes", i), "KeySchema"), each.IndexName, each.KeySchema),
			Projection: each.projection(),
		}
		if d.input.ProvisionedThroughput != nil {
			if _, made.ProvisionedThroughput = each.ProvisionedThroughput.capacity(); made.ProvisionedThroughput == nil {
				made.ProvisionedThroughput = d.input.ProvisionedThroughput
			}
		}
		d.input.GlobalSecondaryIndexes = append(d.input.GlobalSecondaryIndexes, made)
	}
	for i, each := range t.LocalSecondaryIndexes {
		d.input.LocalSecondaryIndexes = append(d.input.LocalSecondaryIndexes, types.LocalSecondaryIndex{
			IndexName: &each.IndexName, KeySchema: schema(document.Join(document.Element("LocalSecondaryIndexes", i), "KeySchema"), each.IndexName, each.KeySchema),
			Projection: each.projection(),
		})
	}
	return d
}

// capacity returns the billing mode, and the capacity of a provisioned table. In the description of an on-demand table it is 0.
func (t *throughput) capacity() (types.BillingMode, *types.ProvisionedThroughput) {
	if t == nil || t.ReadCapacityUnits <= 0 || t.WriteCapacityUnits <= 0 {
		return types.BillingModePayPerRequest, nil
	}
	return types.BillingModeProvisioned, &types.ProvisionedThroughput{ReadCapacityUnits: &t.ReadCapacityUnits, WriteCapacityUnits: &t.WriteCapacityUnits}
}

func (i index) projection() *types.Projection {
	if i.Projection == nil {
		return &types.Projection{ProjectionType: types.ProjectionTypeAll}
	}
	return &types.Projection{ProjectionType: types.ProjectionType(i.Projection.ProjectionType), NonKeyAttributes: i.Projection.NonKeyAttributes}
}

// createInput returns the input of CreateTable, after the items have shown the types of all keys.
func (d Definition) createInput(name string) *dynamodb.CreateTableInput {
	input := d.input
	input.TableName = &name
	if len(input.KeySchema) > 0 {
		return &input
	}
	input.BillingMode = types.BillingModePayPerRequest
	for i, key := range d.keys {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key.name, AttributeType: key.kind})
		input.KeySchema = append(input.KeySchema, types.KeySchemaElement{AttributeName: aws.String(key.name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
	}
	return &input
}
