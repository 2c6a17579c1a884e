package main

import (
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	tasks "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctionstasks"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newStateMachine adds the state machine: Plan, then a Map over the segments or native exports, then Finalize. If one invocation cannot complete
// the uploads of a scan, a Map does that, and Finalize runs again. If the run makes Parquet files, this was the first pass: Columns and a Map of
// conversions follow, and Finalize runs again.
//
// Only Plan has a Catch that leads to a failure. It runs before anything is read, so a new execution loses nothing, and its failure becomes
// one sentence. The later states deliberately have no such Catch. A redrive of an execution that ended in a Fail state enters the Fail state
// again, and the Map Run of a caught Map cannot be redriven, because the Map has a MapStateExited event. Without a Catch, a redrive continues
// at the failed children from their checkpoints, at StartExport or at Finalize.
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
//
// The CDK makes the role. It may invoke the functions (and their versions, which do not exist), start, describe, stop and redrive
// executions of this state machine, as a Distributed Map needs. policiesOfMachine has the rest.
func newStateMachine(scope constructs.Construct, id string, functions map[contract.Function]awslambda.Function, traced bool) sfn.StateMachine {
	s := states{scope: constructs.NewConstruct(scope, jsii.String(id+"States")), functions: functions}
	plan := s.task(contract.StatePlan, contract.FunctionPlan, attemptsOfPlan, map[string]any{
		"request.$": "$",
		"execution": map[string]any{
			"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name", "startTime.$": "$$.Execution.StartTime",
		},
	}, nil)
	s.catch(plan)
	finalize := s.task(contract.StateFinalize, contract.FunctionFinalize, attempts, map[string]any{"plan.$": "$.plan", "export.$": "$.export"}, jsii.String("$.finalized"))
	makeExports := s.makeExports(finalize)
	// A run of a chain first commits the exports that a dead run started. After that it still has to export the newer changes.
	finalize.Next(sfn.NewChoice(s.scope, jsii.String(contract.StateFinalized), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.finalized.convert"), jsii.Bool(true)), s.convert(finalize), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.finalized.batches")), s.completeUploads().Next(finalize), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.finalized.more"), jsii.Bool(true)), makeExports, nil).
		Otherwise(s.afterCommit()))
	// If a firing is delivered twice, one execution owns the run. The other one succeeds, so that no alarm goes off.
	alreadyRunning := sfn.NewSucceed(s.scope, jsii.String(contract.StateAlreadyRunning), &sfn.SucceedProps{OutputPath: jsii.String("$.duplicate")})
	explained := sfn.NewSucceed(s.scope, jsii.String(contract.StateExplained), &sfn.SucceedProps{OutputPath: jsii.String("$.explained")})
	planned := sfn.NewChoice(s.scope, jsii.String(contract.StatePlanned), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.explained")), explained, nil).
		When(sfn.Condition_IsPresent(jsii.String("$.duplicate")), alreadyRunning, nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.committed"), jsii.Bool(true)), finalize, nil).
		When(sfn.Condition_StringEquals(jsii.String("$.plan.mode"), jsii.String(string(request.ModeExport))), makeExports, nil).
		Otherwise(s.scanSegments().Next(finalize))
	return sfn.NewStateMachine(scope, &id, &sfn.StateMachineProps{
		DefinitionBody:   sfn.DefinitionBody_FromChainable(plan.Next(planned)),
		StateMachineType: sfn.StateMachineType_STANDARD,
		TracingEnabled:   &traced,
		Comment: jsii.String(`Replicates a DynamoDB table to S3. Start an execution with an input such as {"table": "orders"}. ` +
			`docs/request.md describes every field. The name of the execution is the name of the run, so each run needs a new one. ` +
			`To continue after a failure, redrive the execution.`),
	})
}

const (
	attempts       = 6 // they take over two minutes at most, and half of that on average
	attemptsOfPlan = 3 // a person may be waiting for the answer
	// grace is how much longer than the function's timeout a Task waits, so that the function's own error arrives first.
	grace = 30 * time.Second
)

// states makes the states.
type states struct {
	scope     constructs.Construct
	functions map[contract.Function]awslambda.Function
}

// task returns a state that calls a function. Without a payload the function gets the input of the state. The resource of the Task is the
// ARN of the function, so the function's answer is the result of the Task, and its error is the error of the Task.
func (s states) task(name string, function contract.Function, tries float64, payload map[string]any, resultPath *string) tasks.LambdaInvoke {
	props := &tasks.LambdaInvokeProps{
		LambdaFunction:           s.functions[function],
		PayloadResponseOnly:      jsii.Bool(true),
		RetryOnServiceExceptions: jsii.Bool(false), // the second Retry below covers these too
		ResultPath:               resultPath,
		TaskTimeout:              sfn.Timeout_Duration(s.functions[function].Timeout().Plus(seconds(grace))),
	}
	if payload != nil {
		props.Payload = sfn.TaskInput_FromObject(&payload)
	}
	task := tasks.NewLambdaInvoke(s.scope, &name, props)
	var permanent []string
	for _, name := range failure.Names() {
		if name.Permanent() {
			permanent = append(permanent, string(name))
		}
	}
	// The first Retry that names an error applies, so Step Functions tries every other error again.
	task.AddRetry(&sfn.RetryProps{Errors: jsii.Strings(permanent...), MaxAttempts: jsii.Number(0)})
	task.AddRetry(retry(tries, 2*time.Second, "States.ALL"))
	return task
}

// retry doubles the wait with each try, up to a minute.
func retry(tries float64, interval time.Duration, failures ...string) *sfn.RetryProps {
	return &sfn.RetryProps{
		Errors: jsii.Strings(failures...), MaxAttempts: &tries, Interval: seconds(interval),
		BackoffRate: jsii.Number(2), MaxDelay: seconds(time.Minute), JitterStrategy: sfn.JitterType_FULL,
	}
}

// scanSegments returns the Map over the segments. Each child calls scan, each time with the previous checkpoint, until its segment is done.
// If the checkpoint has a moment to wait for, the child waits first. A child that waits still counts for the Map's MaxConcurrency, so the
// shares of a pace stay valid.
// The output of a child is constant and tiny, because the Map collects up to 10,000 outputs before it drops them.
func (s states) scanSegments() sfn.DistributedMap {
	scan := s.task(contract.StateScanSegment, contract.FunctionScan, attempts, nil, jsii.String("$.checkpoint"))
	scanned := sfn.NewPass(s.scope, jsii.String(contract.StateSegmentEnd), &sfn.PassProps{
		Result: sfn.Result_FromObject(&map[string]any{}),
	})
	wait := sfn.NewWait(s.scope, jsii.String(contract.StateWaitToScan), &sfn.WaitProps{
		Time: sfn.WaitTime_TimestampPath(jsii.String("$.checkpoint.waitUntil")),
	})
	done := sfn.NewChoice(s.scope, jsii.String(contract.StateSegmentDone), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.checkpoint.waitUntil")), wait.Next(scan), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.checkpoint.done"), jsii.Bool(true)), scanned, nil).
		Otherwise(scan)
	segments := sfn.NewDistributedMap(s.scope, jsii.String(contract.StateScanSegments), &sfn.DistributedMapProps{
		Label:              jsii.String("Segments"),
		MapExecutionType:   sfn.StateMachineType_STANDARD, // a child may take days, and an Express child has five minutes
		ItemsPath:          jsii.String("$.segments"),
		MaxConcurrencyPath: jsii.String("$.concurrency"),
		ItemSelector:       &map[string]any{"plan.$": "$.plan", "segment.$": "$$.Map.Item.Value"},
		ResultPath:         sfn.JsonPath_DISCARD(),
	})
	return segments.ItemProcessor(scan.Next(done), nil)
}

