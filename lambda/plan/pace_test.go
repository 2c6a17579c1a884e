package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A pace is a part of the table's capacity or of the index's. It decides how many segments run at the same time.
func TestPlanKeepsAPace(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t) // 400 units, and an index with 2,500
	for i, test := range []struct {
		name, fields string
		units        float64
		concurrency  int
	}{
		{"none", `"segments": 50`, 0, 1},
		{"units", `"segments": 50, "readUnitsPerSecond": 99.5`, 99.5, 1},
		{"units for several segments", `"segments": 50, "readUnitsPerSecond": 2000`, 2000, 8},
		{"units for more segments than there are", `"segments": 5, "readUnitsPerSecond": 2000`, 2000, 5},
		{"units for more segments than are useful", `"segments": 500, "readUnitsPerSecond": 1e6`, 1e6, 100},
		{"more than the table has", `"segments": 50, "readUnitsPerSecond": 10000`, 10_000, 40},
		{"a part of the table's capacity", `"segments": 50, "readPercent": 12.5`, 50, 1},
		{"a part of the index's", `"segments": 50, "readPercent": 80, "scan": {"IndexName": "by-day"}`, 2000, 8},
		{"concurrency that is given", `"segments": 50, "concurrency": 50, "readUnitsPerSecond": 50`, 50, 50},
		{"more concurrency than segments", `"segments": 3, "concurrency": 50, "readUnitsPerSecond": 5`, 5, 3},
		{"less than a unit for one", `"segments": 3, "concurrency": 1, "readUnitsPerSecond": 0.25`, 0.25, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := planRun(t, fmt.Sprintf("run-%d", i), fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, bucket, test.fields))
			if err != nil {
				t.Fatal(err)
			}
			kept := test.concurrency
			if test.units == 0 {
				kept = 0
			}
			if got.Plan.Scan.ReadUnitsPerSecond != test.units || got.Concurrency != test.concurrency || got.Plan.Scan.Concurrency != kept || got.Plan.Scan.Paced() != (test.units > 0) {
				t.Errorf("got %g units a second, concurrency %d, %d in the plan", got.Plan.Scan.ReadUnitsPerSecond, got.Concurrency, got.Plan.Scan.Concurrency)
			}
		})
	}
}

func TestPlanRefusesAnImpossiblePace(t *testing.T) {
	bucket := testservers.Bucket(t)
	id := aws.String("id")
	unknown := testservers.Table(t, &dynamodb.CreateTableInput{
		BillingMode: types.BillingModePayPerRequest, KeySchema: []types.KeySchemaElement{{AttributeName: id, KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: id, AttributeType: types.ScalarAttributeTypeS}},
	})
	for fields, words := range map[string]string{
		`"readPercent": 50`: "readPercent: DynamoDB reports no read capacity of the table, neither",
		`"readUnitsPerSecond": 20, "segments": 100, "concurrency": 100`: "concurrency: got 100, which leaves 0.2 of 20 read units a second for each segment, want 20 or less, or leave it out",
	} {
		_, err := planRun(t, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, unknown, bucket, fields))
		if err == nil || failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q", fields, err, words)
		}
	}
}
