//go:build !race

package main

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/infra/environment"

	"github.com/google/go-cmp/cmp"
)

// synthesizedQuiet is the template of an environment with an existing topic, only notifications of failures, and no alarms.
var synthesizedQuiet = sync.OnceValues(func() (template, error) {
	return synthesize(func(codeFolder string) *Props {
		props := testProps(codeFolder)
		props.Notifications = environment.Notifications{Topic: "arn:aws:sns:us-east-1:000000000000:on-call", OnlyFailures: true}
		props.Alarms = environment.Alarms{Disabled: true, StaleHours: map[string]int{"orders": 26}}
		return props
	})
})

func synthQuiet(t *testing.T) template { t.Helper(); return mustSynth(t, synthesizedQuiet) }

// alarm has the properties that the tests check.
type alarmShape struct {
	MetricName, Namespace, Statistic, ComparisonOperator, TreatMissingData string
	Dimensions                                                             []struct{ Name, Value string }
	Metrics                                                                []struct {
		Expression string
		MetricStat struct {
			Metric struct{ Namespace, MetricName string }
			Period float64
		}
		ReturnData bool
	}
	Period, EvaluationPeriods, Threshold float64
	AlarmActions, OKActions              []string
	AlarmDescription                     string
}

// asks returns the condition of an alarm in one line.
func (a alarmShape) asks() string {
	var names []string
	for _, d := range a.Dimensions {
		names = append(names, d.Name+"="+d.Value)
	}
	metric, period := a.Namespace+" "+a.MetricName+" {"+strings.Join(names, ",")+"} "+a.Statistic, a.Period
	if len(a.Metrics) > 0 {
		metric, period = a.Metrics[0].Expression, a.Metrics[1].MetricStat.Period
		for _, m := range a.Metrics[1:] {
			metric += " " + m.MetricStat.Metric.MetricName
		}
	}
	return strings.Join([]string{metric, a.ComparisonOperator, decimal(a.Threshold), "for", decimal(a.EvaluationPeriods), "x", decimal(period), "missing", a.TreatMissingData}, " ")
}

func alarmsOf(t *testing.T, made template) map[string]alarmShape {
	t.Helper()
	all := map[string]alarmShape{}
	for name, each := range made.of(t, "AWS::CloudWatch::Alarm") {
		var shape alarmShape
		remarshal(t, each.Properties, &shape)
		all[strings.TrimPrefix(name, "Alarms/")] = shape
	}
	return all
}

func TestAlarms(t *testing.T) {
	const atLeast, below = "GreaterThanOrEqualToThreshold", "LessThanThreshold"
	got := map[string]string{}
	for name, alarm := range alarmsOf(t, synthFull(t)) {
		got[name] = alarm.asks()
	}
	want := map[string]string{
		"FailedRuns":           "failed + timedOut ExecutionsFailed ExecutionsTimedOut " + atLeast + " 1 for 1 x 300 missing notBreaching",
		"Throttles":            "dynamodb-to-s3 Throttles {Environment=full} Sum " + atLeast + " 500 for 1 x 300 missing notBreaching",
		"UndeliveredSchedules": "AWS/SQS ApproximateNumberOfMessagesVisible {QueueName=Schedules/Undelivered} Maximum " + atLeast + " 1 for 1 x 300 missing notBreaching",
		"Stale-orders":         "FILL(runs, 0) RunsSucceeded " + below + " 1 for 26 x 3600 missing breaching",
		"Stale-sales-1":        "FILL(runs, 0) RunsSucceeded " + below + " 1 for 168 x 3600 missing breaching",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAlarmsGoToTheTopicAndSayWhatToDo(t *testing.T) {
	topic := []string{"arn:aws:sns:us-east-1:000000000000:Notifications/Topic"}
	for name, alarm := range alarmsOf(t, synthFull(t)) {
		if !slices.Equal(alarm.AlarmActions, topic) {
			t.Errorf("%s goes to %v", name, alarm.AlarmActions)
		}
		if ends := strings.HasPrefix(name, "Stale-"); ends != slices.Equal(alarm.OKActions, topic) {
			t.Errorf("the end of %s goes to %v", name, alarm.OKActions)
		}
		if !strings.Contains(alarm.AlarmDescription, "docs/") || strings.Count(alarm.AlarmDescription, ". ") > 2 {
			t.Errorf("%s: want at most three sentences that name a page of docs/: %q", name, alarm.AlarmDescription)
		}
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
		period := alarm.Period
		if len(alarm.Metrics) > 0 {
			period = alarm.Metrics[1].MetricStat.Period
		}
		if length := period * alarm.EvaluationPeriods; length > 604_800 || period < 3600 && length > 86_400 {
			t.Errorf("%s looks back %v s, which CloudWatch does not", name, length)
		}
	}
	for name, alarm := range alarmsOf(t, synth(t)) {
		if alarm.AlarmActions != nil || alarm.OKActions != nil {
			t.Errorf("%s: there is no topic, and it goes to %v", name, alarm.AlarmActions)
		}
	}
}

// Without schedules there is no alarm of undelivered firings, and without staleHours none of stale tables.
func TestAlarmsOfAPlainEnvironment(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(alarmsOf(t, synth(t)))), []string{"FailedRuns", "Throttles"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAlarmsCanBeLeftOut(t *testing.T) {
	for name, each := range synthQuiet(t).resources {
		if each.Type == "AWS::CloudWatch::Alarm" {
			t.Errorf("%s is there", name)
		}
	}
}
