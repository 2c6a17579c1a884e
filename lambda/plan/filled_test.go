package plan_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Each field of the plan of a scan is filled from at least one of the requests. They differ because a run has no transform beside an encoder.
func TestPlanFillsEveryFieldOfAScan(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	filled := map[string]bool{}
	for i, records := range []string{`"transform": "."`, `"encoder": "xml"`} {
		step := plan.Step{
			Tables:     func(run.Plan) *dynamodb.Client { return testservers.DynamoDB() },
			Objects:    func(run.Plan) *s3.Client { return testservers.S3() },
			Executions: &executions.Memory{Others: execution.Running}, Account: account, Log: slog.New(slog.DiscardHandler),
		}
		name := fmt.Sprintf("run-%d", i)
		got, err := step.Run(t.Context(), run.PlanInput{
			Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC)},
			Request: json.RawMessage(fmt.Sprintf(`{"table": "arn:aws:dynamodb:eu-west-1:%[1]s:table/%[2]s", "bucket": %[3]q, %[4]s,
				"sourceRoleArn": "arn:aws:iam::%[1]s:role/reader", "destinationRoleArn": "arn:aws:iam::%[1]s:role/writer",
				"readUnitsPerSecond": 100, "maxReadUnits": 1e6, "scan": {"Limit": 10, "IndexName": "by-day"}}`, account, table, bucket, records)),
		})
		if err != nil {
			t.Fatal(err)
		}
		for field, value := range reflect.ValueOf(*got.Plan.Scan).Fields() {
			filled[field.Name] = filled[field.Name] || !value.IsZero()
		}
	}
	for field, is := range filled {
		if !is {
			t.Errorf("no request fills %s", field)
		}
	}
}
