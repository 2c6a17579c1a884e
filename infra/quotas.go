package main

import (
	"errors"
	"fmt"
	"sort"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/quota"
)

const (
	// maxVariables is the maximum size of a function's environment variables, names and values together, in bytes.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxVariables = 4 << 10
	// maxMachineName is the maximum length of a state machine's name.
	// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
	maxMachineName = 80
	// maxScheduleInput is the maximum size of the input of an execution, in bytes.
	// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
	maxScheduleInput = quota.MaxPayloadBytes
	// maxParts is the maximum number of schedules and alarms. CloudFormation changes 2,500 resources of a stack and its nested stacks in
	// one operation, and the others are fewer than 400.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
	maxParts = 2_000
)

// checkQuotas finds the quotas of AWS that the stack would exceed, and says what to do. AWS would report them in the middle of a
// deployment. The other quotas cannot be reached: environment.Read bounds what decides them, or the template does not depend on the
// environment.
func (p *Props) checkQuotas() error {
	at := p.longest()
	p = p.at(at)
	return errors.Join(p.checkVariables(at), p.checkPolicies(at), p.checkSchedules(), p.checkParts())
}

// exceeded is the error of a quota.
func exceeded(path, got, want string, args ...any) error {
	return problem.List{{Path: path, Got: got, Want: fmt.Sprintf(want, args...)}}
}

func (p *Props) checkVariables(at place) error {
	var bytes int
	for name, value := range *variables(at, p) {
		bytes += len(name) + len(*value)
	}
	if bytes <= maxVariables {
		return nil
	}
	return exceeded("defaults, sourceRoles, destinationRoles", fmt.Sprintf("environment variables of %d bytes", bytes),
		"at most %d, which is the quota of Lambda: list fewer roles, or give long defaults in the requests", maxVariables)
}

// checkPolicies reports only the role that needs most managed policies: the same change makes the others smaller too.
func (p *Props) checkPolicies(at place) error {
	most, allowed := 0, p.Quotas.ManagedPoliciesPerRole
	var whose string
	for role, policies := range p.allPolicies(at) {
		if n := len(policies) - 1; n > most || n == most && role < whose {
			most, whose = n, role
		}
	}
	if most <= allowed {
		return nil
	}
	// With the first tables and all else the policies fit.
	fit := sort.Search(len(p.Tables), func(n int) bool {
		fewer := *p
		fewer.Tables = p.Tables[:n+1]
		for _, policies := range fewer.allPolicies(at) {
			if len(policies)-1 > allowed {
				return true
			}
		}
		return false
	})
	advice := fmt.Sprintf("the first %d tables fit. Name similar tables by one pattern, such as \"orders-*\", divide the tables among several environments", fit)
	if fit == 0 {
		advice = "list fewer keys and roles"
	}
	return exceeded("tables, kmsKeys, sourceRoles, destinationRoles",
		fmt.Sprintf("%d tables, %d keys and %d roles, which need %d managed policies for the role of %s", len(p.Tables), len(p.KMSKeys), len(p.SourceRoles)+len(p.DestinationRoles), most, whose),
		"at most %d managed policies of %d characters, which is the quota of IAM: %s, or have the quota of the account raised (to 25 at most) and set quotas.managedPoliciesPerRole",
		allowed, maxManaged, advice)
}

// allPolicies returns the policies of each role whose size depends on the environment.
func (p *Props) allPolicies(at place) map[string][][]grant {
	all := map[string][][]grant{"the state machine": p.policiesOfMachine(at)}
	for _, function := range p.functions() {
		all["the function "+string(function)] = p.policiesOf(at, function)
	}
	return all
}

func (p *Props) checkSchedules() error {
	var faults []error
	for _, schedule := range p.Schedules {
		if n := len(inputOf(schedule)); n > maxScheduleInput {
			faults = append(faults, exceeded("schedules", fmt.Sprintf("%d bytes as the input of %s", n, schedule.Name), "at most %d, which is the quota of Step Functions", maxScheduleInput))
		}
	}
	return errors.Join(faults...)
}

func (p *Props) checkParts() error {
	schedules, alarms := len(p.Schedules), len(p.Alarms.StaleHours)
	if p.Alarms.Disabled {
		alarms = 0
	}
	if schedules+alarms <= maxParts {
		return nil
	}
	return exceeded("schedules, alarms.staleHours", fmt.Sprintf("%d schedules, one for each table of a schedule, and %d alarms", schedules, alarms),
		"at most %d together, because CloudFormation changes 2500 resources in one operation: divide them among several environments", maxParts)
}
