package main

import (
	"time"

	"dynamodb-to-s3/lambda/contract"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// exportInProgress is the only ExportStatus to wait for.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportDescription.html
const exportInProgress = "IN_PROGRESS"

// makeExports returns the states that make native exports. The export function starts exports and returns those to follow. The state
// machine waits for them and calls the function again, until the function follows no export. StartExport has no Catch: if an export
// failed or was not complete in time, a redrive continues at StartExport.
func (s states) makeExports(finalize sfn.IChainable) sfn.IChainable {
	start := s.task(contract.StateStartExport, contract.FunctionExport, attempts, map[string]any{
		"plan.$": "$.plan", "export.$": "$.export", "redrives.$": "$$.Execution.RedriveCount",
	}, jsii.String("$.export"))
	exporting := sfn.NewChoice(s.scope, jsii.String(contract.StateExporting), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.export.inProgress"), jsii.Bool(true)), s.followExports().Next(start), nil).
		Otherwise(finalize)
	return start.Next(exporting)
}

// followExports returns the Map whose children each wait for one export. A child checks the export and counts the checks. It ends when
// the export is no longer in progress, or after the number of checks for one round. Each child is an execution with its own history, so
// the history of the main execution stays short. The output of the children, with the new counts, replaces the input of the Map.
func (s states) followExports() sfn.DistributedMap {
	wait := sfn.NewWait(s.scope, jsii.String(contract.StateWaitForExport), &sfn.WaitProps{
		Time: sfn.WaitTime_SecondsPath(jsii.String("$.intervalSeconds")),
	})
	count := sfn.NewPass(s.scope, jsii.String(contract.StateCountCheck), &sfn.PassProps{Parameters: &map[string]any{
		"exportArn.$": "$.exportArn", "checks.$": "States.MathAdd($.checks, 1)", "until.$": "$.until",
		"intervalSeconds.$": "$.intervalSeconds", "exportStatus.$": "$.described.exportStatus",
		"failedChecks.$": "$.failedChecks", "failure": "",
	}})
	continues := sfn.Condition_And(
		sfn.Condition_StringEquals(jsii.String("$.exportStatus"), jsii.String(exportInProgress)),
		sfn.Condition_NumberLessThanJsonPath(jsii.String("$.checks"), jsii.String("$.until")),
	)
	checked := sfn.NewSucceed(s.scope, jsii.String(contract.StateExportChecked), nil)
	status := sfn.NewChoice(s.scope, jsii.String(contract.StateExportStatus), nil).When(continues, wait, nil).Otherwise(checked)
	follow := sfn.NewDistributedMap(s.scope, jsii.String(contract.StateFollowExports), &sfn.DistributedMapProps{
		Label:            jsii.String("Exports"),
		MapExecutionType: sfn.StateMachineType_STANDARD, // a wait may take days, and an Express child has five minutes
		ItemsPath:        jsii.String("$.export.exports"),
		MaxConcurrency:   jsii.Number(40), // a run has at most 35 exports: a window of 24 hours for each of 35 days
		ResultPath:       jsii.String("$.export.exports"),
	})
	describe := s.describeExport()
	describe.AddCatch(s.checkFailed().Next(checked), &sfn.CatchProps{Errors: jsii.Strings("States.ALL"), ResultPath: jsii.String("$.error")})
	return follow.ItemProcessor(wait.Next(describe).Next(count).Next(status), nil)
}

// checkFailed returns the state after a check that failed at every try. The child then ends without a failure. The function export makes
// the check itself, so that a failure has one of its names, and not the name of an integration's error.
func (s states) checkFailed() sfn.Pass {
	return sfn.NewPass(s.scope, jsii.String(contract.StateCheckFailed), &sfn.PassProps{Parameters: &map[string]any{
		"exportArn.$": "$.exportArn", "checks.$": "States.MathAdd($.checks, 1)", "until.$": "$.until",
		"intervalSeconds.$": "$.intervalSeconds", "exportStatus": exportInProgress,
		"failedChecks.$": "States.MathAdd($.failedChecks, 1)", "failure.$": "States.JsonToString($.error)",
	}})
}

// Tries of a check after the first. Each Retry counts its own tries, so a check has nine tries at most. quota.ChecksPerRound relies
// on that.
const (
	throttledAttempts = 5 // they take four minutes at most, and half of that on average
	describeAttempts  = 3
)

// describeExport returns the check of one export. Step Functions calls DynamoDB itself, so a check needs no invocation. The CDK does not know
// the call, so that it grants nothing for it: policiesOfMachine does, in policies of a checked size.
//
// The errors of an integration have the names of the exceptions in the SDK for Java. If the model of the service does not list an error
// for the call, it arrives as DynamoDbException, and no Retry can match its own name. DescribeExport does not list throttling.
// https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeExport.html#API_DescribeExport_Errors
func (s states) describeExport() sfn.CustomState {
	describe := sfn.NewCustomState(s.scope, jsii.String(contract.StateDescribeExport), &sfn.CustomStateProps{StateJson: &map[string]any{
		"Type":       "Task",
		"Resource":   "arn:" + *awscdk.Stack_Of(s.scope).Partition() + ":states:::aws-sdk:dynamodb:describeExport",
		"Parameters": map[string]any{"ExportArn.$": "$.exportArn"},
		// The export function reads the rest of the description itself.
		"ResultSelector": map[string]any{"exportStatus.$": "$.ExportDescription.ExportStatus"},
		"ResultPath":     "$.described",
		"TimeoutSeconds": 60,
	}})
	// DynamoDB forgets an export after 90 days.
	describe.AddRetry(&sfn.RetryProps{Errors: jsii.Strings("DynamoDb.ExportNotFoundException"), MaxAttempts: jsii.Number(0)})
	describe.AddRetry(retry(throttledAttempts, 20*time.Second,
		"DynamoDb.ThrottlingException", "DynamoDb.RequestLimitExceededException", "DynamoDb.LimitExceededException",
		"DynamoDb.ProvisionedThroughputExceededException", "DynamoDb.DynamoDbException"))
	describe.AddRetry(retry(describeAttempts, 2*time.Second, "States.ALL"))
	return describe
}
