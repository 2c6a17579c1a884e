package states_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// oneTask is a state machine of one Task.
const oneTask = `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@work","End":true}}}`

func echo(_ context.Context, _, payload string) any { return map[string]string{"got": payload} }

// waitFor returns a function that waits until release is closed or its caller has gone.
func waitFor(release <-chan struct{}, begun chan<- struct{}) func(context.Context, string, string) any {
	return func(ctx context.Context, _, payload string) any {
		begun <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return payload
	}
}

func TestExecutionSucceeds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"StartAt":"Plan?","States":{
		"Plan?":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":7,"Next":"Work"}],"Default":"Work"},
		"Work":{"Type":"Task","Resource":"@work","TimeoutSeconds":90,"ResultPath":"$.done","Next":"Nap"},
		"Nap":{"Type":"Wait","Seconds":60,"Next":"Done"}, "Done":{"Type":"Succeed"}}}`, echo)
	arn := f.start("night-1", `{"n": 7}`)
	got := f.ended(arn)
	const output = `{"n":7,"done":{"got":"{\"n\":7}"}}`
	if arn != "arn:aws:states:us-east-1:000000000000:execution:machine:night-1" || *got.Name != "night-1" || *got.StateMachineArn != f.machine || *got.Input != `{"n": 7}` ||
		got.Status != types.ExecutionStatusSucceeded || *got.Output != output || got.StopDate.Before(*got.StartDate) || got.Error != nil || got.Cause != nil ||
		*got.RedriveCount != 0 || got.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable || *got.RedriveStatusReason != "Execution is SUCCEEDED and cannot be redriven" {
		t.Errorf("got %+v, %s", got, aws.ToString(got.Output))
	}
	events := f.history(arn)
	const want = "ExecutionStarted, ChoiceStateEntered Plan?, ChoiceStateExited Plan?, TaskStateEntered Work, LambdaFunctionScheduled, LambdaFunctionStarted, " +
		"LambdaFunctionSucceeded, TaskStateExited Work, WaitStateEntered Nap, WaitStateExited Nap, SucceedStateEntered Done, SucceedStateExited Done, ExecutionSucceeded"
	if kinds(events) != want {
		t.Errorf("got the events %s", kinds(events))
	}
	for i, event := range events {
		if event.Id != int64(i+1) || event.PreviousEventId != int64(i) || event.Timestamp == nil {
			t.Errorf("event %d: %+v", i, event)
		}
	}
	scheduled := events[4].LambdaFunctionScheduledEventDetails
	if *scheduled.Input != `{"n":7}` || *scheduled.TimeoutInSeconds != 90 || !strings.HasSuffix(*scheduled.Resource, ":function:work") ||
		*events[6].LambdaFunctionSucceededEventDetails.Output != `{"got":"{\"n\":7}"}` || *events[7].StateExitedEventDetails.Output != output ||
		*events[0].ExecutionStartedEventDetails.Input != `{"n": 7}` || *events[12].ExecutionSucceededEventDetails.Output != output {
		t.Errorf("got the payloads %+v", events)
	}
	metadata, err := f.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn, IncludedData: types.IncludedDataMetadataOnly})
	f.ok(err)
	if metadata.Input != nil || metadata.Output != nil || metadata.Status != types.ExecutionStatusSucceeded {
		t.Errorf("got the metadata %+v", metadata)
	}
}

// A function's error is the error of the execution. Its cause is the function's whole answer, as on AWS.
func TestExecutionFails(t *testing.T) {
	t.Parallel()
	tries := 0
	f := newFixture(t, `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@work","End":true,"Retry":[{"ErrorEquals":["Throttled"],"MaxAttempts":1}]}}}`,
		func(context.Context, string, string) any {
			tries++
			return fault{"try again", "Throttled"}
		})
	arn := f.start("a", "{}")
	got := f.ended(arn)
	const cause = `{"errorMessage":"try again","errorType":"Throttled"}`
	if got.Status != types.ExecutionStatusFailed || *got.Error != "Throttled" || strings.TrimSpace(*got.Cause) != cause || got.Output != nil || got.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
		t.Errorf("got %+v: %s: %s", got, aws.ToString(got.Error), aws.ToString(got.Cause))
	}
	const want = "ExecutionStarted, TaskStateEntered Work, LambdaFunctionScheduled, LambdaFunctionStarted, LambdaFunctionFailed, " +
		"LambdaFunctionScheduled, LambdaFunctionStarted, LambdaFunctionFailed, ExecutionFailed"
	events := f.history(arn)
	if kinds(events) != want || *events[4].LambdaFunctionFailedEventDetails.Error != "Throttled" || strings.TrimSpace(*events[8].ExecutionFailedEventDetails.Cause) != cause || tries != 2 {
		t.Errorf("after %d tries, got the events %s", tries, kinds(events))
	}
}

