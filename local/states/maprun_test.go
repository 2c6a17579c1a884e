package states_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// oneMap runs a distributed Map over $.items: each child calls first and then second. The output of the state machine is what after returns.
const oneMap = `{"StartAt":"All","States":{"All":{"Type":"Map","Label":"Items","ItemsPath":"$.items","MaxConcurrencyPath":"$.most","ResultPath":"$.children","Next":"After",
	"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"First","States":{
		"First":{"Type":"Task","Resource":"@first","Next":"Second"},"Second":{"Type":"Task","Resource":"@second","End":true}}}},
	"After":{"Type":"Task","Resource":"@after","End":true}}}`

// counts writes the counts of a Map Run: pending, running, succeeded, failed, aborted and waiting for their redrive.
func counts(run *sfn.DescribeMapRunOutput) string {
	c := run.ItemCounts
	return fmt.Sprint(c.Total, ": ", c.Pending, " ", c.Running, " ", c.Succeeded, " ", c.Failed, " ", c.Aborted, " ", *c.PendingRedrive)
}

func TestMapRunIsDescribed(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	wait := waitFor(release, begun)
	f := newFixture(t, oneMap, func(ctx context.Context, name, payload string) any {
		if name == "first" {
			wait(ctx, name, payload)
		}
		return name + " " + payload
	})
	arn := f.start("a", `{"items":[10,11,12],"most":2}`)
	<-begun
	<-begun
	running := f.mapRuns(arn)[0]
	if running.Status != types.MapRunStatusRunning || counts(running) != "3: 1 2 0 0 0 0" || running.MaxConcurrency != 2 || *running.ExecutionArn != arn || running.StopDate != nil ||
		!strings.HasPrefix(*running.MapRunArn, "arn:aws:states:us-east-1:000000000000:mapRun:machine/Items:") {
		t.Errorf("while it runs: got %+v with %s", running, counts(running))
	}
	close(release)
	if got := f.ended(arn); got.Status != types.ExecutionStatusSucceeded {
		t.Fatalf("got %+v: %s: %s", got, aws.ToString(got.Error), aws.ToString(got.Cause))
	}
	ended := f.mapRuns(arn)[0]
	if ended.Status != types.MapRunStatusSucceeded || counts(ended) != "3: 0 0 3 0 0 0" || ended.ExecutionCounts.Succeeded != 3 || ended.StopDate.Before(*ended.StartDate) {
		t.Errorf("at the end: got %+v with %s", ended, counts(ended))
	}
	events := f.history(arn)
	const want = "ExecutionStarted, MapStateEntered All, MapStateStarted, MapRunStarted, MapRunSucceeded, MapStateSucceeded, MapStateExited All, " +
		"TaskStateEntered After, LambdaFunctionScheduled, LambdaFunctionStarted, LambdaFunctionSucceeded, TaskStateExited After, ExecutionSucceeded"
	if kinds(events) != want || events[2].MapStateStartedEventDetails.Length != 3 || *events[3].MapRunStartedEventDetails.MapRunArn != *ended.MapRunArn {
		t.Errorf("got the events %s", kinds(events))
	}
	children := f.namesOf(sfn.ListExecutionsInput{MapRunArn: ended.MapRunArn, MaxResults: 2})
	if len(children) != 2 || len(children[0]) != 2 || len(children[1]) != 1 {
		t.Errorf("got the children %v", children)
	}
	child := f.describe("arn:aws:states:us-east-1:000000000000:execution:machine/Items:" + children[1][0])
	if *child.MapRunArn != *ended.MapRunArn || *child.Input != "10" || *child.Output != `"second \"first 10\""` || child.Status != types.ExecutionStatusSucceeded || *child.StateMachineArn != f.machine+"/Items" {
		t.Errorf("got the child %+v", child)
	}
	if got := kinds(f.history(*child.ExecutionArn)); got != "ExecutionStarted, ExecutionSucceeded" {
		t.Errorf("got the child's events %s", got)
	}
	if list := f.namesOf(sfn.ListExecutionsInput{StateMachineArn: &f.machine}); fmt.Sprint(list) != "[[a]]" {
		t.Errorf("children are among the executions of the state machine: %v", list)
	}
}

func TestEmptyMapRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneMap, func(_ context.Context, _, payload string) any { return payload })
	arn := f.start("a", `{"items":[],"most":2}`)
	f.ended(arn)
	if runs := f.mapRuns(arn); len(runs) != 1 || runs[0].Status != types.MapRunStatusSucceeded || counts(runs[0]) != "0: 0 0 0 0 0 0" {
		t.Errorf("got %+v", runs)
	}
}

// A failed child fails the Map as on AWS; the children that run are aborted, and those that wait do not start.
func TestChildFails(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	defer close(release)
	wait := waitFor(release, begun)
	f := newFixture(t, oneMap, func(ctx context.Context, name, payload string) any {
		switch {
		case name == "first" && payload == "11":
			return wait(ctx, name, payload)
		case name == "first" && payload == "12":
			<-begun // the other one runs
			return fault{"the item is wrong", "ItemWrong"}
		}
		return payload
	})
	arn := f.start("a", `{"items":[10,11,12,13],"most":2}`)
	got := f.ended(arn)
	if got.Status != types.ExecutionStatusFailed || *got.Error != "States.ExceedToleratedFailureThreshold" || *got.Cause != "The specified tolerated failure threshold was exceeded" {
		t.Errorf("got %+v: %s", got, aws.ToString(got.Cause))
	}
	run := f.mapRuns(arn)[0]
	if run.Status != types.MapRunStatusFailed || counts(run) != "4: 1 0 1 1 1 0" {
		t.Errorf("got %+v with %s", run, counts(run))
	}
	failed, err := f.ListExecutions(t.Context(), &sfn.ListExecutionsInput{MapRunArn: run.MapRunArn, StatusFilter: types.ExecutionStatusFailed, MaxResults: 1})
	f.ok(err)
	child := f.describe(*failed.Executions[0].ExecutionArn)
	if len(failed.Executions) != 1 || *child.Input != "12" || *child.Error != "ItemWrong" || strings.TrimSpace(*child.Cause) != `{"errorMessage":"the item is wrong","errorType":"ItemWrong"}` ||
		child.RedriveStatus != types.ExecutionRedriveStatusRedrivableByMapRun {
		t.Errorf("got the child %+v", child)
	}
	events := f.history(arn)
	const want = "ExecutionStarted, MapStateEntered All, MapStateStarted, MapRunStarted, MapRunFailed, MapStateFailed, ExecutionFailed"
	if kinds(events) != want || *events[4].MapRunFailedEventDetails.Error != "States.ExceedToleratedFailureThreshold" {
		t.Errorf("got the events %s", kinds(events))
	}
	_, err = f.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: child.ExecutionArn})
	f.fails(err, "ValidationException: this server stops no single child of a Map Run")
}
