package main

import (
	"maps"
	"strconv"

	"dynamodb-to-s3/infra/environment"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// undeliveredDays is how long the queue keeps firings that could not be delivered: the maximum of SQS.
const undeliveredDays = 14

// newSchedules adds the environment's schedules, and returns the queue of firings that could not be delivered. It returns nil if there are
// no schedules.
//
// EventBridge Scheduler delivers a firing at least once, and each delivery starts an execution. The request has the name of the schedule
// and the time of the firing. plan names the run after both, so one firing makes one run.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func newSchedules(stack awscdk.Stack, machine sfn.StateMachine, props *Props) awssqs.Queue {
	if len(props.Schedules) == 0 {
		return nil
	}
	scope := constructs.NewConstruct(stack, jsii.String("Schedules"))
	undelivered := awssqs.NewQueue(scope, jsii.String("Undelivered"), &awssqs.QueueProps{
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(undeliveredDays)),
	})
	for n, part := range inTemplates(props.Schedules, func(s environment.Schedule) int { return frameBytes + len(mustMarshal(inputOf(s))) }) {
		switch {
		case len(part) == 0:
		case n == 0:
			addSchedules(scope, *stack.StackName(), *stack.StackName(), part, machine, undelivered)
		default:
			// If a schedule moves to another part, CloudFormation creates it there before it removes the old one. So each part has a group
			// of its own. Both can fire in between: the firings have the same name, so that they make one run. No environment has a dot in
			// its name, so the group cannot be that of another one.
			nested := newNested(scope, n, "Schedules of "+*stack.StackName())
			addSchedules(nested, *stack.StackName(), *stack.StackName()+"."+strconv.Itoa(n+1), part, machine, undelivered)
		}
	}
	return undelivered
}

// addSchedules adds a group with its schedules and their role.
func addSchedules(scope constructs.Construct, stack, groupName string, schedules []environment.Schedule, machine sfn.StateMachine, undelivered awssqs.Queue) {
	group := awsscheduler.NewCfnScheduleGroup(scope, jsii.String("Group"), &awsscheduler.CfnScheduleGroupProps{Name: &groupName})
	role := newScheduleRole(scope, group, machine, undelivered)
	for _, s := range schedules {
		schedule := awsscheduler.NewCfnSchedule(scope, jsii.String("Schedule-"+s.Name), &awsscheduler.CfnScheduleProps{
			Name:                       &s.Name,
			GroupName:                  group.Ref(),
			Description:                jsii.String("Starts executions of the state machine of " + stack + "."),
			ScheduleExpression:         &s.Expression,
			ScheduleExpressionTimezone: &s.TimeZone,
			FlexibleTimeWindow:         windowOf(s),
			State:                      jsii.String(stateOf(s)),
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn: machine.StateMachineArn(), RoleArn: role.RoleArn(), Input: jsii.String(inputOf(s)),
				DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: undelivered.QueueArn()},
				RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
					MaximumRetryAttempts:     jsii.Number(*s.Retries),
					MaximumEventAgeInSeconds: jsii.Number(s.MaximumEventAgeSeconds),
				},
			},
		})
		schedule.Node().AddDependency(role) // and on its policy: without it the first firing could fail
	}
}

// newScheduleRole adds the role that starts executions. Only EventBridge Scheduler in this account may assume it, and only for schedules
// of the group.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
func newScheduleRole(scope constructs.Construct, group awsscheduler.CfnScheduleGroup, machine sfn.StateMachine, undelivered awssqs.Queue) awsiam.Role {
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{
				sourceAccount: awscdk.Stack_Of(scope).Account(), "aws:SourceArn": group.AttrArn(),
			}},
		}),
	})
	role.AddToPolicy(allow(actions("states:StartExecution"), []string{*machine.StateMachineArn()}).policyStatement())
	role.AddToPolicy(allow(actions("sqs:SendMessage"), []string{*undelivered.QueueArn()}).policyStatement())
	return role
}

func windowOf(s environment.Schedule) *awsscheduler.CfnSchedule_FlexibleTimeWindowProperty {
	if s.FlexibleWindowMinutes == 0 {
		return &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")}
	}
	return &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{
		Mode: jsii.String("FLEXIBLE"), MaximumWindowInMinutes: jsii.Number(s.FlexibleWindowMinutes),
	}
}

func stateOf(s environment.Schedule) string {
	if s.Disabled {
		return "DISABLED"
	}
	return "ENABLED"
}

// scheduledTime is the text that EventBridge Scheduler replaces by the time of the firing, such as 2026-01-31T06:00:00Z.
const scheduledTime = "<aws.scheduler.scheduled-time>"

// inputOf returns the request that a firing sends.
func inputOf(s environment.Schedule) string {
	fields := maps.Clone(s.Input)
	if fields == nil {
		fields = map[string]any{}
	}
	fields["schedule"], fields["scheduledTime"] = s.Name, scheduledTime
	return mustMarshal(fields)
}
