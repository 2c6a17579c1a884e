package request_test

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

// A run of a part of a table must not take the place of the whole table in the catalog.
func TestWholeTable(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]bool{
		`"segments": 4, "format": "PARQUET", "columns": {"a": {"type": "string"}}`: true,
		`"scan": {"ConsistentRead": true}`:                                         true,
		`"export": {}`:                                                             true,
		`"export": {"from": "last", "viewType": "NEW_IMAGE"}`:                      true,
		`"export": {"filter": {"FilterExpression": "attribute_exists(a)"}}`:        false,
		`"scan": {"FilterExpression": "attribute_exists(a)"}`:                      false,
		`"scan": {"ProjectionExpression": "a"}`:                                    false,
		`"scan": {"AttributesToGet": ["a"]}`:                                       false,
		`"scan": {"ScanFilter": {"a": {"ComparisonOperator": "NOT_NULL"}}}`:        false,
		`"scan": {"IndexName": "by-a"}`:                                            false,
		`"scan": {"Segment": 0, "TotalSegments": 2}`:                               false,
		`"transform": "{a}"`:                                                       false,
	} {
		req, err := request.Parse(json.RawMessage(`{"table": "orders", "bucket": "lake", `+fields+`}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := req.WholeTable(); got != want {
			t.Errorf("%s: got %v", fields, got)
		}
	}
}
