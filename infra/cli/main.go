// Command cli runs the CDK's command line for the environment that the variable ENV names:
//
//	cli <path of cdk> diff|deploy|destroy|bootstrap [arguments for the CDK]
//
// It refuses an unknown environment before the CDK starts. It shows the CDK's output as it is. If the CDK fails because of the AWS
// credentials, or because the account and region are not bootstrapped, it adds what to do. It imports infra/environment.
//
// The other files of this folder pin the version of the CDK's command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"dynamodb-to-s3/infra/environment"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// environmentsFolder is relative to the root of the repository, where make runs.
const environmentsFolder = "infra/environments"

func main() {
	// An interrupt goes to the whole process group. The CDK decides what to do, and this program waits for it.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	os.Exit(command(context.Background(), os.Args[1:], os.Getenv("ENV"), os.Stderr))
}

const usage = "usage: cli <path of cdk> diff|deploy|destroy|bootstrap [arguments for the CDK]"

// command runs one verb of the CDK for an environment and returns the exit code.
func command(ctx context.Context, args []string, name string, stderr io.Writer) int {
	if len(args) < 2 || !slices.Contains([]string{"diff", "deploy", "destroy", "bootstrap"}, args[1]) {
		_, _ = fmt.Fprintln(stderr, usage) // there is no other place to report it
		return 2
	}
	cdk, verb, further := args[0], args[1], args[2:]
	to, err := targetOf(ctx, name, verb)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		printHint(stderr, err.Error(), verb, name)
		return 1
	}
	_, _ = fmt.Fprintln(stderr, to)
	var said strings.Builder
	run := exec.CommandContext(ctx, cdk, to.arguments(verb, further)...)
	run.Env = append(os.Environ(), "AWS_REGION="+to.region, "CDK_PROGRESS=events") // a progress bar needs a terminal as standard error
	// The CDK asks its questions only if its standard output is a terminal, and writes its errors to standard error.
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, os.Stdout, io.MultiWriter(stderr, &said)
	err = run.Run()
	if err == nil {
		return 0
	}
	printHint(stderr, said.String(), verb, name)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	_, _ = fmt.Fprintf(stderr, "run %s: %v\n", cdk, err)
	return 1
}

func printHint(stderr io.Writer, output, verb, environment string) {
	if hint := hintFor(output, verb, environment); hint != "" {
		_, _ = fmt.Fprintln(stderr, hint)
	}
}

// target is where the stack of an environment is or will be.
type target struct {
	environment, account, region string // account is "" if the CDK finds it from the credentials
}

func (t target) String() string {
	account := "the account of your AWS credentials"
	if t.account != "" {
		account = "account " + t.account
	}
	return fmt.Sprintf("environment %s: %s, region %s", t.environment, account, t.region)
}

// arguments returns the arguments of the CDK. The environment is the last one, so that it wins.
func (t target) arguments(verb string, further []string) []string {
	arguments := append([]string{verb}, further...)
	if verb == "bootstrap" {
		return append(arguments, "aws://"+t.account+"/"+t.region)
	}
	return append(arguments, "-c", "env="+t.environment)
}

// targetOf returns the target of an environment. If its file does not name an account and a region, the region is that of the AWS
// configuration. The CDK would use us-east-1 if there was none.
func targetOf(ctx context.Context, name, verb string) (target, error) {
	found, err := environment.Find(environmentsFolder, name)
	if err != nil || found.Region != "" {
		return target{found.Name, found.Account, found.Region}, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return target{}, fmt.Errorf("read the AWS configuration: %w", err)
	}
	to := target{environment: found.Name, region: cfg.Region}
	if to.region == "" {
		return target{}, fmt.Errorf("environment %s: no region is set: set AWS_REGION, or give account and region in %s/%s.yaml",
			name, environmentsFolder, name)
	}
	if verb != "bootstrap" {
		return to, nil
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return target{}, fmt.Errorf("environment %s: find the account of your AWS credentials, because %s/%s.yaml gives none: %w",
			name, environmentsFolder, name, err)
	}
	to.account = aws.ToString(who.Account)
	return to, nil
}
