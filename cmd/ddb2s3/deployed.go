package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/partition"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The SDK's variables for the endpoints of the services of a deployment.
const (
	envStepFunctionsEndpoint  = "AWS_ENDPOINT_URL_SFN"
	envCloudFormationEndpoint = "AWS_ENDPOINT_URL_CLOUDFORMATION"
	envLogsEndpoint           = "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"
)

// deployed are the flags of every verb of a deployment.
type deployed struct {
	deployment.Target
	json bool
}

// add adds the flags. what is what the verb prints as JSON.
func (d *deployed) add(flags *pflag.FlagSet, what string) {
	d.AddFlags(flags)
	flags.BoolVar(&d.json, "json", false, "print "+what+" as JSON, for scripts")
}

// oneName checks the arguments of a verb for one execution.
func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("got %d names, want the name of one execution, which the verb list shows", len(args))
	}
	return nil
}

// find returns the deployment that the flags name.
func (d *deployed) find(ctx context.Context) (*deployment.Deployment, error) {
	cfg, err := deployedConfig(ctx, d.StateMachine != "")
	if err != nil {
		return nil, err
	}
	return deployment.Find(ctx, cfg, d.Target)
}

// planned returns the deployment, an execution of it, and what its function plan has answered; nil if there is no answer.
func (d *deployed) planned(ctx context.Context, name string) (*deployment.Deployment, deployment.Execution, *run.PlanOutput, error) {
	in, err := d.find(ctx)
	if err != nil {
		return nil, deployment.Execution{}, nil, err
	}
	e, err := in.Describe(ctx, name)
	if err != nil {
		return nil, e, nil, err
	}
	planned, err := in.Planned(ctx, name)
	return in, e, planned, err
}

// deployedConfig reads the SDK's configuration for a deployment. regionKnown says that an ARN has the region.
func deployedConfig(ctx context.Context, regionKnown bool) (aws.Config, error) {
	if endpointVariable(envStepFunctionsEndpoint) != "" {
		return localConfig(ctx)
	}
	cfg, err := awsclient.Config(ctx)
	if err != nil || regionKnown {
		return cfg, err
	}
	if cfg.Region == "" {
		return cfg, errors.New("no AWS region is set: set AWS_REGION to the region of the deployment")
	}
	if wrong := partition.CheckRegion(cfg.Region); wrong != "" {
		return cfg, fmt.Errorf("AWS_REGION, or the region of the profile: got %q, want %s", cfg.Region, wrong)
	}
	return cfg, nil
}

// printJSON prints a value as JSON for scripts.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("print the output: %w", err)
	}
	return nil
}
