package chaos

import (
	"maps"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A recipe is a part of a request that decides which records a run makes of the items, and the same in Go. The two share no code.
type recipe struct {
	fields map[string]any // of the request
	scan   map[string]any // of its field scan
	// keep and project do what DynamoDB does; nil for all items and all attributes.
	keep    func(verify.Item) bool
	project []string
	// records does what the transform does, with the item as plain JSON.
	records func(plain map[string]any) []any
}

func attribute[T types.AttributeValue](item verify.Item, name string) T {
	value, _ := item[name].(T)
	return value
}

func hasStatus(status string) func(verify.Item) bool {
	return func(item verify.Item) bool {
		return attribute[*types.AttributeValueMemberS](item, "status").Value == status
	}
}

func isPaid(item verify.Item) bool {
	return attribute[*types.AttributeValueMemberBOOL](item, "paid").Value
}

var transforms = []recipe{
	{ // drops items
		fields: map[string]any{"transform": `select(.paid)`},
		records: func(plain map[string]any) []any {
			if plain["paid"] == true {
				return []any{plain}
			}
			return nil
		},
	},
	{ // makes several records of one item
		fields: map[string]any{"transform": `.orderId as $id | .lines[] | {orderId: $id, sku, price}`},
		records: func(plain map[string]any) (records []any) {
			for _, line := range plain["lines"].([]any) {
				line := line.(map[string]any)
				records = append(records, map[string]any{"orderId": plain["orderId"], "sku": line["sku"], "price": line["price"]})
			}
			return records
		},
	},
	{ // makes no record
		fields:  map[string]any{"transform": `select(.status == "unknown")`},
		records: func(map[string]any) []any { return nil },
	},
	{ // makes two records of some items, and none of others
		fields: map[string]any{"transform": `select(.paid) | {orderId, total}, {orderId, city: .customer.address.city}`},
		records: func(plain map[string]any) []any {
			if plain["paid"] != true {
				return nil
			}
			address := plain["customer"].(map[string]any)["address"].(map[string]any)
			return []any{
				map[string]any{"orderId": plain["orderId"], "total": plain["total"]},
				map[string]any{"orderId": plain["orderId"], "city": address["city"]},
			}
		},
	},
}

var (
	statusName = map[string]string{"#s": "status"}
	ofStatus   = func(status string) map[string]any { return map[string]any{":s": map[string]string{"S": status}} }
)

var filters = []recipe{
	{
		scan: map[string]any{"FilterExpression": "#s = :s", "ExpressionAttributeNames": statusName, "ExpressionAttributeValues": ofStatus("paid")},
		keep: hasStatus("paid"),
	},
	{ // no item passes
		scan: map[string]any{"FilterExpression": "#s = :s", "ExpressionAttributeNames": statusName, "ExpressionAttributeValues": ofStatus("unknown")},
		keep: func(verify.Item) bool { return false },
	},
	{
		scan:    map[string]any{"ProjectionExpression": "orderId, #s, tags, noise", "ExpressionAttributeNames": statusName},
		project: []string{"orderId", "status", "tags", "noise"},
	},
	{
		scan: map[string]any{
			"FilterExpression": "paid = :p", "ProjectionExpression": "orderId, customer, paid",
			"ExpressionAttributeValues": map[string]any{":p": map[string]bool{"BOOL": true}},
		},
		keep: isPaid, project: []string{"orderId", "customer", "paid"},
	},
	{ // the legacy parameters
		scan: map[string]any{
			"ScanFilter":      map[string]any{"status": map[string]any{"ComparisonOperator": "EQ", "AttributeValueList": []any{map[string]string{"S": "new"}}}},
			"AttributesToGet": []string{"orderId", "status", "total"},
		},
		keep: hasStatus("new"), project: []string{"orderId", "status", "total"},
	},
}

// drawRecipe draws the parts of the request that Scenario.Request asks for, and the format.
func (s *Scenario) drawRecipe() {
	random := draw(s.Seed, "recipe")
	switch s.Request {
	case kindTransform:
		s.recipe = pick(random, transforms...)
		s.Format = request.FormatJSON
	case kindFilter:
		s.recipe = pick(random, filters...)
	case kindIndex:
		s.index = pick(random, indexes...)
		s.recipe = recipe{scan: map[string]any{"IndexName": s.index.name}, keep: s.index.has, project: s.index.projected()}
	case kindSegment:
		of := 2 + random.IntN(3)
		s.segment, s.segments = random.IntN(of), of
		s.recipe = recipe{scan: map[string]any{"TotalSegments": s.segments, "Segment": s.segment}}
	case kindPace:
		s.recipe = recipe{fields: map[string]any{"readUnitsPerSecond": pick(random, 20, 40, 200)}}
	case kindPercent:
		s.recipe = recipe{fields: map[string]any{"readPercent": pick(random, 25, 50)}}
		s.Rates[faultCapacity] = 0.3
	}
}

// addTo adds the recipe to the fields of a request.
func (r recipe) addTo(fields map[string]any) {
	maps.Copy(fields, r.fields)
	if scan, ok := fields["scan"].(map[string]any); ok {
		maps.Copy(scan, r.scan)
	}
}
