package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/job"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Props are what a stack is made of.
type Props struct {
	Environment
	// CodeFolder holds a folder for each function with its program, bootstrap, in it.
	CodeFolder string
}

// AddStack adds a stack to scope, in whatever account and region it is deployed to: the functions, and the state machine that
// calls them. It fails, before it adds anything, where the props are not fit to be deployed, and says all that is wrong.
func AddStack(scope constructs.Construct, id string, props *Props) error {
	if err := props.check(); err != nil {
		return fmt.Errorf("environment %s: %w", props.Name, err)
	}
	stack := awscdk.NewStack(scope, &id, &awscdk.StackProps{
		Description: jsii.String("Replicates DynamoDB tables to S3 (" + props.Name + ")."),
	})
	functions := map[job.Function]awslambda.Function{}
	for _, function := range job.Functions() {
		functions[function] = newFunction(stack, function, props)
	}
	machine := newStateMachine(stack, "StateMachine", functions, tables(stack, props, "/export/*"))
	awscdk.NewCfnOutput(stack, jsii.String("StateMachineArn"), &awscdk.CfnOutputProps{
		Value: machine.StateMachineArn(), Description: jsii.String("Start executions of this state machine."),
	})
	return nil
}

func (p *Props) check() error {
	var faults []error
	if len(p.Tables) == 0 {
		faults = append(faults, errors.New("tables: name at least one"))
	}
	var told []string
	for _, table := range p.Tables {
		if strings.HasPrefix(table, "arn:") {
			faults = append(faults, fmt.Errorf("tables: got %q, want the name of a table of the stack's own account and region", table))
			continue
		}
		// What the plan function would say to the shortest of requests, told before it is deployed.
		request, err := json.Marshal(map[string]string{"table": table})
		if err != nil {
			return fmt.Errorf("internal error: a request does not marshal: %w", err)
		}
		if _, err := job.Parse(request, json.RawMessage(p.requestDefaults())); err != nil && !slices.Contains(told, err.Error()) {
			told = append(told, err.Error())
			faults = append(faults, err)
		}
	}
	return errors.Join(append(faults, p.checkCode())...)
}

// checkCode returns one line for all functions, for one command mends it.
func (p *Props) checkCode() error {
	var missing []string
	for _, function := range job.Functions() {
		program := filepath.Join(p.code(function), "bootstrap")
		if info, err := os.Stat(program); err != nil || !info.Mode().IsRegular() {
			missing = append(missing, program)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the functions are not built, run `make build`: missing %s", strings.Join(missing, ", "))
}

func (p *Props) code(function job.Function) string {
	return filepath.Join(p.CodeFolder, string(function))
}

// requestDefaults returns the request fields that the environment sets, as the functions read them.
func (p *Props) requestDefaults() string {
	fields := map[string]string{"bucket": p.Bucket.Name}
	if p.Prefix != "" {
		fields["prefix"] = p.Prefix
	}
	defaults, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("internal error: request fields do not marshal: %v", err))
	}
	return string(defaults)
}
