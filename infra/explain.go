package main

import (
	"time"

	"dynamodb-to-s3/lambda/version"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	tasks "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctionstasks"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// explainedType is the detail-type of the events that say in one sentence why a run ended.
const explainedType = "Run ended without success"

// thresholdExceeded is the error of an execution if a child of its Map failed.
const thresholdExceeded = "States.ExceedToleratedFailureThreshold"

// newExplanation adds a small state machine that gets the event of a run that ended without success, and puts an event on the default bus that
// says why in one sentence. The Cause of a function is JSON, and only the message in it is for people. If a child of a Map failed, the
// event of Step Functions names neither its error nor its cause, so this state machine looks up the failed child. If a look-up
// fails, the new event has what the event of Step Functions has.
//
// It is a state machine and no function, because it has little to do, and because the topic of a user needs no further permission if the
// notification itself still comes from a rule.
//
// If a customer managed key encrypts the runs' state machine, the event has neither error nor cause, so the explanation looks them up too.
// https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html#faqs
func newExplanation(scope constructs.Construct, machine sfn.StateMachine, props *Props) sfn.StateMachine {
	x := explainer{
		scope: constructs.NewConstruct(scope, jsii.String("ExplainStates")), at: placeOf(awscdk.Stack_Of(scope)), machine: *machine.StateMachineName(),
		error: "$.detail.error", cause: "$.detail.cause",
	}
	states := func() sfn.IChainable { return x.explained(x.put()) }
	if props.CustomerManagedKey != "" {
		x.error, x.cause = "$.run.Error", "$.run.Cause"
		states = x.encrypted
	}
	explain := sfn.NewStateMachine(scope, jsii.String("Explain"), &sfn.StateMachineProps{
		DefinitionBody:   sfn.DefinitionBody_FromChainable(states()),
		StateMachineType: sfn.StateMachineType_STANDARD,
		TracingEnabled:   &props.Tracing,
		Comment:          jsii.String("Says in one sentence why a run of dynamodb-to-s3 ended without success."),
	})
	trustOnlyOwnAccount(explain)
	encryptMachine(explain, props)
	return explain
}

// explainer makes the states of the explanation.
type explainer struct {
	scope        constructs.Construct
	at           place
	machine      string
	error, cause string // the paths of the error and of the cause of the run
}

// encrypted returns the states for a run whose event has no error and no cause. They keep the whole description of the execution, because a
// path in a ResultSelector fails if its value is missing. The description has the input, so it must be shorter than 256 KiB.
func (x *explainer) encrypted() sfn.IChainable {
	unknown := x.why("Unknown", map[string]any{"error": "unknown", "cause": map[string]any{
		"errorMessage": "the execution has the reason, but the explanation of failures could not read the execution, which the customer managed key encrypts",
	}})
	describe := x.call("DescribeRun", "describeExecution", "states:DescribeExecution", []string{"execution:" + x.machine + ":*"},
		map[string]any{"ExecutionArn.$": "$.detail.executionArn"}, nil, "$.run", unknown)
	put := x.put()
	unknown.Next(put)
	return describe.Next(x.explained(put))
}

// put returns the state that puts the event.
func (x *explainer) put() tasks.EventBridgePutEvents {
	put := tasks.NewEventBridgePutEvents(x.scope, jsii.String("PutEvent"), &tasks.EventBridgePutEventsProps{
		Entries: &[]*tasks.EventBridgePutEventsEntry{{
			Source: jsii.String(version.Name), DetailType: jsii.String(explainedType),
			Detail: sfn.TaskInput_FromObject(&map[string]any{
				"executionArn.$": "$.detail.executionArn", "stateMachineArn.$": "$.detail.stateMachineArn", "name.$": "$.detail.name", "status.$": "$.detail.status",
				"error.$": "$.why.error", "cause.$": "$.why.cause.errorMessage",
			}),
		}},
	})
	put.AddRetry(retry(attempts, 2*time.Second, "States.ALL"))
	return put
}

// why returns a state that sets the error and the cause of the new event.
func (x *explainer) why(name string, why map[string]any) sfn.Pass {
	return sfn.NewPass(x.scope, &name, &sfn.PassProps{Parameters: &why, ResultPath: jsii.String("$.why")})
}

// explained returns the states that find the error and the cause, and then put the event.
func (x *explainer) explained(put sfn.IChainable) sfn.IChainable {
	why := x.why
	said := sfn.NewChoice(x.scope, jsii.String("Said?"), nil).
		When(wholeCause("$.why.cause"), why("Read", map[string]any{"error.$": "$.why.error", "cause.$": "States.StringToJson($.why.cause)"}).Next(put), nil).
		Otherwise(why("Keep", map[string]any{"error.$": "$.why.error", "cause": map[string]any{"errorMessage.$": "$.why.cause"}}).Next(put))
	own := sfn.NewChoice(x.scope, jsii.String("Given?"), nil).
		When(sfn.Condition_And(isText(x.error), isText(x.cause), sfn.Condition_Not(sfn.Condition_StringEquals(&x.cause, jsii.String("")))), why("Own", map[string]any{"error.$": x.error, "cause.$": x.cause}).Next(said), nil).
		When(isText(x.error), why("OnlyError", map[string]any{"error.$": x.error, "cause": "AWS gives no cause"}).Next(said), nil).
		Otherwise(why("Nothing", map[string]any{"error": "none", "cause": "nobody has given a reason"}).Next(said))

	describe := x.call("DescribeFailed", "describeExecution", "states:DescribeExecution", []string{"execution:" + x.machine + "/*"},
		map[string]any{"ExecutionArn.$": "States.ArrayGetItem($.failed.runs[*].children[*].ExecutionArn, 0)"}, map[string]any{"error.$": "$.Error", "cause.$": "$.Cause"}, "$.why", own)
	// A run can have several Map Runs, such as one for each pass. AWS does not document their order, so each is asked for a failed child.
	list := x.call("ListFailed", "listExecutions", "states:ListExecutions", []string{"mapRun:" + x.machine + "/*", "stateMachine:" + x.machine},
		map[string]any{"MapRunArn.$": "$.MapRunArn", "StatusFilter": "FAILED", "MaxResults": 1}, map[string]any{"children.$": "$.Executions"}, "$", nil)
	each := sfn.NewMap(x.scope, jsii.String("InEachMapRun"), &sfn.MapProps{
		ItemsPath: jsii.String("$.map.runs"), MaxConcurrency: jsii.Number(1),
		ResultSelector: &map[string]any{"runs.$": "$", "text.$": "States.JsonToString($)"}, ResultPath: jsii.String("$.failed"),
	})
	each.ItemProcessor(list, nil)
	each.AddCatch(own, everyError())
	runs := x.call("ListMapRuns", "listMapRuns", "states:ListMapRuns", []string{"execution:" + x.machine + ":*"},
		map[string]any{"ExecutionArn.$": "$.detail.executionArn"}, map[string]any{"runs.$": "$.MapRuns"}, "$.map", own)
	describe.Next(said)
	// A path with * fails if there is nothing at it, so the text says first whether there is a child.
	each.Next(sfn.NewChoice(x.scope, jsii.String("ChildFailed?"), nil).
		When(sfn.Condition_StringMatches(jsii.String("$.failed.text"), jsii.String(`*"ExecutionArn"*`)), describe, nil).Otherwise(own))
	runs.Next(each)
	return sfn.NewChoice(x.scope, jsii.String("InMap?"), nil).
		When(sfn.Condition_And(isText(x.error), sfn.Condition_StringEquals(&x.error, jsii.String(thresholdExceeded))), runs, nil).
		Otherwise(own)
}

// call returns a state that calls Step Functions. Without a selection, the whole result counts. If the call fails, the state otherwise follows, or
// the Map around the call fails if otherwise is nil. The reference says which types of resources
// an action needs: an execution, or a "labelled execution" for a child of a Map; ListExecutions needs a Map Run and a state machine.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
func (x *explainer) call(name, action, permission string, resources []string, parameters, result map[string]any, resultPath string, otherwise sfn.IChainable) tasks.CallAwsService {
	var arns []string
	for _, resource := range resources {
		arns = append(arns, x.at.arn("states", resource))
	}
	props := &tasks.CallAwsServiceProps{
		Service: jsii.String("sfn"), Action: &action, IamAction: &permission, IamResources: jsii.Strings(arns...),
		Parameters: &parameters, ResultPath: &resultPath,
	}
	if result != nil {
		props.ResultSelector = &result
	}
	task := tasks.NewCallAwsService(x.scope, &name, props)
	task.AddRetry(retry(describeAttempts, 2*time.Second, "States.ALL"))
	if otherwise != nil {
		task.AddCatch(otherwise, everyError())
	}
	return task
}

func everyError() *sfn.CatchProps {
	return &sfn.CatchProps{Errors: jsii.Strings("States.ALL"), ResultPath: jsii.String("$.failed")}
}

// isText reports whether there is a text at a path. A field of an event can be absent or null.
func isText(path string) sfn.Condition {
	return sfn.Condition_And(sfn.Condition_IsPresent(&path), sfn.Condition_IsString(&path))
}

// allowRule returns the role with which a rule of EventBridge starts a state machine.
func allowRule(scope constructs.Construct, machine sfn.StateMachine) awsiam.Role {
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), onlyOwnAccount(scope)),
	})
	machine.GrantStartExecution(role)
	return role
}
