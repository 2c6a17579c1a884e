package main

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"dynamodb-to-s3/lambda/metric"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// alarmPeriod is the time over which the alarms count. The alarms of stale tables count by the hour.
const alarmPeriod = 5 * time.Minute

// newAlarms adds the environment's alarms, which notify topic. Both topic and undelivered may be nil. A failed invocation raises no
// alarm: Step Functions tries it again, and if all tries fail, the run fails.
//
// People read the descriptions in mails. Each says what is wrong and what to do.
func newAlarms(stack awscdk.Stack, machine sfn.StateMachine, undelivered awssqs.IQueue, topic awssns.ITopic, props *Props) {
	if props.Alarms.Disabled {
		return
	}
	a := alarms{scope: constructs.NewConstruct(stack, jsii.String("Alarms")), topic: topic}
	// A stopped run does not count, because somebody stopped it. The notifications still report its end.
	a.add("FailedRuns", cloudwatch.NewMathExpression(&cloudwatch.MathExpressionProps{
		Expression: jsii.String("failed + timedOut"), Period: seconds(alarmPeriod), Label: jsii.String("failed runs"),
		UsingMetrics: &map[string]cloudwatch.IMetric{
			"failed": machine.MetricFailed(nil), "timedOut": machine.MetricTimedOut(nil),
		},
	}), 1, "A run of "+props.Name+" failed. Its error and cause say why, and docs/errors.md says what to do. Then redrive the execution: it continues where it stopped.")
	a.add("Throttles", metricOf(metric.Throttles, alarmPeriod, props, nil), props.Alarms.Throttles,
		"DynamoDB throttled scans of "+props.Name+" more often than alarms.throttles allows. The dashboard shows which tables and why. Lower the concurrency, or raise the read capacity of the table (docs/operations.md).")
	if undelivered != nil {
		a.add("UndeliveredSchedules", undelivered.MetricApproximateNumberOfMessagesVisible(&cloudwatch.MetricOptions{
			Period: seconds(alarmPeriod), Statistic: jsii.String("Maximum"),
		}), 1, "A schedule of "+props.Name+" could not start a run. The messages in the queue name the schedule, and docs/operations.md says how to start the run by hand.")
	}
	tables := slices.Sorted(maps.Keys(props.Alarms.StaleHours))
	tags := 0 // the tags of an alarm, in bytes; a schedule has none
	for key, value := range props.Tags {
		tags += len(mustMarshal(map[string]string{"Key": key, "Value": value})) + len(",")
	}
	for n, part := range inTemplates(tables, func(table string) int { return frameBytes + 4*len(table) + tags }) {
		in := a
		if n > 0 {
			in.scope = newNested(a.scope, n, "Alarms of "+*stack.StackName())
		}
		for _, table := range part {
			in.addStale(table, props)
		}
	}
}

type alarms struct {
	scope constructs.Construct
	topic awssns.ITopic
}

// add adds an alarm that goes off when a metric reaches the threshold within alarmPeriod. Without data points the alarm is OK. The
// return to OK is not notified, because it only means that nothing happened again.
func (a alarms) add(id string, m cloudwatch.IMetric, threshold int, description string) {
	a.notify(false, cloudwatch.NewAlarm(a.scope, &id, &cloudwatch.AlarmProps{
		AlarmDescription: &description, Metric: m, Threshold: jsii.Number(threshold), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: cloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   cloudwatch.TreatMissingData_NOT_BREACHING,
	}))
}

// addStale adds the alarm of a table that had no successful run for the hours that the environment allows. It also notifies when
// the table has a successful run again.
//
// An alarm looks at more periods than it is asked to, and replaces missing points by older ones. It would go off hours too late, so
// FILL supplies every point. BREACHING is for a table that never had a run. CloudWatch allows an alarm a week at most, which is the
// bound of staleHours.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (a alarms) addStale(table string, props *Props) {
	hours := props.Alarms.StaleHours[table]
	description := "Table " + table + " has had no successful run of " + props.Name + " for " + strconv.Itoa(hours) +
		" hours. Look at its last executions and at its schedule (docs/operations.md)."
	a.notify(true, cloudwatch.NewAlarm(a.scope, jsii.String("Stale-"+table), &cloudwatch.AlarmProps{
		AlarmDescription: &description,
		Metric: cloudwatch.NewMathExpression(&cloudwatch.MathExpressionProps{
			Expression: jsii.String("FILL(runs, 0)"), Period: seconds(time.Hour), Label: jsii.String("successful runs"),
			UsingMetrics: &map[string]cloudwatch.IMetric{
				"runs": metricOf(metric.RunsSucceeded, time.Hour, props, map[string]string{metric.DimensionTable: table}),
			},
		}),
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(hours),
		ComparisonOperator: cloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
		TreatMissingData:   cloudwatch.TreatMissingData_BREACHING,
	}))
}

// notify sends the alarm to the topic and, if end is true, also the return to OK.
func (a alarms) notify(end bool, alarm cloudwatch.Alarm) {
	if a.topic == nil {
		return
	}
	action := awscloudwatchactions.NewSnsAction(a.topic)
	alarm.AddAlarmAction(action)
	if end {
		alarm.AddOkAction(action)
	}
}

// metricOf returns the sum of a metric of the functions, for the environment and for values of further dimensions.
func metricOf(name metric.Name, period time.Duration, props *Props, by map[string]string) cloudwatch.Metric {
	dimensions := map[string]*string{metric.DimensionEnvironment: &props.Name}
	for dimension, value := range by {
		dimensions[dimension] = jsii.String(value)
	}
	return cloudwatch.NewMetric(&cloudwatch.MetricProps{
		Namespace: jsii.String(metric.Namespace), MetricName: jsii.String(string(name)), DimensionsMap: &dimensions,
		Period: seconds(period), Statistic: jsii.String("Sum"),
	})
}
