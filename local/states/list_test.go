package states_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// namesOf returns the names of all executions of a list, page by page.
func (f *fixture) namesOf(in sfn.ListExecutionsInput) (pages [][]string) {
	f.t.Helper()
	all := sfn.NewListExecutionsPaginator(f, &in)
	for all.HasMorePages() {
		page, err := all.NextPage(f.t.Context())
		f.ok(err)
		var names []string
		for _, e := range page.Executions {
			names = append(names, *e.Name)
		}
		pages = append(pages, names)
	}
	return pages
}

func TestListExecutions(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	defer close(release)
	wait := waitFor(release, begun)
	f := newFixture(t, `{"StartAt":"Wait?","States":{
		"Wait?":{"Type":"Choice","Choices":[{"Variable":"$.wait","IsPresent":true,"Next":"Work"},{"Variable":"$.fail","IsPresent":true,"Next":"Fail"}],"Default":"Done"},
		"Work":{"Type":"Task","Resource":"@work","End":true},"Fail":{"Type":"Fail","Error":"E","Cause":"c"},"Done":{"Type":"Succeed"}}}`, wait)
	for i, input := range []string{`{}`, `{"fail":1}`, `{"wait":1}`, `{"fail":1}`, `{}`} {
		arn := f.start(fmt.Sprint("n", i), input)
		if input != `{"wait":1}` {
			f.ended(arn)
		}
	}
	for _, test := range []struct {
		status types.ExecutionStatus
		limit  int32
		want   string
	}{
		{"", 0, "[[n4 n3 n2 n1 n0]]"},
		{"", 1000, "[[n4 n3 n2 n1 n0]]"},
		{"", 5, "[[n4 n3 n2 n1 n0]]"},
		{"", 4, "[[n4 n3 n2 n1] [n0]]"},
		{"", 2, "[[n4 n3] [n2 n1] [n0]]"},
		{types.ExecutionStatusFailed, 1, "[[n3] [n1]]"},
		{types.ExecutionStatusSucceeded, 0, "[[n4 n0]]"},
		{types.ExecutionStatusRunning, 0, "[[n2]]"},
		{types.ExecutionStatusTimedOut, 0, "[[]]"},
	} {
		if got := f.namesOf(sfn.ListExecutionsInput{StateMachineArn: &f.machine, StatusFilter: test.status, MaxResults: test.limit}); fmt.Sprint(got) != test.want {
			t.Errorf("%s by %d: got %v, want %s", test.status, test.limit, got, test.want)
		}
	}
	// An execution that starts between two pages moves nothing.
	first, err := f.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &f.machine, MaxResults: 3})
	f.ok(err)
	f.ended(f.start("n5", `{}`))
	second, err := f.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &f.machine, MaxResults: 3, NextToken: first.NextToken})
	f.ok(err)
	if len(second.Executions) != 2 || *second.Executions[0].Name != "n1" || second.NextToken != nil {
		t.Errorf("got the second page %+v", second)
	}
	for _, test := range []struct {
		in   sfn.ListExecutionsInput
		want string
	}{
		{sfn.ListExecutionsInput{StateMachineArn: &f.machine, NextToken: first.NextToken, StatusFilter: "FAILED"}, "InvalidToken: Invalid Token: '"},
		{sfn.ListExecutionsInput{StateMachineArn: &f.machine, NextToken: aws.String("x")}, "InvalidToken: Invalid Token: 'x'"},
		{sfn.ListExecutionsInput{StateMachineArn: &f.machine, MaxResults: 1001}, "ValidationException: 1 validation error detected: Value '1001' at 'maxResults'"},
		{sfn.ListExecutionsInput{StateMachineArn: &f.machine, MaxResults: -1}, "ValidationException: 1 validation error detected: Value '-1' at 'maxResults'"},
		{sfn.ListExecutionsInput{StateMachineArn: &f.machine, StatusFilter: "DONE"}, "ValidationException: 1 validation error detected: Value 'DONE' at 'statusFilter'"},
		{sfn.ListExecutionsInput{}, "ValidationException: Exactly one of stateMachineArn and mapRunArn must be given"},
		{sfn.ListExecutionsInput{StateMachineArn: aws.String(f.machine + "x")}, "StateMachineDoesNotExist: "},
		{sfn.ListExecutionsInput{MapRunArn: aws.String("arn:aws:states:us-east-1:000000000000:mapRun:machine/All:x")}, "ResourceNotFound: "},
	} {
		_, err := f.ListExecutions(t.Context(), &test.in)
		f.fails(err, test.want)
	}
}

func TestGetExecutionHistoryInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneTask, echo)
	arn := f.start("a", `{"n":1}`)
	f.ended(arn)
	whole := f.history(arn)
	for _, reverse := range []bool{false, true} {
		for limit := int32(1); limit <= int32(len(whole))+1; limit++ {
			var got []int64
			pages := sfn.NewGetExecutionHistoryPaginator(f, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: limit, ReverseOrder: reverse})
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				f.ok(err)
				if len(page.Events) == 0 || len(page.Events) > int(limit) {
					t.Errorf("a page of %d has %d events", limit, len(page.Events))
				}
				for _, event := range page.Events {
					got = append(got, event.Id)
				}
			}
			if reverse {
				slices.Reverse(got)
			}
			if fmt.Sprint(got) != "[1 2 3 4 5 6 7]" {
				t.Errorf("in pages of %d, reverse %t: got %v", limit, reverse, got)
			}
		}
	}
	bare, err := f.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, IncludeExecutionData: aws.Bool(false)})
	f.ok(err)
	if bare.Events[0].ExecutionStartedEventDetails.Input != nil || bare.Events[2].LambdaFunctionScheduledEventDetails.Input != nil || bare.Events[2].LambdaFunctionScheduledEventDetails.Resource == nil ||
		bare.Events[5].StateExitedEventDetails.Output != nil || *bare.Events[5].StateExitedEventDetails.Name != "Work" {
		t.Errorf("without data: got %+v", bare.Events)
	}
	if again := f.history(arn); *again[0].ExecutionStartedEventDetails.Input != `{"n":1}` {
		t.Errorf("the data is lost: %+v", again[0])
	}
}

func TestStateMachineIsDescribed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `{"StartAt":"D","States":{"D":{"Type":"Succeed"}}}`, echo)
	list, err := f.ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{})
	f.ok(err)
	if len(list.StateMachines) != 1 || *list.StateMachines[0].StateMachineArn != f.machine || *list.StateMachines[0].Name != "machine" || list.NextToken != nil {
		t.Errorf("got %+v", list)
	}
	got, err := f.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &f.machine})
	f.ok(err)
	if *got.Definition != `{"StartAt":"D","States":{"D":{"Type":"Succeed"}}}` || got.Type != types.StateMachineTypeStandard || got.Status != types.StateMachineStatusActive {
		t.Errorf("got %+v", got)
	}
	_, err = f.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(f.machine + "x")})
	f.fails(err, "StateMachineDoesNotExist: State Machine Does Not Exist: '"+f.machine+"x'")
	_, err = f.ListActivities(t.Context(), &sfn.ListActivitiesInput{})
	f.fails(err, `UnknownOperationException: this server does not have the operation "ListActivities"`)
}
