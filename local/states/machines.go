package states

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// checkMachine checks that an ARN is that of the state machine.
func (s *Server) checkMachine(arn string) error {
	if arn == s.StateMachineARN() {
		return nil
	}
	message := fmt.Sprintf("State Machine Does Not Exist: '%s'", arn)
	return &types.StateMachineDoesNotExist{Message: &message}
}

func (s *Server) describeStateMachine(_ context.Context, in *sfn.DescribeStateMachineInput) (*sfn.DescribeStateMachineOutput, error) {
	if err := checkEnum("includedData", in.IncludedData, in.IncludedData.Values()); err != nil {
		return nil, err
	}
	if err := checkARN("stateMachineArn", in.StateMachineArn, "stateMachine"); err != nil {
		return nil, err
	}
	if err := s.checkMachine(*in.StateMachineArn); err != nil {
		return nil, err
	}
	out := &sfn.DescribeStateMachineOutput{
		StateMachineArn: in.StateMachineArn, Name: &s.options.Name, Status: types.StateMachineStatusActive, Type: types.StateMachineTypeStandard,
		CreationDate: &s.created, RoleArn: aws.String("arn:aws:iam::" + Account + ":role/" + s.options.Name),
		LoggingConfiguration: &types.LoggingConfiguration{Level: types.LogLevelOff}, TracingConfiguration: &types.TracingConfiguration{},
		EncryptionConfiguration: &types.EncryptionConfiguration{Type: types.EncryptionTypeAwsOwnedKey},
	}
	if in.IncludedData != types.IncludedDataMetadataOnly {
		out.Definition = aws.String(string(s.options.Definition))
	}
	return out, nil
}

func (s *Server) listStateMachines(_ context.Context, in *sfn.ListStateMachinesInput) (*sfn.ListStateMachinesOutput, error) {
	limit, err := checkPage(in.MaxResults)
	if err != nil {
		return nil, err
	}
	arn := s.StateMachineARN()
	all := []types.StateMachineListItem{{StateMachineArn: &arn, Name: &s.options.Name, Type: types.StateMachineTypeStandard, CreationDate: &s.created}}
	entries, next, err := page(all, func(types.StateMachineListItem) int { return 0 }, false, "ListStateMachines", in.NextToken, limit)
	return &sfn.ListStateMachinesOutput{StateMachines: entries, NextToken: next}, err
}
