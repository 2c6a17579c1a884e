package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/contract"
)

const (
	// maxVariables is the most bytes of names and values that a function's environment variables may have.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxVariables = 4 << 10
	// maxPolicies is the most characters of all inline policies of a role, without white space. reservedPolicy is what they have
	// beside permissions: logs and tracing.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	maxPolicies, reservedPolicy = 10_240, 700
	// maxMachineName is of state machines.
	// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
	maxMachineName = 80
	// maxScheduleName is of schedules and of their groups.
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
	maxScheduleName = 64
	// maxScheduleInput is the most characters of what a schedule hands over: an execution's input.
	// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
	maxScheduleInput = contract.MaxPayloadBytes
)

// checkQuotas says before a deployment what AWS would say in the middle of it: which of its quotas the stack of that name, or
// something of it, would exceed, and what to do.
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
	return fmt.Errorf("defaults, sourceRoles, destinationRoles: make environment variables of %d bytes, Lambda allows %d: "+
		"list fewer roles, or give long defaults in the requests", bytes, maxVariables)
}

// checkPolicies tells of the largest policy only: what makes it smaller does so with the others.
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
	return fmt.Errorf("tables, kmsKeys, sourceRoles, destinationRoles: make a policy of some %d characters for the function %s, IAM allows %d: "+
		"name tables that begin alike by one pattern, such as \"orders-*\", or spread them over several environments", most, whose, maxPolicies)
}

// policySize returns how many characters the policy of a function's role will have, or a few more.
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
		size += reservedPolicy // what is denied
	}
	return size
}

func (p *Props) checkSchedules(stack string) error {
	var faults []error
	if len(p.Schedules) > 0 && len(stack) > maxScheduleName {
		faults = append(faults, fmt.Errorf("the stack's name %q: has %d characters, the group of its schedules is called so and may have %d: give the environment a shorter name",
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
