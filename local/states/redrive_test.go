package states_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// redrive redrives an execution and waits for its end.
func (f *fixture) redrive(arn string) *sfn.DescribeExecutionOutput {
	f.t.Helper()
	out, err := f.RedriveExecution(f.t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	f.ok(err)
	got := f.ended(arn)
	if got.RedriveDate == nil || !got.RedriveDate.Equal(*out.RedriveDate) {
		f.t.Errorf("got the date %v, want %v", got.RedriveDate, out.RedriveDate)
	}
	return got
}

// A redrive continues at the state that failed, with its input. The states before are not called again, and its Retry begins again.
func TestRedriveContinuesAtTheFailedState(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	f := newFixture(t, `{"StartAt":"First","States":{
		"First":{"Type":"Task","Resource":"@first","ResultPath":"$.first","Next":"Second"},
		"Second":{"Type":"Task","Resource":"@second","Parameters":{"all.$":"$","redrives.$":"$$.Execution.RedriveCount","input.$":"$$.Execution.Input"},"End":true,
			"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1}]}}}`,
		func(_ context.Context, name, payload string) any {
			if name == "second" && broken.Load() {
				return fault{"no", "Broken"}
			}
			return "of " + name
		})
	arn := f.start("a", `{"n":1}`)
	if got := f.ended(arn); got.Status != types.ExecutionStatusFailed || *got.Error != "Broken" {
		t.Fatalf("got %+v", got)
	}
	if got := f.redrive(arn); got.Status != types.ExecutionStatusFailed || *got.RedriveCount != 1 {
		t.Errorf("after one redrive: got %+v", got)
	}
	broken.Store(false)
	got := f.redrive(arn)
	if got.Status != types.ExecutionStatusSucceeded || *got.Output != `"of second"` || *got.RedriveCount != 2 || got.Error != nil || *got.Input != `{"n":1}` {
		t.Errorf("after two redrives: got %+v", got)
	}
	second := func(redrives int) string {
		return fmt.Sprintf(`second {"all":{"n":1,"first":"of first"},"redrives":%d,"input":{"n":1}}`, redrives)
	}
	want := []string{`first {"n":1}`, second(0), second(0), second(1), second(1), second(2)}
	if calls := f.called(); !slices.Equal(calls, want) {
		t.Errorf("got the calls %q", calls)
	}
	events := f.history(arn)
	const failing = "LambdaFunctionScheduled, LambdaFunctionStarted, LambdaFunctionFailed, "
	const tail = "TaskStateEntered Second, " + failing + failing + "ExecutionFailed, ExecutionRedriven, " + failing + failing + "ExecutionFailed, ExecutionRedriven, " +
		"LambdaFunctionScheduled, LambdaFunctionStarted, LambdaFunctionSucceeded, TaskStateExited Second, ExecutionSucceeded"
	if !strings.HasSuffix(kinds(events), tail) || strings.Count(kinds(events), "ExecutionStarted") != 1 {
		t.Errorf("got the events %s", kinds(events))
	}
}

// A redrive of a failed Map starts only the children that have not succeeded: the failed one at the state where it failed, and those that did
// not start at their first state.
func TestRedriveStartsTheChildrenThatHaveNotSucceeded(t *testing.T) {
	t.Parallel()
	var repaired atomic.Bool
	f := newFixture(t, oneMap, func(_ context.Context, name, payload string) any {
		if name == "second" && strings.Contains(payload, "11") && !repaired.Load() {
			return fault{"no", "Broken"}
		}
		return name + " " + strings.Trim(payload, `"`)
	})
	arn := f.start("a", `{"items":[10,11,12],"most":1}`)
	if got := f.ended(arn); got.Status != types.ExecutionStatusFailed {
		t.Fatalf("got %+v", got)
	}
	before := f.mapRuns(arn)
	if counts(before[0]) != "3: 1 0 1 1 0 0" {
		t.Fatalf("got %s", counts(before[0]))
	}
	repaired.Store(true)
	if got := f.redrive(arn); got.Status != types.ExecutionStatusSucceeded {
		t.Errorf("got %+v: %s: %s", got, aws.ToString(got.Error), aws.ToString(got.Cause))
	}
	after := f.mapRuns(arn)
	if len(after) != 1 || *after[0].MapRunArn != *before[0].MapRunArn || after[0].Status != types.MapRunStatusSucceeded || counts(after[0]) != "3: 0 0 3 0 0 0" || *after[0].RedriveCount != 1 {
		t.Errorf("got %+v with %s", after[0], counts(after[0]))
	}
	want := []string{
		"first 10", `second "first 10"`, "first 11", `second "first 11"`, `second "first 11"`, "first 12", `second "first 12"`,
		`after {"items":[10,11,12],"most":1,"children":["second first 10","second first 11","second first 12"]}`,
	}
	if calls := f.called(); !slices.Equal(calls, want) {
		t.Errorf("got the calls %q", calls)
	}
	const events = "MapRunFailed, MapStateFailed, ExecutionFailed, ExecutionRedriven, MapRunRedriven, MapRunSucceeded, MapStateSucceeded, MapStateExited All, "
	if got := kinds(f.history(arn)); !strings.Contains(got, events) {
		t.Errorf("got the events %s", got)
	}
	children, err := f.ListExecutions(t.Context(), &sfn.ListExecutionsInput{MapRunArn: after[0].MapRunArn, RedriveFilter: types.ExecutionRedriveFilterRedriven})
	f.ok(err)
	if len(children.Executions) != 1 || *children.Executions[0].RedriveCount != 1 {
		t.Errorf("got the redriven children %+v", children.Executions)
	}
}

// A stopped execution continues, too, with the children that ran and those that waited.
func TestRedriveOfAStoppedExecution(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	wait := waitFor(release, begun)
	f := newFixture(t, oneMap, func(ctx context.Context, name, payload string) any {
		if name == "first" {
			wait(ctx, name, payload)
		}
		return strings.Trim(payload, `"`)
	})
	arn := f.start("a", `{"items":[10,11,12],"most":2}`)
	<-begun
	<-begun
	_, err := f.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	f.fails(err, "ExecutionNotRedrivable: Execution is RUNNING and cannot be redriven")
	_, err = f.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn})
	f.ok(err)
	stopped := f.mapRuns(arn)[0]
	if stopped.Status != types.MapRunStatusAborted || counts(stopped) != "3: 1 0 0 0 2 0" {
		t.Errorf("got %+v with %s", stopped, counts(stopped))
	}
	close(release)
	token := &sfn.RedriveExecutionInput{ExecutionArn: &arn, ClientToken: aws.String("t-1")}
	first, err := f.RedriveExecution(t.Context(), token)
	f.ok(err)
	if got := f.ended(arn); got.Status != types.ExecutionStatusSucceeded || counts(f.mapRuns(arn)[0]) != "3: 0 0 3 0 0 0" {
		t.Errorf("got %+v with %s", got, counts(f.mapRuns(arn)[0]))
	}
	again, err := f.RedriveExecution(t.Context(), token)
	f.ok(err)
	if got := f.describe(arn); !again.RedriveDate.Equal(*first.RedriveDate) || *got.RedriveCount != 1 {
		t.Errorf("the same token again: got %+v", got)
	}
	_, err = f.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	f.fails(err, "ExecutionNotRedrivable: Execution is SUCCEEDED and cannot be redriven")
	list, err := f.ListExecutions(t.Context(), &sfn.ListExecutionsInput{MapRunArn: stopped.MapRunArn})
	f.ok(err)
	_, err = f.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: list.Executions[0].ExecutionArn})
	f.fails(err, "ExecutionNotRedrivable: Redrive the execution that has started the Map Run")
}

// A redrive of an execution that ended in a Fail state enters the Fail state again, as on AWS.
func TestRedriveOfAFailState(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@work","End":true,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Failed"}]},
		"Failed":{"Type":"Fail","Error":"Refused","Cause":"no"}}}`, func(context.Context, string, string) any { return fault{"no", "Broken"} })
	arn := f.start("a", "{}")
	f.ended(arn)
	if got := f.redrive(arn); got.Status != types.ExecutionStatusFailed || *got.Error != "Refused" || len(f.called()) != 1 {
		t.Errorf("after the calls %q, got %+v", f.called(), got)
	}
	if got := kinds(f.history(arn)); !strings.HasSuffix(got, "FailStateEntered Failed, ExecutionFailed, ExecutionRedriven, FailStateEntered Failed, ExecutionFailed") {
		t.Errorf("got the events %s", got)
	}
}
