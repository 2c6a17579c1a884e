package chaos

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func orderOf(id, total string, paid bool) verify.Item {
	return verify.Item{
		"orderId": &types.AttributeValueMemberS{Value: id}, "total": &types.AttributeValueMemberN{Value: total},
		"paid": &types.AttributeValueMemberBOOL{Value: paid},
	}
}

// A check that cannot fail proves nothing: each of these commits has one wrong record or one record too few or too many.
func TestCheckOfRecordsFinds(t *testing.T) {
	t.Parallel()
	table := &table{items: map[string]*history{
		"a": {versions: []verify.Item{orderOf("a", "600", true)}, throughout: true},
		"b": {versions: []verify.Item{orderOf("b", "1.5", false), orderOf("b", "2.5", false)}, throughout: true},
		"c": {versions: []verify.Item{orderOf("c", "1", true)}}, // it was added or deleted during the run
	}}
	for _, test := range []struct {
		name   string
		format request.Format
		recipe recipe
		lines  string
		says   string
	}{
		{"nothing", request.FormatDynamoDBJSON, recipe{}, `{"Item":{"orderId":{"S":"a"},"total":{"N":"600"},"paid":{"BOOL":true}}}
{"Item":{"orderId":{"S":"b"},"total":{"N":"2.5"},"paid":{"BOOL":false}}}`, ""},
		{"nothing in Ion", request.FormatION, recipe{}, `$ion_1_0 {Item:{orderId:"a",total:6d2,paid:true}}
$ion_1_0 {Item:{orderId:"b",total:1.5,paid:false}}`, ""},
		{"nothing in plain JSON", request.FormatJSON, recipe{}, `{"paid":true,"total":6E2,"orderId":"a"}
{"orderId":"b","total":2.5,"paid":false}
{"orderId":"c","total":1,"paid":true}`, ""},
		{"a lost item", request.FormatJSON, recipe{}, `{"orderId":"a","total":600,"paid":true}`, `1 items are lost, such as "b"`},
		{"a string for a number", request.FormatDynamoDBJSON, recipe{}, `{"Item":{"orderId":{"S":"a"},"total":{"S":"600"},"paid":{"BOOL":true}}}
{"Item":{"orderId":{"S":"b"},"total":{"N":"2.5"},"paid":{"BOOL":false}}}`, `item "a" are not those of one of the 1 versions`},
		{"an item twice", request.FormatJSON, recipe{}, `{"orderId":"a","total":600,"paid":true}
{"orderId":"a","total":600,"paid":true}
{"orderId":"b","total":2.5,"paid":false}`, `item "a" twice`},
		{"an item of no version", request.FormatION, recipe{}, `$ion_1_0 {Item:{orderId:"a",total:600.1,paid:true}}
$ion_1_0 {Item:{orderId:"b",total:1.5,paid:false}}`, `item "a" are not those of one of the 1 versions`},
		{"an item of another table", request.FormatJSON, recipe{}, `{"orderId":"z"}`, `item "z" was never`},
		{"an item that the transform drops", request.FormatJSON, transforms[0], `{"orderId":"a","total":600,"paid":true}
{"orderId":"b","total":2.5,"paid":false}`, `item "b" twice`},
		{"an attribute that is not projected", request.FormatJSON, recipe{project: []string{"orderId"}}, `{"orderId":"a"}
{"orderId":"b","total":2.5}`, `item "b" are not those`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			check := &recordCheck{scenario: Scenario{Format: test.format, recipe: test.recipe}, table: table, seen: map[string][]string{}}
			for line := range strings.Lines(test.lines) {
				if err := check.add([]byte(line)); err != nil {
					t.Fatal(err)
				}
			}
			switch err := check.complete(); {
			case test.says == "" && err != nil:
				t.Error(err)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("got %v, want … %s …", err, test.says)
			}
		})
	}
}
