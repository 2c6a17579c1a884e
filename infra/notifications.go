package main

import (
	"maps"
	"strings"

	"dynamodb-to-s3/lambda/version"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// The statuses in which an execution ends.
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
const succeeded = "SUCCEEDED"

var unsuccessful = []string{"FAILED", "TIMED_OUT", "ABORTED"}

// newNotifications adds the notifications of the end of each run. It returns their topic and the explanation of failures, or nil if the
// environment wants none.
//
// Step Functions sends an event to the account's default bus when the status of an execution changes. The event has the execution's input,
// error, cause and output, and the output is the result of the run. Step Functions leaves out an output of more than 248 KB, but a result
// has 64 KiB at most. If a customer managed key encrypts the state machine, the event has no input, output, error and
// cause: then executions that only explain are reported like runs. For other actions at the end of a run, users create their own rule with the
// pattern in the output RunEndedEventPattern. The children of a Map have another stateMachineArn, so they do not match.
//
// A run that ended without success first goes to the explanation (newExplanation), whose own event has the cause in one sentence.
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
func newNotifications(stack awscdk.Stack, machine sfn.StateMachine, props *Props) (awssns.ITopic, sfn.StateMachine) {
	success := map[string]any{"status": []string{succeeded}}
	if props.CustomerManagedKey == "" {
		success["output"] = ofRuns
	}
	ended := eventPattern(machine, map[string]any{"$or": []any{success, map[string]any{"status": unsuccessful}}})
	awscdk.NewCfnOutput(stack, jsii.String("RunEndedEventPattern"), &awscdk.CfnOutputProps{
		Value: stack.ToJsonString(ended, nil), Description: jsii.String("The event pattern of the end of a run, for your own EventBridge rules."),
	})
	scope := constructs.NewConstruct(stack, jsii.String("Notifications"))
	topic := newTopic(scope, props)
	if topic == nil {
		return nil, nil
	}
	if !props.Notifications.OnlyFailures {
		said := message{{"summary", headline(props)}, {"run", "<run>"}, {"status", "<status>"}}
		if props.CustomerManagedKey == "" {
			said = append(said, [2]string{"result", "<result>"})
		}
		newMessageRule(scope, "Succeeded", topic, eventPattern(machine, success), append(said, [2]string{"execution", executionLink(stack)}))
	}
	explain := newExplanation(scope, machine, props)
	unexplained := constructs.NewConstruct(scope, jsii.String("Unsuccessful"))
	newRule(unexplained, "Rule", eventPattern(machine, map[string]any{"status": unsuccessful}), awsevents.CfnRule_TargetProperty{
		Id: jsii.String("Explain"), Arn: explain.StateMachineArn(), RoleArn: allowRule(unexplained, explain).RoleArn(),
	})
	newMessageRule(scope, "Explained", topic, map[string]any{
		"source": []string{version.Name}, "detail-type": []string{explainedType}, "detail": map[string]any{"stateMachineArn": []*string{machine.StateMachineArn()}},
	}, message{
		{"summary", headline(props)},
		{"run", "<run>"},
		{"status", "<status>"},
		{"error", "<error>"},
		{"cause", "<cause>"},
		{"whatToDo", "docs/errors.md says what to do for each error. Correct the reason, then redrive the execution. " +
			"It continues where it stopped (docs/operations.md)."},
		{"execution", executionLink(stack)},
	})
	return topic, explain
}

// ofRuns matches the outputs of runs. An execution that only explains has no run, and its output has no runId. The output is the text of a JSON
// object. Quotes inside of its strings are escaped, so no value looks like the member.
var ofRuns = []any{map[string]any{"wildcard": `*"runId":*`}}

// eventPattern matches the end of executions of the state machine with further conditions on the detail of the event.
func eventPattern(machine sfn.StateMachine, detail map[string]any) map[string]any {
	detail = maps.Clone(detail)
	detail["stateMachineArn"] = []*string{machine.StateMachineArn()}
	return map[string]any{"source": []string{"aws.states"}, "detail-type": []string{"Step Functions Execution Status Change"}, "detail": detail}
}

// newTopic returns the topic of the environment: an existing one, or one that it adds. It returns nil if the environment has none. The
// policies of an existing topic and of its key must allow events.amazonaws.com and cloudwatch.amazonaws.com to publish.
//
// A new topic gets its own key: the two services may not use the AWS managed key of SNS, whose policy cannot be changed. EventBridge sends
// no condition keys to a topic or a key, so the policies cannot check the rule or the account. AWS documents both.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func newTopic(scope constructs.Construct, props *Props) awssns.ITopic {
	if props.Notifications.Topic != "" {
		return awssns.Topic_FromTopicArn(scope, jsii.String("Topic"), &props.Notifications.Topic)
	}
	if !props.Notifications.CreateTopic {
		return nil
	}
	key := awskms.NewKey(scope, jsii.String("Key"), &awskms.KeyProps{
		Description:       jsii.String("Encrypts the notifications of dynamodb-to-s3 " + props.Name + "."),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY, // nothing stays encrypted with it after a delivery
	})
	topic := awssns.NewTopic(scope, jsii.String("Topic"), &awssns.TopicProps{
		DisplayName: jsii.String("dynamodb-to-s3 " + props.Name), MasterKey: key, EnforceSSL: jsii.Bool(true),
	})
	events := awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)
	alarms := awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)
	own := &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(scope).Account()}}
	for _, each := range []struct {
		service    awsiam.IPrincipal
		conditions *map[string]any
	}{{events, nil}, {alarms, own}} {
		key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{each.service}, Conditions: each.conditions,
			Actions: jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"), Resources: jsii.Strings("*"), // itself
		}), jsii.Bool(false))
		topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{each.service}, Conditions: each.conditions,
			Actions: jsii.Strings("sns:Publish"), Resources: &[]*string{topic.TopicArn()},
		}))
	}
	for _, address := range props.Notifications.Emails {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&address, nil))
	}
	return topic
}

