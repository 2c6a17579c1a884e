// Package deployment reaches a deployment of this project in an AWS account, or on a server that stands in for AWS: it finds its state
// machine and its other resources, and describes its executions.
//
// Start with Target and Find. The package may import lambda/ and the SDK.
package deployment

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/awsclient"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/spf13/pflag"
)

// Target says which deployment a verb is for. Exactly one field is given.
type Target struct {
	Env          string // the name of the environment
	StateMachine string // the ARN of the state machine
}

// AddFlags adds the flags of the target.
func (t *Target) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&t.Env, "env", "", "the `NAME` of the environment, such as prod; its stack is dynamodb-to-s3-NAME")
	flags.StringVar(&t.StateMachine, "state-machine", "", "instead of --env, the `ARN` of the state machine")
}

// Given reports whether one of the flags is given.
func (t Target) Given() bool { return t.Env != "" || t.StateMachine != "" }

var (
	// An environment has such a name, see infra/environment.
	envName    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	machineARN = regexp.MustCompile(`^arn:[^:]+:states:[^:]+:[^:]+:stateMachine:[^:/]+$`)
	// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
	executionName = regexp.MustCompile(`^[^\s<>{}\[\]?*"#%\\^|~` + "`" + `$&,;:/\x00-\x1f\x7f-\x9f]{1,80}$`)
)

// Check fails unless exactly one of the flags is given, with a value that can be right.
func (t Target) Check() error {
	switch {
	case !t.Given():
		return fmt.Errorf("--env is missing: give the name of the environment, such as --env prod, or the ARN of its state machine with --state-machine")
	case t.Env != "" && t.StateMachine != "":
		return fmt.Errorf("--env and --state-machine contradict each other: give only one")
	case t.Env != "" && !envName.MatchString(t.Env):
		return fmt.Errorf("--env: got %q, want the name of an environment: a-z 0-9 -, the first a letter", t.Env)
	case t.StateMachine != "" && !machineARN.MatchString(t.StateMachine):
		return fmt.Errorf("--state-machine: got %q, want the ARN of a state machine, such as arn:aws:states:eu-west-1:111122223333:stateMachine:NAME", t.StateMachine)
	}
	return nil
}

// Flags returns the target as it was given, for commands that a message suggests.
func (t Target) Flags() string {
	if t.Env != "" {
		return "--env " + t.Env
	}
	return "--state-machine " + t.StateMachine
}

// Deployment is a deployment and the clients that reach it.
type Deployment struct {
	Target
	StateMachineARN string
	// Bucket is the bucket that runs write to unless their request names another one; "" if only the state machine is known.
	Bucket string
	// Local says that the environment names a server that stands in for Step Functions.
	Local bool

	AWS            aws.Config
	SFN            *sfn.Client
	S3             *s3.Client
	Logs           *cloudwatchlogs.Client
	CloudFormation *cloudformation.Client

	logGroups []string // nil if they were not read yet
}

// Find returns the deployment of a target, which is checked already. The configuration has the credentials. With --state-machine, its region
// is that of the ARN.
func Find(ctx context.Context, cfg aws.Config, target Target) (*Deployment, error) {
	if target.StateMachine != "" {
		cfg = cfg.Copy()
		cfg.Region = strings.Split(target.StateMachine, ":")[3]
	}
	d := &Deployment{
		Target: target, StateMachineARN: target.StateMachine, AWS: cfg,
		SFN: sfn.NewFromConfig(cfg), S3: awsclient.S3(cfg), Logs: cloudwatchlogs.NewFromConfig(cfg), CloudFormation: cloudformation.NewFromConfig(cfg),
	}
	d.Local = d.SFN.Options().BaseEndpoint != nil
	if target.Env == "" {
		return d, nil
	}
	return d, d.readStack(ctx)
}

// ARN returns the ARN of an execution of the state machine. It takes the name of the execution or its ARN.
func (d *Deployment) ARN(name string) (string, error) {
	prefix := strings.Replace(d.StateMachineARN, ":stateMachine:", ":execution:", 1) + ":"
	if strings.HasPrefix(name, "arn:") {
		if !strings.HasPrefix(name, prefix) {
			return "", fmt.Errorf("%s is no execution of the state machine %s: give the name of one, which %s shows", name, d.StateMachineARN, "ddb2s3 list "+d.Flags())
		}
		name = strings.TrimPrefix(name, prefix)
	}
	if err := CheckName(name); err != nil {
		return "", err
	}
	return prefix + name, nil
}

// CheckName fails unless an execution can have the name.
func CheckName(name string) error {
	if !executionName.MatchString(name) {
		return fmt.Errorf(`the name of the execution: got %q, want 1 to 80 characters without spaces and without <>{}[]?*"#%%\^|~`+"`"+`$&,;:/`, name)
	}
	return nil
}

// Console returns a link to an execution in the console; "" for a server that stands in for AWS.
func (d *Deployment) Console(arn string) string {
	parts := strings.Split(arn, ":")
	if d.Local || len(parts) < 4 {
		return ""
	}
	domain, known := map[string]string{"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}[parts[1]]
	if !known {
		return ""
	}
	return fmt.Sprintf("https://%[2]s.%[1]s/states/home?region=%[2]s#/v2/executions/details/%[3]s", domain, parts[3], arn)
}