// uploadBatches is how many batches are completed at the same time. S3 takes 3,500 writes a second for each prefix, and more only after it has
// divided the prefix. A child has 32 requests in flight. A request takes 50 to 100 ms, so a child makes 320 to 640 writes a second.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
const uploadBatches = 4

// completeUploads returns the Map over the batches of uploads that one invocation of Finalize cannot complete. Each child calls finalize for its
// batch until all of its uploads are completed. A redrive continues at the children that failed.
func (s states) completeUploads() sfn.DistributedMap {
	complete := s.task(contract.StateCompleteBatch, contract.FunctionFinalize, attempts,
		map[string]any{"plan.$": "$.plan", "batch.$": "$.batch"}, jsii.String("$.completed"))
	batches := sfn.NewDistributedMap(s.scope, jsii.String(contract.StateCompleteUploads), &sfn.DistributedMapProps{
		Label:            jsii.String("Uploads"),
		MapExecutionType: sfn.StateMachineType_STANDARD, // an Express child has five minutes
		ItemsPath:        jsii.String("$.finalized.batches"),
		MaxConcurrency:   jsii.Number(uploadBatches),
		ItemSelector:     &map[string]any{"plan.$": "$.plan", "batch.$": "$$.Map.Item.Value"},
		ResultPath:       sfn.JsonPath_DISCARD(),
	})
	return batches.ItemProcessor(s.untilDone(complete, contract.StateBatchDone, "$.completed.done", contract.StateBatchEnd), nil)
}

// untilDone returns a task that is called again until its answer says that it is done, and then the state end.
func (s states) untilDone(task tasks.LambdaInvoke, choice, done, end string) sfn.Chain {
	ended := sfn.NewPass(s.scope, &end, &sfn.PassProps{Result: sfn.Result_FromObject(&map[string]any{})})
	return task.Next(sfn.NewChoice(s.scope, &choice, nil).
		When(sfn.Condition_BooleanEquals(&done, jsii.Bool(true)), ended, nil).
		Otherwise(task))
}