func TestStartExecutionChecksItsInput(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	defer close(release)
	f := newFixture(t, oneTask, waitFor(release, begun))
	arn := f.start("busy", `{"n":1}`)
	first := f.describe(arn)
	for _, test := range []struct{ machine, name, input, want string }{
		{f.machine, "busy", `{"n":2}`, "ExecutionAlreadyExists: Execution Already Exists: '" + arn + "'"},
		{f.machine, "busy", `{"n": 1}`, "ExecutionAlreadyExists: "}, // another text
		{f.machine, "", "{}", "InvalidName: Invalid Name: ''"},
		{f.machine, "a b", "{}", "InvalidName: Invalid Name: 'a b'"},
		{f.machine, "a/b", "{}", "InvalidName: "},
		{f.machine, "a:b", "{}", "InvalidName: "},
		{f.machine, "a\u0085b", "{}", "InvalidName: "},
		{f.machine, strings.Repeat("n", 81), "{}", "ValidationException: 1 validation error detected: Value 'nnn"},
		{f.machine, "b", "{", "InvalidExecutionInput: Invalid State Machine Execution Input: 'unexpected EOF'"},
		{f.machine, "b", "", "InvalidExecutionInput: "},
		{f.machine, "b", "{} {}", "InvalidExecutionInput: "},
		{f.machine, "b", `"` + strings.Repeat("x", 262_143) + `"`, "ValidationException: 1 validation error detected: Value '(omitted)' at 'input'"},
		{f.machine + "2", "b", "{}", "StateMachineDoesNotExist: State Machine Does Not Exist: '" + f.machine + "2'"},
		{arn, "b", "{}", "InvalidArn: Invalid Arn: 'Resource type not valid in this context: execution'"},
		{"machine", "b", "{}", "InvalidArn: Invalid Arn: 'Invalid ARN prefix: machine'"},
	} {
		_, err := f.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &test.machine, Name: &test.name, Input: &test.input})
		f.fails(err, test.want)
	}
	again, err := f.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &f.machine, Name: aws.String("busy"), Input: aws.String(`{"n":1}`)})
	f.ok(err)
	if *again.ExecutionArn != arn || !again.StartDate.Equal(*first.StartDate) {
		t.Errorf("the same start again: got %+v", again)
	}
	for _, in := range []*sfn.StartExecutionInput{
		{StateMachineArn: &f.machine},
		{StateMachineArn: &f.machine, Name: aws.String(strings.Repeat("n", 80)), Input: aws.String(`"` + strings.Repeat("x", 262_142) + `"`)},
		{StateMachineArn: &f.machine, Name: aws.String("ä.@-(1)='"), Input: aws.String("7")},
	} {
		if _, err := f.StartExecution(t.Context(), in); err != nil {
			t.Errorf("%s: %v", aws.ToString(in.Name), err)
		}
	}
	list, err := f.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &f.machine})
	if err != nil || len(list.Executions) != 4 {
		t.Errorf("got %d executions, %v: a refused start has started one", len(list.Executions), err)
	}
	for _, call := range []func() error{
		func() error {
			_, err := f.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(arn + "x")})
			return err
		},
		func() error {
			_, err := f.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(arn + "x")})
			return err
		},
		func() error {
			_, err := f.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: aws.String(arn + "x")})
			return err
		},
		func() error {
			_, err := f.ListMapRuns(t.Context(), &sfn.ListMapRunsInput{ExecutionArn: aws.String(arn + "x")})
			return err
		},
		func() error {
			_, err := f.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn + "x")})
			return err
		},
	} {
		f.fails(call(), "ExecutionDoesNotExist: Execution Does Not Exist: '"+arn+"x'")
	}
}

// A stopped execution is aborted, and calls no further function. A second stop changes nothing.
func TestStopExecution(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 1)
	f := newFixture(t, `{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@work","Next":"Next"},"Next":{"Type":"Task","Resource":"@next","End":true}}}`, waitFor(release, begun))
	arn := f.start("a", "{}")
	<-begun
	if got := f.describe(arn); got.Status != types.ExecutionStatusRunning || got.StopDate != nil || *got.RedriveStatusReason != "Execution is RUNNING and cannot be redriven" {
		t.Errorf("while it runs: %+v", got)
	}
	stopped, err := f.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn, Error: aws.String("Wrong"), Cause: aws.String("the wrong table")})
	f.ok(err)
	close(release)
	got := f.describe(arn)
	if got.Status != types.ExecutionStatusAborted || *got.Error != "Wrong" || *got.Cause != "the wrong table" || !got.StopDate.Equal(*stopped.StopDate) || got.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
		t.Errorf("got %+v", got)
	}
	again, err := f.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn, Error: aws.String("Other")})
	f.ok(err)
	if got := f.describe(arn); *got.Error != "Wrong" || !again.StopDate.Equal(*stopped.StopDate) {
		t.Errorf("after a second stop: %+v", got)
	}
	const want = "ExecutionStarted, TaskStateEntered Work, LambdaFunctionScheduled, LambdaFunctionStarted, TaskStateAborted, ExecutionAborted"
	if events := f.history(arn); kinds(events) != want || *events[5].ExecutionAbortedEventDetails.Cause != "the wrong table" {
		t.Errorf("got the events %s", kinds(events))
	}
	if calls := f.called(); len(calls) != 1 {
		t.Errorf("got the calls %q", calls)
	}
	for _, test := range []*sfn.StopExecutionInput{{Error: aws.String(strings.Repeat("e", 257))}, {Cause: aws.String(strings.Repeat("c", 32_769))}} {
		test.ExecutionArn = &arn
		_, err := f.StopExecution(t.Context(), test)
		f.fails(err, "ValidationException: 1 validation error detected: ")
	}
}