// newMessageRule adds a rule that sends a message to the topic for each event of a pattern.
func newMessageRule(scope constructs.Construct, id string, topic awssns.ITopic, pattern map[string]any, m message) {
	paths := map[string]*string{}
	for variable, path := range pathsOf {
		if strings.Contains(m.template(), "<"+variable+">") {
			paths[variable] = jsii.String(path)
		}
	}
	newRule(scope, id, pattern, awsevents.CfnRule_TargetProperty{
		Id: jsii.String("Topic"), Arn: topic.TopicArn(),
		InputTransformer: &awsevents.CfnRule_InputTransformerProperty{InputPathsMap: paths, InputTemplate: jsii.String(m.template())},
	})
}

func newRule(scope constructs.Construct, id string, pattern map[string]any, target awsevents.CfnRule_TargetProperty) {
	awsevents.NewCfnRule(scope, &id, &awsevents.CfnRuleProps{
		Description:  jsii.String("Notifies of the end of runs: " + *scope.Node().Id() + ", " + id + "."),
		EventPattern: pattern,
		State:        jsii.String("ENABLED"),
		Targets:      []awsevents.CfnRule_TargetProperty{target},
	})
}

// pathsOf maps the variables of a message to their paths in an event.
var pathsOf = map[string]string{
	"run": "$.detail.name", "status": "$.detail.status", "arn": "$.detail.executionArn",
	"result": "$.detail.output", "error": "$.detail.error", "cause": "$.detail.cause",
}

// message is a JSON object. Its members are in the order in which people should read them. If a value is one <variable> alone, EventBridge
// puts the JSON of the event there. Inside other text, EventBridge escapes nothing, so only variables that never contain a quote or a
// backslash may be there. For this reason a message is JSON, although plain text would be better for a mail.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-issues
type message [][2]string

func (m message) template() string {
	var members []string
	for _, member := range m {
		value := member[1]
		if !isVariable(value) {
			value = mustMarshal(value)
		}
		members = append(members, mustMarshal(member[0])+": "+value)
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// isVariable reports whether a text is one variable and nothing else.
func isVariable(text string) bool {
	for variable := range pathsOf {
		if text == "<"+variable+">" {
			return true
		}
	}
	return false
}

func headline(props *Props) string { return "dynamodb-to-s3 " + props.Name + ": run <run> <status>" }

// executionLink is the address of the execution in the console.
func executionLink(stack awscdk.Stack) string {
	region := *stack.Region()
	return "https://" + region + ".console.aws.amazon.com/states/home?region=" + region + "#/v2/executions/details/<arn>"
}
