package main

import (
	"strings"

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

// newNotifications adds what tells of the end of each run, and returns the topic that it is told to; nil if there is none.
//
// It builds on an event that is there anyway: Step Functions sends one to the account's default bus whenever an execution changes
// its status, with the execution's input, its error and cause, and its output, which is the run's result. An output of more than
// 248 KB would be left out; a result has 64 KiB at most. Whoever wants to do more at the end of a run than to be told makes a
// rule of their own with the pattern in the output RunEndedEventPattern. The children of a Map have another stateMachineArn.
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
func newNotifications(stack awscdk.Stack, machine sfn.StateMachine, props *Props) awssns.ITopic {
	ended := eventPattern(machine, append([]string{succeeded}, unsuccessful...))
	awscdk.NewCfnOutput(stack, jsii.String("RunEndedEventPattern"), &awscdk.CfnOutputProps{
		Value: stack.ToJsonString(ended, nil), Description: jsii.String("The pattern of the events of a run's end, for EventBridge rules of your own."),
	})
	scope := constructs.NewConstruct(stack, jsii.String("Notifications"))
	topic := newTopic(scope, props)
	if topic == nil {
		return nil
	}
	if !props.Notifications.OnlyFailures {
		newRule(scope, "Succeeded", topic, eventPattern(machine, []string{succeeded}), message{
			{"summary", headline(props)}, {"run", "<run>"}, {"status", "<status>"}, {"result", "<result>"}, {"execution", executionLink(stack)},
		})
	}
	newRule(scope, "Unsuccessful", topic, eventPattern(machine, unsuccessful), message{
		{"summary", headline(props)},
		{"run", "<run>"},
		{"status", "<status>"},
		{"error", "<error>"},
		{"cause", "<cause>"},
		{"whatToDo", "docs/errors.md says it for each error. If the error is States.ExceedToleratedFailureThreshold, a segment has failed, " +
			"and says why in the failed child of the execution's Map Run: open the execution, its Map state, and there the Map Run. " +
			"When the reason is mended, redrive the execution: it goes on where it was (docs/operations.md)."},
		{"execution", executionLink(stack)},
	})
	return topic
}

func eventPattern(machine sfn.StateMachine, statuses []string) map[string]any {
	return map[string]any{
		"source": []string{"aws.states"}, "detail-type": []string{"Step Functions Execution Status Change"},
		"detail": map[string]any{"stateMachineArn": []*string{machine.StateMachineArn()}, "status": statuses},
	}
}

// newTopic returns the environment's topic, one that it adds or one that exists; nil if it has none. One that exists must let
// events.amazonaws.com and cloudwatch.amazonaws.com publish, and so must its key.
//
// One that it adds has a key of its own: neither service may use the key that SNS has for everybody, for its policy cannot be
// changed. EventBridge brings no condition keys to a topic or its key, so that their policies cannot ask for the rule or the
// account: AWS documents both.
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
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY, // it holds nothing for longer than a delivery takes
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

// newRule adds a rule that sends a message to the topic for each event of a pattern.
func newRule(scope constructs.Construct, id string, topic awssns.ITopic, pattern map[string]any, m message) {
	paths := map[string]*string{}
	for variable, path := range pathsOf {
		if strings.Contains(m.template(), "<"+variable+">") {
			paths[variable] = jsii.String(path)
		}
	}
	awsevents.NewCfnRule(scope, &id, &awsevents.CfnRuleProps{
		Description:  jsii.String("Tells of the ends of runs: " + id + "."),
		EventPattern: pattern,
		State:        jsii.String("ENABLED"),
		Targets: []awsevents.CfnRule_TargetProperty{{
			Id: jsii.String("Topic"), Arn: topic.TopicArn(),
			InputTransformer: &awsevents.CfnRule_InputTransformerProperty{InputPathsMap: paths, InputTemplate: jsii.String(m.template())},
		}},
	})
}

// pathsOf says where in an event the variables of a message are.
var pathsOf = map[string]string{
	"run": "$.detail.name", "status": "$.detail.status", "arn": "$.detail.executionArn",
	"result": "$.detail.output", "error": "$.detail.error", "cause": "$.detail.cause",
}

// message is a JSON object, its members in the order in which a person is to read them. A value that is one <variable> alone
// becomes whatever JSON the event has there. Inside other text only variables may stand that never hold a quote or a backslash:
// EventBridge escapes nothing there, which is why a message is not the text that a mail would better be.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-issues
type message [][2]string

func (m message) template() string {
	var members []string
	for _, member := range m {
		value := member[1]
		if !isVariable(value) {
			value = mustMarshalPlain(value)
		}
		members = append(members, mustMarshalPlain(member[0])+": "+value)
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// isVariable tells whether a text is one variable and nothing else.
func isVariable(text string) bool {
	for variable := range pathsOf {
		if text == "<"+variable+">" {
			return true
		}
	}
	return false
}

func headline(props *Props) string { return "dynamodb-to-s3 " + props.Name + ": run <run> <status>" }

// executionLink is the execution in the console, where also its input and its history are.
func executionLink(stack awscdk.Stack) string {
	region := *stack.Region()
	return "https://" + region + ".console.aws.amazon.com/states/home?region=" + region + "#/v2/executions/details/<arn>"
}
