package deployment_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/deployment"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// A run that is started through the API, as a deployment's stack names it, replicates a table.
func TestRunOfADeployment(t *testing.T) {
	t.Parallel()
	d, table := testdeployment.Start(t, testdeployment.Options{}), testservers.Orders(t, 500)
	answer, err := cloudformation.NewFromConfig(d.Config).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(deployment.Name)})
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for _, output := range answer.Stacks[0].Outputs {
		outputs[*output.OutputKey] = *output.OutputValue
	}
	logs := cloudwatchlogs.NewFromConfig(d.Config)
	request, err := json.Marshal(map[string]any{"table": table, "bucket": outputs["BucketName"], "segments": 3})
	if err != nil {
		t.Fatal(err)
	}
	started, err := d.StartExecution(t.Context(), &sfn.StartExecutionInput{
		StateMachineArn: aws.String(outputs["StateMachineArn"]), Name: aws.String("night-1"), Input: aws.String(string(request)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := d.Wait(t, *started.ExecutionArn)
	var result run.Result
	if ended.Status != types.ExecutionStatusSucceeded || json.Unmarshal([]byte(*ended.Output), &result) != nil || result.Items != 500 || result.RunID != "night-1" {
		t.Errorf("got %s %s %s", ended.Status, aws.ToString(ended.Cause), aws.ToString(ended.Output))
	}
	runs, err := d.ListMapRuns(t.Context(), &sfn.ListMapRunsInput{ExecutionArn: started.ExecutionArn})
	if err != nil || len(runs.MapRuns) != 1 {
		t.Fatalf("got the Map Runs %+v, %v", runs, err)
	}
	m, err := d.DescribeMapRun(t.Context(), &sfn.DescribeMapRunInput{MapRunArn: runs.MapRuns[0].MapRunArn})
	if err != nil || m.Status != types.MapRunStatusSucceeded || m.ItemCounts.Succeeded != 3 || m.ItemCounts.Total != 3 || m.StopDate.Before(ended.StartDate.Add(-time.Second)) {
		t.Errorf("got the Map Run %+v, %v", m, err)
	}
	groups := strings.Fields(outputs["LogGroups"])
	if len(groups) != len(contract.Functions()) {
		t.Errorf("got the log groups %v", groups)
	}
	for i, function := range contract.Functions() {
		lines, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &groups[i], FilterPattern: aws.String(`"night-1"`)})
		if err != nil {
			t.Fatal(err)
		}
		called := function == contract.FunctionPlan || function == contract.FunctionScan || function == contract.FunctionFinalize
		if called != (len(lines.Events) > 0) {
			t.Errorf("the log group of %s has the lines %+v", function, lines.Events)
		}
		for _, line := range lines.Events {
			if !json.Valid([]byte(*line.Message)) || *line.Timestamp < started.StartDate.UnixMilli() {
				t.Errorf("%s: got the line %s of %d", function, *line.Message, *line.Timestamp)
			}
		}
	}
}
