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

// alarmPeriod is what the alarms add up over, but for those of stale tables.
const alarmPeriod = 5 * time.Minute

// newAlarms adds the environment's alarms, which go to topic; either of topic and undelivered may be nil. A function that fails is
// no alarm: it is tried again, and if that is in vain the run fails.
//
// Descriptions are what people read in a mail: what is wrong, and what to do, in a sentence.
func newAlarms(stack awscdk.Stack, machine sfn.StateMachine, undelivered awssqs.IQueue, topic awssns.ITopic, props *Props) {
	if props.Alarms.Disabled {
		return
	}
	a := alarms{scope: constructs.NewConstruct(stack, jsii.String("Alarms")), topic: topic}
	// A run that was stopped is not among them: somebody has stopped it. Its end is told by the notifications all the same.
	a.add("FailedRuns", cloudwatch.NewMathExpression(&cloudwatch.MathExpressionProps{
		Expression: jsii.String("failed + timedOut"), Period: seconds(alarmPeriod), Label: jsii.String("failed runs"),
		UsingMetrics: &map[string]cloudwatch.IMetric{
			"failed": machine.MetricFailed(nil), "timedOut": machine.MetricTimedOut(nil),
		},
	}), 1, "A run of "+props.Name+" has failed: its error and cause say why, docs/errors.md what to do, and a redrive goes on where it was.")
	a.add("Throttles", metricOf(metric.Throttles, alarmPeriod, props, nil), props.Alarms.Throttles,
		"Scans of "+props.Name+" that have just ended were throttled more often than alarms.throttles allows: the dashboard says which tables and why; lower concurrency, or raise the table's read capacity (docs/operations.md).")
	if undelivered != nil {
		a.add("UndeliveredSchedules", undelivered.MetricApproximateNumberOfMessagesVisible(&cloudwatch.MetricOptions{
			Period: seconds(alarmPeriod), Statistic: jsii.String("Maximum"),
		}), 1, "A schedule of "+props.Name+" could not start a run: the messages in the queue say which, docs/operations.md how to start it all the same.")
	}
	for _, table := range slices.Sorted(maps.Keys(props.Alarms.StaleHours)) {
		a.addStale(table, props)
	}
}

type alarms struct {
	scope constructs.Construct
	topic awssns.ITopic
}

// add adds an alarm of what has come to a number within alarmPeriod. Where there is nothing to be counted all is well; that is
// not told, for it only means that it has not happened again.
func (a alarms) add(id string, m cloudwatch.IMetric, threshold int, description string) {
	a.tell(false, cloudwatch.NewAlarm(a.scope, &id, &cloudwatch.AlarmProps{
		AlarmDescription: &description, Metric: m, Threshold: jsii.Number(threshold), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: cloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   cloudwatch.TreatMissingData_NOT_BREACHING,
	}))
}

// addStale adds the alarm of a table that has had no successful run in so many hours, each of which must have had none. Its end
// is told as well.
//
// An alarm looks further back than it is asked to, and where points are missing it takes older ones in their place, so that it
// would come hours late: hence FILL, by which none is missing. BREACHING is for a table that has never had a run. The hours of
// one alarm may be a week at most, which is what staleHours allows.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (a alarms) addStale(table string, props *Props) {
	hours := props.Alarms.StaleHours[table]
	description := "Table " + table + " has had no successful run of " + props.Name + " for " + strconv.Itoa(hours) +
		" hours: look at its last executions and at the schedule's last delivery (docs/operations.md)."
	a.tell(true, cloudwatch.NewAlarm(a.scope, jsii.String("Stale-"+table), &cloudwatch.AlarmProps{
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

func (a alarms) tell(end bool, alarm cloudwatch.Alarm) {
	if a.topic == nil {
		return
	}
	action := awscloudwatchactions.NewSnsAction(a.topic)
	alarm.AddAlarmAction(action)
	if end {
		alarm.AddOkAction(action)
	}
}

// metricOf returns the sum of a metric that the functions write, by the environment and what else it is kept by.
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
