package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/contract"
)

const (
	// maxVariables is the maximum size of a function's environment variables, names and values together, in bytes.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxVariables = 4 << 10
	// maxPolicies is the maximum size of all inline policies of a role, in characters without white space. reservedPolicy is the part
	// for logs and tracing.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	maxPolicies, reservedPolicy = 10_240, 700
	// maxMachineName is the maximum length of a state machine's name.
	// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
	maxMachineName = 80
	// maxScheduleName is the maximum length of the name of a schedule, and of a group of schedules.
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
	maxScheduleName = 64
	// maxScheduleInput is the maximum size of the input of an execution, in bytes.
	// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
	maxScheduleInput = contract.MaxPayloadBytes
)

// checkQuotas finds the quotas of AWS that the stack would exceed, and says what to do. AWS would report them in the middle of a
// deployment.
func (p *Props) checkQuotas(stack string) error {
	at := place{partition: "aws", region: cmp.Or(p.Region, "ap-southeast-2"), account: cmp.Or(p.Account, "123456789012")}
	return errors.Join(p.checkVariables(at), p.checkPolicies(at), p.checkSchedules(stack))
}

func (p *Props) checkVariables(at place) error {
	var bytes int
	for name, value := range *variables(at, p) {
		bytes += len(name) + len(*value)
	}
	if bytes <= maxVariables {
		return nil
	}
	return fmt.Errorf("defaults, sourceRoles, destinationRoles: need environment variables of %d bytes, Lambda allows %d: "+
		"list fewer roles, or give long defaults in the requests", bytes, maxVariables)
}

// checkPolicies reports only the largest policy: the same change makes the others smaller too.
func (p *Props) checkPolicies(at place) error {
	var most int
	var whose contract.Function
	for _, function := range contract.Functions() {
		if size := policySize(at, function, p); size > most {
			most, whose = size, function
		}
	}
	if most <= maxPolicies {
		return nil
	}
	return fmt.Errorf("tables, kmsKeys, sourceRoles, destinationRoles: need a policy of about %d characters for the function %s, IAM allows %d: "+
		"name similar tables by one pattern, such as \"orders-*\", or divide them among several environments", most, whose, maxPolicies)
}

// policySize returns the size of the policy of a function's role in characters, or slightly more.
func policySize(at place, function contract.Function, props *Props) int {
	grants := append(permissions(at, function, props), ofNetwork(at, props)...)
	statements := make([]map[string]any, 0, len(grants))
	for _, grant := range grants {
		statements = append(statements, grant.statement())
	}
	if function == contract.FunctionPlan {
		statements = append(statements, ofExecutions(at, strings.Repeat("s", maxMachineName)).statement())
	}
	size := reservedPolicy + len(mustMarshal(statements))
	if props.VPC != nil {
		size += reservedPolicy // denyNetwork
	}
	return size
}

func (p *Props) checkSchedules(stack string) error {
	var faults []error
	if len(p.Schedules) > 0 && len(stack) > maxScheduleName {
		faults = append(faults, fmt.Errorf("the stack's name %q: has %d characters, but the group of its schedules has the same name, and EventBridge Scheduler allows %d: give the environment a shorter name",
			stack, len(stack), maxScheduleName))
	}
	for _, schedule := range p.Schedules {
		if len(schedule.Name) > maxScheduleName {
			faults = append(faults, fmt.Errorf("schedules: the name %q has %d characters, EventBridge Scheduler allows %d", schedule.Name, len(schedule.Name), maxScheduleName))
		}
		if n := len(inputOf(schedule)); n > maxScheduleInput {
			faults = append(faults, fmt.Errorf("schedules: the input of %s has %d bytes, Step Functions allows %d", schedule.Name, n, maxScheduleInput))
		}
	}
	return errors.Join(faults...)
}
