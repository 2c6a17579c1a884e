package examples_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/infra/environment"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// executeSchedules executes what each schedule of the example starts. Every table of a schedule has a run of its own.
func executeSchedules(t *testing.T, interpreter *statemachine.Interpreter, dynamoDB *exports.Server) {
	t.Helper()
	of, err := environment.Read("environments/schedules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testservers.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &of.Bucket.Name}); err != nil {
		t.Fatal(err)
	}
	items := map[string]int64{sampletable.Table: orders}
	for table, n := range map[string]int64{"customers": 3, "products": 5} {
		createTable(t, dynamodb.NewFromConfig(dynamoDB.AWS()), table, n)
		items[table] = n
	}
	dynamoDB.Advance(10 * time.Minute) // a chain exports what is five minutes old
	server := deploy(t, dynamoDB, of.RequestDefaults())
	runs := map[string]bool{}
	for _, schedule := range of.Schedules {
		fired := maps.Clone(schedule.Input)
		fired["schedule"], fired["scheduledTime"] = schedule.Name, execute.Format(time.RFC3339)
		input, err := json.Marshal(fired)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(schedule.Name, func(t *testing.T) {
			outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
				Definition: definition.JSON, Input: input, InvokeURL: server, StartTime: execute, Hurried: true,
				ID: "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:" + schedule.Name, Name: schedule.Name,
			})
			if err != nil || !outcome.Succeeded {
				t.Fatalf("%v: %s: %s", err, outcome.Error, outcome.Cause)
			}
			var result run.Result
			if err := json.Unmarshal(outcome.Output, &result); err != nil {
				t.Fatal(err)
			}
			table := schedule.Input["table"].(string)
			if result.RunID != schedule.Name+"-20260131T180000Z" || !strings.Contains(result.Root, table) || result.Items != items[table] || runs[result.Root] {
				t.Errorf("got %d items in %s by %s, want the %d of %s", result.Items, result.Root, result.RunID, items[table], table)
			}
			runs[result.Root] = true
		})
	}
}

// createTable creates a table of n items.
func createTable(t *testing.T, client *dynamodb.Client, table string, n int64) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeN}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond }).
		Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &table}, time.Minute); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		item := map[string]types.AttributeValue{"id": &types.AttributeValueMemberN{Value: string(rune('0' + i))}}
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			t.Fatal(err)
		}
	}
}
