//go:build !race

package main

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/environment"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

func TestSchedules(t *testing.T) {
	made := synthFull(t)
	if diff := cmp.Diff(map[string]any{"Name": "stack"}, made.of(t, "AWS::Scheduler::ScheduleGroup")["Schedules/Group"].Properties); diff != "" {
		t.Errorf("the group (-want +got):\n%s", diff)
	}
	want := func(properties, target map[string]any) map[string]any {
		maps.Copy(target, map[string]any{
			"Arn":              "arn:aws:states:us-east-1:000000000000:stateMachine:StateMachine",
			"RoleArn":          "arn:aws:iam::000000000000:role/Schedules/Role",
			"DeadLetterConfig": map[string]any{"Arn": "arn:aws:sqs:us-east-1:000000000000:Schedules/Undelivered"},
		})
		maps.Copy(properties, map[string]any{
			"GroupName": "Schedules/Group", "Description": "Starts executions of the state machine of stack.", "Target": target,
		})
		return properties
	}
	got := made.of(t, "AWS::Scheduler::Schedule")
	for name, properties := range map[string]map[string]any{
		"hourly": want(map[string]any{
			"Name": "hourly", "ScheduleExpression": "rate(1 hour)", "ScheduleExpressionTimezone": "UTC", "State": "ENABLED",
			"FlexibleTimeWindow": map[string]any{"Mode": "OFF"},
		}, map[string]any{
			"Input":       `{"schedule":"hourly","scheduledTime":"<aws.scheduler.scheduled-time>","table":"orders"}`,
			"RetryPolicy": map[string]any{"MaximumRetryAttempts": 3.0, "MaximumEventAgeInSeconds": 3600.0},
		}),
		"nightly": want(map[string]any{
			"Name": "nightly", "ScheduleExpression": "cron(0 3 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin", "State": "DISABLED",
			"FlexibleTimeWindow": map[string]any{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15.0},
		}, map[string]any{
			"Input":       `{"export":{"exportType":"FULL"},"schedule":"nightly","scheduledTime":"<aws.scheduler.scheduled-time>","table":"sales-1"}`,
			"RetryPolicy": map[string]any{"MaximumRetryAttempts": 0.0, "MaximumEventAgeInSeconds": 60.0},
		}),
	} {
		schedule := got["Schedules/Schedule-"+name]
		if diff := cmp.Diff(properties, schedule.Properties); diff != "" {
			t.Errorf("schedule %s (-want +got):\n%s", name, diff)
		}
		if !strings.Contains(strings.Join(schedule.DependsOn, " "), "Schedules/Role/DefaultPolicy") {
			t.Errorf("schedule %s may fire before its role may start anything: it depends on %v", name, schedule.DependsOn)
		}
	}
	if len(got) != 2 {
		t.Errorf("got %d schedules, want 2", len(got))
	}
}

// EventBridge Scheduler turns the input into a valid request, and two deliveries of a firing give the same run. Two schedules never
// give the same run.
func TestFiringsAreRequests(t *testing.T) {
	environments := map[string]environment.Environment{"full": fullProps("").Environment}
	for _, folder := range []string{"environments", "../examples/environments"} {
		files, err := filepath.Glob(folder + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if environments[file], err = environment.Read(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	severalTables := false
	for name, of := range environments {
		runs := map[string]bool{}
		for _, schedule := range of.Schedules {
			fired := strings.ReplaceAll(inputOf(schedule), scheduledTime, "2026-01-31T06:00:00Z")
			req, err := request.Parse(json.RawMessage(fired), json.RawMessage(of.RequestDefaults()))
			if err != nil {
				t.Errorf("%s: schedule %s: %v\n%s", name, schedule.Name, err, fired)
				continue
			}
			first, second := run.Execution{Name: "a"}.RunID(req), run.Execution{Name: "b"}.RunID(req)
			if first != second || first != schedule.Name+"-20260131T060000Z" || runs[first] {
				t.Errorf("%s: schedule %s: the runs %s and %s, want one of its own that is called after the schedule", name, schedule.Name, first, second)
			}
			runs[first] = true
			severalTables = severalTables || strings.HasSuffix(schedule.Name, "-"+req.Table)
		}
	}
	if !severalTables {
		t.Error("no example has a schedule of several tables")
	}
}

// inputOf does not change the input in the environment.
func TestInputIsNotChanged(t *testing.T) {
	input := map[string]any{"table": "orders"}
	_ = inputOf(environment.Schedule{Name: "s", Input: input})
	if diff := cmp.Diff(map[string]any{"table": "orders"}, input); diff != "" {
		t.Errorf("the environment's input (-before +after):\n%s", diff)
	}
}

func TestRoleOfSchedules(t *testing.T) {
	want := []statement{
		{Effect: "Allow", Action: oneOrMore{"states:StartExecution"}, Resource: oneOrMore{"arn:aws:states:us-east-1:000000000000:stateMachine:StateMachine"}},
		{Effect: "Allow", Action: oneOrMore{"sqs:SendMessage"}, Resource: oneOrMore{"arn:aws:sqs:us-east-1:000000000000:Schedules/Undelivered"}},
	}
	if diff := cmp.Diff(want, policies(t, synthFull(t))["Schedules/Role"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUndeliveredFirings(t *testing.T) {
	made := synthFull(t)
	want := map[string]any{"MessageRetentionPeriod": 14 * 24 * 3600.0, "SqsManagedSseEnabled": true}
	if diff := cmp.Diff(want, made.of(t, "AWS::SQS::Queue")["Schedules/Undelivered"].Properties); diff != "" {
		t.Errorf("the queue (-want +got):\n%s", diff)
	}
	tlsOnly(t, made.of(t, "AWS::SQS::QueuePolicy")["Schedules/Undelivered/Policy"], "sqs:*", "arn:aws:sqs:us-east-1:000000000000:Schedules/Undelivered")
}

// An environment without schedules has no resources for them.
func TestNoSchedules(t *testing.T) {
	for name := range synth(t).resources {
		if strings.HasPrefix(name, "Schedules") {
			t.Errorf("the stack has %s", name)
		}
	}
}
