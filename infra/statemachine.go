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

// newStateMachine adds the state machine: Plan, then a Map over the segments or native exports, then Finalize.
//
// Only Plan has a Catch. Nothing is read before it has ended, so a new execution costs nothing, and its failure becomes one
// sentence. The states after it have none, on purpose: an execution that ends in a Fail state is redriven into that same
// state and fails again, and a Map that was caught has its MapStateExited event, so that its Map Run cannot be redriven.
// Uncaught, a redrive goes on at the children that failed, from their checkpoints, at StartExport or at Finalize.
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
//
// The role is the CDK's: it may invoke the functions (and, as the CDK has it, their versions, of which there are none), start,
// describe, stop and redrive this state machine's own executions, as a Distributed Map needs, and describe the exports.
func newStateMachine(scope constructs.Construct, id string, functions map[contract.Function]awslambda.Function, exports []*string, traced bool) sfn.StateMachine {
	s := states{scope: constructs.NewConstruct(scope, jsii.String(id+"States")), functions: functions, exports: exports}
	plan := s.task(contract.StatePlan, contract.FunctionPlan, attemptsOfPlan, map[string]any{
		"request.$": "$",
		"execution": map[string]any{
			"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name", "startTime.$": "$$.Execution.StartTime",
		},
	}, nil)
	plan.AddCatch(s.failure(), &sfn.CatchProps{Errors: jsii.Strings("States.ALL"), ResultPath: jsii.String("$")})
	finalize := s.task(contract.StateFinalize, contract.FunctionFinalize, attempts, map[string]any{"plan.$": "$.plan", "export.$": "$.export"}, jsii.String("$.finalized"))
	makeExports := s.makeExports(finalize)
	// In a chain, what a run that died had begun is committed first; what has come since is then still to be exported.
	finalize.Next(sfn.NewChoice(s.scope, jsii.String(contract.StateMoreToExport), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.finalized.more"), jsii.Bool(true)), makeExports, nil).
		Otherwise(sfn.NewSucceed(s.scope, jsii.String(contract.StateReplicated), &sfn.SucceedProps{OutputPath: jsii.String("$.finalized.result")})))
	// Of two deliveries of a schedule's firing only one has a run; the other's end is no failure, or an alarm would go off.
	alreadyRunning := sfn.NewSucceed(s.scope, jsii.String(contract.StateAlreadyRunning), &sfn.SucceedProps{OutputPath: jsii.String("$.duplicate")})
	planned := sfn.NewChoice(s.scope, jsii.String(contract.StatePlanned), nil).
		When(sfn.Condition_IsPresent(jsii.String("$.duplicate")), alreadyRunning, nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.committed"), jsii.Bool(true)), finalize, nil).
		When(sfn.Condition_StringEquals(jsii.String("$.plan.mode"), jsii.String(string(request.ModeExport))), makeExports, nil).
		Otherwise(s.scanSegments().Next(finalize))
	return sfn.NewStateMachine(scope, &id, &sfn.StateMachineProps{
		DefinitionBody:   sfn.DefinitionBody_FromChainable(plan.Next(planned)),
		StateMachineType: sfn.StateMachineType_STANDARD,
		TracingEnabled:   &traced,
		Comment: jsii.String(`Replicates a DynamoDB table to S3. Start an execution with an input such as {"table": "orders"}; ` +
			`docs/request.md lists every field. Its name is the run's: give each run its own. To go on after a failure, redrive it.`),
	})
}

const (
	attempts       = 6 // over two minutes at most, half of that on average
	attemptsOfPlan = 3 // somebody is waiting for the answer to a request
	// grace is how much longer than the function a Task waits: the function's own verdict is to arrive first.
	grace = 30 * time.Second
)

// states makes states, of which some are alike.
type states struct {
	scope     constructs.Construct
	functions map[contract.Function]awslambda.Function
	// exports are the ARNs of all exports of the tables, as patterns.
	exports []*string
}

// task returns a state that calls a function. Without a payload the function gets the state's input. The ARN of the function
// is the Task's resource: the function's answer is then the Task's result, and its error the Task's.
func (s states) task(name string, function contract.Function, tries float64, payload map[string]any, resultPath *string) tasks.LambdaInvoke {
	props := &tasks.LambdaInvokeProps{
		LambdaFunction:           s.functions[function],
		PayloadResponseOnly:      jsii.Bool(true),
		RetryOnServiceExceptions: jsii.Bool(false), // the Retry below has these too
		ResultPath:               resultPath,
		TaskTimeout:              sfn.Timeout_Duration(s.functions[function].Timeout().Plus(seconds(grace))),
	}
	if payload != nil {
		props.Payload = sfn.TaskInput_FromObject(&payload)
	}
	task := tasks.NewLambdaInvoke(s.scope, &name, props)
	var permanent []string
	for _, failed := range failure.Permanent() {
		permanent = append(permanent, string(failed))
	}
	// The first Retry that names an error is the one that counts: these are not tried again, all others are.
	task.AddRetry(&sfn.RetryProps{Errors: jsii.Strings(permanent...), MaxAttempts: jsii.Number(0)})
	task.AddRetry(retry(tries, 2*time.Second, "States.ALL"))
	return task
}

// retry waits twice as long before each try as before the last one, a minute at most.
func retry(tries float64, interval time.Duration, failures ...string) *sfn.RetryProps {
	return &sfn.RetryProps{
		Errors: jsii.Strings(failures...), MaxAttempts: &tries, Interval: seconds(interval),
		BackoffRate: jsii.Number(2), MaxDelay: seconds(time.Minute), JitterStrategy: sfn.JitterType_FULL,
	}
}

// scanSegments returns the Map. Each of its children calls scan until the segment is done, with the checkpoint of the call
// before. A child's output is constant and tiny, for the Map gathers 10,000 of them, and then drops them.
func (s states) scanSegments() sfn.DistributedMap {
	scan := s.task(contract.StateScanSegment, contract.FunctionScan, attempts, nil, jsii.String("$.checkpoint"))
	scanned := sfn.NewPass(s.scope, jsii.String(contract.StateSegmentEnd), &sfn.PassProps{
		Result: sfn.Result_FromObject(&map[string]any{}),
	})
	done := sfn.NewChoice(s.scope, jsii.String(contract.StateSegmentDone), nil).
		When(sfn.Condition_BooleanEquals(jsii.String("$.checkpoint.done"), jsii.Bool(true)), scanned, nil).
		Otherwise(scan)
	segments := sfn.NewDistributedMap(s.scope, jsii.String(contract.StateScanSegments), &sfn.DistributedMapProps{
		Label:              jsii.String("Segments"),
		MapExecutionType:   sfn.StateMachineType_STANDARD, // a child may take days: an Express one has five minutes
		ItemsPath:          jsii.String("$.segments"),
		MaxConcurrencyPath: jsii.String("$.concurrency"),
		ItemSelector:       &map[string]any{"plan.$": "$.plan", "segment.$": "$$.Map.Item.Value"},
		ResultPath:         sfn.JsonPath_DISCARD(),
	})
	return segments.ItemProcessor(scan.Next(done), nil)
}

// failure returns the states that end an execution with the error's name and a cause that a person can read. A function's
// error arrives as JSON in Cause, of which only the message is meant for a person. Anything else, a timeout or a function
// that Lambda could not run, is shown as it came, so that nothing depends on what Cause holds or whether there is one.
func (s states) failure() sfn.Choice {
	failed := sfn.NewFail(s.scope, jsii.String(contract.StateFailed), &sfn.FailProps{
		ErrorPath: jsii.String("$.Error"), CausePath: jsii.String("$.detail.errorMessage"),
	})
	read := sfn.NewPass(s.scope, jsii.String(contract.StateReadCause), &sfn.PassProps{Parameters: &map[string]any{
		"Error.$": "$.Error", "detail.$": "States.StringToJson($.Cause)",
	}})
	keep := sfn.NewPass(s.scope, jsii.String(contract.StateKeepCause), &sfn.PassProps{Parameters: &map[string]any{
		"Error.$": "$.Error",
		"detail":  map[string]any{"errorMessage.$": "States.Format('the plan function gave no answer: {}', States.JsonToString($))"},
	}})
	// A Cause that was cut short does not end in a brace, and is no JSON.
	message := sfn.Condition_And(
		sfn.Condition_IsPresent(jsii.String("$.Cause")),
		sfn.Condition_StringMatches(jsii.String("$.Cause"), jsii.String(`{*"errorMessage"*}`)),
	)
	return sfn.NewChoice(s.scope, jsii.String(contract.StateCause), nil).
		When(message, read.Next(failed), nil).
		Otherwise(keep.Next(failed))
}
