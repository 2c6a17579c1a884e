package table_test

import (
	"errors"
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
)

// A refusal has DynamoDB's message, but none of the values in the request. The messages are DynamoDB's own; dynalite has some of them.
func TestRefusalsHaveNoValues(t *testing.T) {
	t.Parallel()
	values := map[string]request.AttributeValue{
		":s": []byte(`{"S":"s3cr3t"}`), ":n": []byte(`{"N":"4711.5"}`), ":k": []byte(`{"S":"total"}`), ":a": []byte(`{"S":"a"}`),
		":m": []byte(`{"M":{"pin":{"L":[{"NS":["9876"]},{"SS":["mail@example.com"]},{"B":"c2VhbGVk"},{"BS":["Ym90dGxl","gKYg"]}]}}}`),
	}
	legacy := map[string]request.Condition{"at": {ComparisonOperator: "EQ", AttributeValueList: []request.AttributeValue{[]byte(`{"S":"legacy value"}`)}}}
	for _, test := range []struct{ message, want string }{
		{"Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: total", ""},
		{"Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :total", ""},
		{"Invalid FilterExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N", ""},
		{"Value provided in ExpressionAttributeValues unused in expressions: keys: {:s, :total}", ""},
		{"The table does not have the specified index: by-day", ""},
		{
			"Invalid FilterExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {S:s3cr3t}, upper bound operand: AttributeValue: {M:{pin={S:}}}}",
			"Invalid FilterExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {…}",
		},
		{
			`Invalid FilterExpression: Syntax error; token: "'s3cr3t'", near: "= 's3cr3t' AND"`, `Invalid FilterExpression: Syntax error; token: "…", near: "= … AND"`,
		},
		{
			`Invalid FilterExpression: Syntax error; token: ""ann@example.com", near: "n1 > 4711.5 AND "ann@example.com"`,
			`Invalid FilterExpression: Syntax error; token: "…", near: "n1 > … AND …"`,
		},
		{`Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: "a,"`, ""},
		{"Invalid FilterExpression: Invalid attribute type name found; type: s3cr3t, valid types: {B,NULL,SS}", "Invalid FilterExpression: Invalid attribute type name found; type: …, valid types: {B,NULL,SS}"},
		{
			"ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: 4711.5 for key :n",
			"ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: … for key :n",
		},
		{
			"One or more parameter values were invalid: Input collection [a, b]c] contains duplicates.",
			"One or more parameter values were invalid: Input collection […] contains duplicates.",
		},
		{"No pin, no 9876, no mail@example.com, no sealed, no bottle, no legacy value.", "No …, no …, no …, no …, no …, no …."},
		{"The bytes of a value … are part of a letter.", ""},
		{"A value of the length one is part of a word, and so are others: totals, subtotal.", ""},
	} {
		refused := answer{status: 400, body: fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":%q}`, test.message)}
		plan := run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1, Request: request.Scan{ExpressionAttributeValues: values, ScanFilter: legacy}}}
		err := table.Ask(t.Context(), clientOf(t, &wire{answers: []answer{refused}}), plan)
		refusal, ok := errors.AsType[*table.RefusedError](err)
		if test.want == "" {
			test.want = test.message
		}
		if !ok || refusal.Message != test.want || failure.NameOf(err) != failure.ScanRefused || err.Error() != `scan table "orders": DynamoDB refused the scan of table "orders": `+test.want {
			t.Errorf("%s: got %v\nwant %s", failure.NameOf(err), err, test.want)
		}
	}
}
