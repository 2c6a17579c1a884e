package main

import (
	"time"

	"dynamodb-to-s3/lambda/contract"

	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	tasks "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctionstasks"
	"github.com/aws/jsii-runtime-go"
)

// exportInProgress is the one ExportStatus that is waited on.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportDescription.html
const exportInProgress = "IN_PROGRESS"

// makeExports returns the states that make native exports. The export function starts them and says which to follow; they
// are waited for, and the function is asked again, until it follows none: it alone decides what is next. StartExport is not
// caught, so that a redrive of a run whose export has failed, or was not done in time, goes on at it.
func (s states) makeExports(finalize sfn.IChainable) sfn.IChainable {
	start := s.task(contract.StateStartExport, contract.FunctionExport, attempts, map[string]any{
		"plan.$": "$.plan", "export.$": "$.export", "redrives.$": "$$.Execution.RedriveCount",
	}, jsii.String("$.export"))
	exporting := sfn.NewChoice(s.scope, jsii.String(contract.StateExporting), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.export.inProgress"), jsii.Bool(true)), s.followExports().Next(start), nil).
		Otherwise(finalize)
	return start.Next(exporting)
}

// followExports returns the Map whose children each wait for one export: they check, count, and end when it is no longer in
// progress or has been checked often enough for one round. A child is an execution with a history of its own, so that the
// one that people look at stays short however long it waits; what the children have counted takes the place of what they
// were given.
func (s states) followExports() sfn.DistributedMap {
	wait := sfn.NewWait(s.scope, jsii.String(contract.StateWaitForExport), &sfn.WaitProps{
		Time: sfn.WaitTime_SecondsPath(jsii.String("$.intervalSeconds")),
	})
	count := sfn.NewPass(s.scope, jsii.String(contract.StateCountCheck), &sfn.PassProps{Parameters: &map[string]any{
		"exportArn.$": "$.exportArn", "checks.$": "States.MathAdd($.checks, 1)", "until.$": "$.until",
		"intervalSeconds.$": "$.intervalSeconds", "exportStatus.$": "$.described.exportStatus",
	}})
	goesOn := sfn.Condition_And(
		sfn.Condition_StringEquals(jsii.String("$.exportStatus"), jsii.String(exportInProgress)),
		sfn.Condition_NumberLessThanJsonPath(jsii.String("$.checks"), jsii.String("$.until")),
	)
	status := sfn.NewChoice(s.scope, jsii.String(contract.StateExportStatus), nil).
		When(goesOn, wait, nil).
		Otherwise(sfn.NewSucceed(s.scope, jsii.String(contract.StateExportChecked), nil))
	follow := sfn.NewDistributedMap(s.scope, jsii.String(contract.StateFollowExports), &sfn.DistributedMapProps{
		Label:            jsii.String("Exports"),
		MapExecutionType: sfn.StateMachineType_STANDARD, // a wait may take days: an Express child has five minutes
		ItemsPath:        jsii.String("$.export.exports"),
		MaxConcurrency:   jsii.Number(40), // more than one run can have: a window of 24 hours for each of 35 days
		ResultPath:       jsii.String("$.export.exports"),
	})
	return follow.ItemProcessor(wait.Next(s.describeExport()).Next(count).Next(status), nil)
}

// Tries of a check beyond the first. Each retry that is listed counts its own, so that a check has nine tries at most, which
// is what contract.ChecksPerRound reckons with.
const (
	throttledAttempts = 5 // four minutes at most, half of that on average
	describeAttempts  = 3
)

// describeExport returns the check of one export. Step Functions calls DynamoDB itself: a check costs no invocation.
//
// An integration's errors are named after the SDK for Java's exceptions. One that the service's model does not list for the
// call, as throttling is not listed for this one, arrives as DynamoDbException, with its own name in no place that a Retry
// could match.
// https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeExport.html#API_DescribeExport_Errors
func (s states) describeExport() tasks.CallAwsService {
	describe := tasks.NewCallAwsService(s.scope, jsii.String(contract.StateDescribeExport), &tasks.CallAwsServiceProps{
		Service: jsii.String("dynamodb"), Action: jsii.String("describeExport"),
		IamAction: jsii.String("dynamodb:DescribeExport"), IamResources: &s.exports,
		Parameters: &map[string]any{"ExportArn.$": "$.exportArn"},
		// The rest of the description is for the export function, which asks for itself.
		ResultSelector: &map[string]any{"exportStatus.$": "$.ExportDescription.ExportStatus"},
		ResultPath:     jsii.String("$.described"),
		TaskTimeout:    sfn.Timeout_Duration(seconds(time.Minute)),
	})
	// DynamoDB forgets an export after 90 days.
	describe.AddRetry(&sfn.RetryProps{Errors: jsii.Strings("DynamoDb.ExportNotFoundException"), MaxAttempts: jsii.Number(0)})
	describe.AddRetry(retry(throttledAttempts, 20*time.Second,
		"DynamoDb.ThrottlingException", "DynamoDb.RequestLimitExceededException", "DynamoDb.LimitExceededException",
		"DynamoDb.ProvisionedThroughputExceededException", "DynamoDb.DynamoDbException"))
	describe.AddRetry(retry(describeAttempts, 2*time.Second, "States.ALL"))
	return describe
}
