package states

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func (s *Server) describeExecution(_ context.Context, in *sfn.DescribeExecutionInput) (*sfn.DescribeExecutionOutput, error) {
	if err := checkEnum("includedData", in.IncludedData, in.IncludedData.Values()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.execution(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	out := &sfn.DescribeExecutionOutput{
		ExecutionArn: &e.arn, Name: &e.name, StateMachineArn: &e.machine, Status: e.status, StartDate: date(e.start), StopDate: date(e.end), RedriveDate: date(e.redriven),
		RedriveCount: aws.Int32(int32(e.redrives)), RedriveStatus: e.redriveStatus(),
	}
	if out.RedriveStatus == types.ExecutionRedriveStatusNotRedrivable {
		out.RedriveStatusReason = aws.String(fmt.Sprintf("Execution is %s and cannot be redriven", e.status))
	}
	if e.mapRun != nil {
		out.MapRunArn = &e.mapRun.arn
	}
	if in.IncludedData == types.IncludedDataMetadataOnly {
		return out, nil
	}
	out.Input, out.InputDetails = &e.input, &types.CloudWatchEventsExecutionDataDetails{Included: true}
	if e.output != nil {
		out.Output, out.OutputDetails = e.output, &types.CloudWatchEventsExecutionDataDetails{Included: true}
	}
	out.Error, out.Cause = e.error, e.cause
	return out, nil
}

// date returns a time as the API has it, nil for the zero time.
func date(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// redriveStatus says whether an execution can be redriven now.
func (e *execution) redriveStatus() types.ExecutionRedriveStatus {
	switch {
	case !unsuccessful(e.status):
		return types.ExecutionRedriveStatusNotRedrivable
	case e.mapRun != nil:
		return types.ExecutionRedriveStatusRedrivableByMapRun
	default:
		return types.ExecutionRedriveStatusRedrivable
	}
}

func (s *Server) listExecutions(_ context.Context, in *sfn.ListExecutionsInput) (*sfn.ListExecutionsOutput, error) {
	if err := checkEnum("statusFilter", in.StatusFilter, in.StatusFilter.Values()); err != nil {
		return nil, err
	}
	if err := checkEnum("redriveFilter", in.RedriveFilter, in.RedriveFilter.Values()); err != nil {
		return nil, err
	}
	limit, err := checkPage(in.MaxResults)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.executionsOf(in)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(e *execution) bool {
		return e == nil || in.StatusFilter != "" && e.status != in.StatusFilter || in.RedriveFilter != "" && e.redrives > 0 != (in.RedriveFilter == types.ExecutionRedriveFilterRedriven)
	})
	slices.SortFunc(all, func(a, b *execution) int { return b.number - a.number })
	call := fmt.Sprint("ListExecutions ", aws.ToString(in.StateMachineArn), aws.ToString(in.MapRunArn), in.StatusFilter, in.RedriveFilter)
	entries, next, err := page(all, func(e *execution) int { return e.number }, true, call, in.NextToken, limit)
	out := &sfn.ListExecutionsOutput{Executions: []types.ExecutionListItem{}, NextToken: next}
	for _, e := range entries {
		out.Executions = append(out.Executions, e.item())
	}
	return out, err
}

// executionsOf returns the executions of the state machine, or the children of a Map Run.
func (s *Server) executionsOf(in *sfn.ListExecutionsInput) ([]*execution, error) {
	if (in.StateMachineArn == nil) == (in.MapRunArn == nil) {
		return nil, invalid("Exactly one of stateMachineArn and mapRunArn must be given")
	}
	if in.MapRunArn != nil {
		m, err := s.mapRun(in.MapRunArn)
		if err != nil {
			return nil, err
		}
		return m.children, nil
	}
	if err := checkARN("stateMachineArn", in.StateMachineArn, "stateMachine"); err != nil {
		return nil, err
	}
	return s.started, s.checkMachine(*in.StateMachineArn)
}

// item returns the entry of an execution in a list.
func (e *execution) item() types.ExecutionListItem {
	item := types.ExecutionListItem{
		ExecutionArn: &e.arn, Name: &e.name, StateMachineArn: &e.machine, Status: e.status, StartDate: date(e.start), StopDate: date(e.end), RedriveDate: date(e.redriven),
		RedriveCount: aws.Int32(int32(e.redrives)),
	}
	if e.mapRun != nil {
		item.MapRunArn, item.ItemCount = &e.mapRun.arn, aws.Int32(1)
	}
	return item
}

// checkEnum checks a member that may be absent and has only some values.
func checkEnum[E ~string](member string, given E, values []E) error {
	if given != "" && !slices.Contains(values, given) {
		return constraint(given, member, "Member must satisfy enum value set: %v", values)
	}
	return nil
}
