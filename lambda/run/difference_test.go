package run_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"
)

func TestDifferenceNamesTheFirstOne(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ got, want, says string }{
		{`{}`, `{}`, ""},
		{`{"b": [1, {"c": "x"}], "a": null}`, `{"b": [1, {"c": "x"}]}`, ""},
		{`{"a": {"M": {"x": 1, "y": 2}}}`, `{"a": {"M": {"y": 2, "x": 1}}}`, ""},
		{`{"a": 1, "b": 1}`, `{"a": 2, "b": 2}`, "a is 1, and must be 2"},
		{`{"a": 10000000000000000001}`, `{"a": 10000000000000000002}`, "a is 10000000000000000001, and must be 10000000000000000002"},
		{`{"a": {"b": "x"}}`, `{"a": {"b": "y"}}`, `a.b is "x", and must be "y"`},
		{`{"a": {"b": "x"}}`, `{"a": {}}`, `a.b is "x", and must be nothing`},
		{`{"a": {}}`, `{"a": {"b": false}}`, `a.b is nothing, and must be false`},
		{`{"a": {"b": 1}}`, `{}`, `a is an object, and must be nothing`},
		{`{"a": {}}`, `{"a": []}`, `a is an object, and must be a list`},
		{`{"a": [0, 1]}`, `{"a": [0, 1, 2]}`, "a[2] is nothing, and must be 2"},
		{`{"a": [0, 1, 2]}`, `{"a": [0, 1]}`, "a[2] is 2, and must be nothing"},
		{`{"a": [{"b": 1}]}`, `{"a": [{"b": 2}]}`, "a[0].b is 1, and must be 2"},
		{`{"ExpressionAttributeNames": {"#a": "x"}}`, `{"ExpressionAttributeNames": {"#a": "y"}}`, `ExpressionAttributeNames.#a is "x", and must be "y"`},
		{`{"ExpressionAttributeValues": {":a": {"S": "s3cr3t"}}}`, `{"ExpressionAttributeValues": {":a": {"S": "another s3cr3t"}}}`, "ExpressionAttributeValues has another value"},
		{`{"ExpressionAttributeValues": {":a": {"M": {"s3cr3t": {"S": "x"}}}}}`, `{"ExpressionAttributeValues": {":a": {"M": {}}}}`, "ExpressionAttributeValues has another value"},
		{`{}`, `{"ExpressionAttributeValues": {":a": {"S": "s3cr3t"}}}`, "ExpressionAttributeValues has another value"},
		{`{"AttributeValueList": [{"S": "s3cr3t"}]}`, `{"AttributeValueList": []}`, "AttributeValueList has another value"},
		{`{"transform": "\"s3cr3t\""}`, `{"transform": "."}`, "transform has another value"},
		{`{"a\u0000 b": 1}`, `{}`, `"a\x00 b" is 1, and must be nothing`},
		{`"` + strings.Repeat("x", 5000) + `"`, `1`, `x"…, and must be 1`},
	} {
		got := run.Difference(json.RawMessage(test.got), json.RawMessage(test.want))
		if (got == "") != (test.says == "") || !strings.Contains(got, test.says) || strings.Contains(got, "s3cr3t") || len(got) > 300 {
			t.Errorf("%.200s and %.200s: got %q, want %q", test.got, test.want, got, test.says)
		}
	}
}
