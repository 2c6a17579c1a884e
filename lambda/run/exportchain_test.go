package run_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

const ordersARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"

// chainOf returns the chain of a request of the table orders, which fields complete.
func chainOf(t *testing.T, fields string) run.ExportChain {
	t.Helper()
	req, err := request.Parse(json.RawMessage(`{"table": "orders", `+fields+`}`), json.RawMessage(`{"bucket": "lake", "prefix": "raw"}`))
	if err != nil {
		t.Fatal(err)
	}
	return run.ChainOf(req, ordersARN)
}

func TestJournalOfAChainLiesInTheConstantPartOfThePrefix(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"":                       "AWSDynamoDB/_chains/orders-",
		"lake":                   "lake/AWSDynamoDB/_chains/orders-",
		"lake/{table}/":          "lake/orders/AWSDynamoDB/_chains/orders-",
		"lake/{table}/{date}":    "lake/orders/AWSDynamoDB/_chains/orders-",
		"lake/year={year}/{day}": "lake/AWSDynamoDB/_chains/orders-",
		"{date}/{table}":         "AWSDynamoDB/_chains/orders-",
	} {
		got := chainOf(t, `"prefix": "`+prefix+`", "export": {"from": "last"}`).Journal()
		if rest, ok := strings.CutPrefix(got, want); !ok || len(rest) != len("0123456789ab.json") {
			t.Errorf("%q: got %s, want %s and a digest", prefix, got, want)
		}
	}
}

// Each of these chains does other work, so each has a journal of its own.
func TestChainsWithOtherWorkHaveOtherJournals(t *testing.T) {
	t.Parallel()
	const key = `"kmsKeyId": "alias/lake"`
	seen := map[string]string{}
	for _, fields := range []string{
		`"export": {"from": "last"}`,
		`"bucket": "lake2", "export": {"from": "last"}`,
		`"prefix": "raw/{date}", "export": {"from": "last"}`,
		`"prefix": "raw/{year}/{month}", "export": {"from": "last"}`,
		`"export": {"from": "last", "format": "ION"}`,
		`"export": {"from": "last", "viewType": "NEW_IMAGE"}`,
		`"export": {"from": "last", "s3SseAlgorithm": "AES256"}`,
		`"export": {"from": "last", "s3SseAlgorithm": "KMS"}`,
		`"export": {"from": "last"}, ` + key,
		`"export": {"from": "last", "s3SseKmsKeyId": "alias/other"}`,
		`"export": {"from": "last", "s3BucketOwner": "123456789012"}`,
		`"export": {"from": "last", "filter": {"FilterExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}}`,
		`"export": {"from": "last", "filter": {"FilterExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "y"}}}}`,
		`"export": {"from": "last", "filter": {"FilterExpression": "#a = :a", "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":a": {"S": "x"}}}}`,
		`"export": {"from": "last", "filter": {"ProjectionExpression": "a"}}`,
		`"export": {"from": "last", "filter": {"KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}}`,
	} {
		journal := chainOf(t, fields).Journal()
		if seen[journal] != "" {
			t.Errorf("%s and %s share %s", fields, seen[journal], journal)
		}
		seen[journal] = fields
	}
	for _, arn := range []string{strings.Replace(ordersARN, "123", "321", 1), strings.Replace(ordersARN, "eu-west", "us-west", 1), ordersARN + "2"} {
		if chain := chainOf(t, `"export": {"from": "last"}`); seen[run.ExportChain.Journal(chain)] == "" {
			t.Fatal("the first chain has another journal now")
		} else if chain.TableARN = arn; seen[chain.Journal()] != "" {
			t.Errorf("%s shares a journal with %s", arn, ordersARN)
		}
	}
}

// These are two ways to write one chain.
func TestSameChainHasOneJournal(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{`"prefix": "raw/", "export": {"from": "last"}`, `"export": {"from": "last"}`},
		{`"export": {"from": "last", "exportType": "INCREMENTAL", "format": "DYNAMODB_JSON", "viewType": "NEW_AND_OLD_IMAGES"}`, `"export": {"from": "last"}`},
		{`"export": {"from": "last", "to": "2026-01-31T06:00:00Z", "maxAttempts": 3, "checkIntervalSeconds": 5}`, `"export": {"from": "last"}`},
		{`"export": {"from": "last"}, "kmsKeyId": "alias/lake", "bucketOwner": "123456789012"`, `"export": {"from": "last", "s3SseAlgorithm": "KMS", "s3SseKmsKeyId": "alias/lake", "s3BucketOwner": "123456789012"}`},
		{
			`"export": {"from": "last", "filter": {"FilterExpression": "a = :a AND b < :b", "ExpressionAttributeValues": {":a": {"M": {"x": {"S": "<"}, "y": {"S": "2"}}}, ":b": {"N": "1"}}}}`,
			`"export": {"from": "last", "filter": {"ExpressionAttributeValues": {":b": { "N": "1" }, ":a": {"M": {"y": {"S": "\u0032"}, "x": {"S": "\u003c"}}}}, "FilterExpression": "a = :a AND b < :b"}}`,
		},
	} {
		one, other := chainOf(t, pair[0]), chainOf(t, pair[1])
		if one.Journal() != other.Journal() || len(one.Differences(other)) > 0 {
			t.Errorf("%s and %s differ in %v", pair[0], pair[1], one.Differences(other))
		}
		var again run.ExportChain // as a function reads it from the state
		if err := json.Unmarshal(run.Marshal(one), &again); err != nil || again.Journal() != one.Journal() {
			t.Errorf("after JSON, %s has another journal, %v", pair[0], err)
		}
		respelled := strings.ReplaceAll(string(run.Marshal(one)), `{"x":{"S":"\u003c"},"y":{"S":"2"}}`, `{"y":{"S":"\u0032"},"x":{"S":"<"}}`)
		if err := json.Unmarshal([]byte(respelled), &again); err != nil || again.Journal() != one.Journal() || len(again.Differences(one)) > 0 {
			t.Errorf("after JSON that is written in another way, %s has another journal, %v", pair[0], err)
		}
	}
}

func TestDifferencesOfChainsAreNamed(t *testing.T) {
	t.Parallel()
	chain := chainOf(t, `"export": {"from": "last"}`)
	other := chainOf(t, `"bucket": "b-2", "prefix": "p", "kmsKeyId": "k", "export": {"from": "last", "format": "ION", "viewType": "NEW_IMAGE", "s3BucketOwner": "123456789012", "filter": {"ProjectionExpression": "a"}}`)
	other.TableARN += "2"
	want := []string{"tableArn", "bucket", "prefix", "format", "viewType", "filter", "s3BucketOwner", "s3SseAlgorithm", "s3SseKmsKeyId"}
	if diff := cmp.Diff(want, chain.Differences(other)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := chain.Differences(chain); len(got) > 0 {
		t.Errorf("a chain differs from itself in %v", got)
	}
}
