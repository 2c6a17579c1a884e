// Command infra is the CDK app: it synthesizes the stack of one environment into CDK_OUTDIR, which the CDK's command line sets,
// or else into cdk.out. It needs no AWS account and no credentials. The environment is that of `cdk -c env=…`, or else of the
// variable ENV, or else dev.
//
// Of the engine it knows the words only: it imports contract, failure, metric, request and run, and nothing else below lambda/.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"dynamodb-to-s3/infra/environment"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// From the repository's root, where the app runs.
const (
	environmentsFolder = "infra/environments"
	// codeFolder is where `make build` leaves the functions, by architecture: one of another could not even start.
	codeFolder = "build/lambda"
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

func command(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("infra", flag.ContinueOnError)
	flags.SetOutput(stderr)
	onlyArch := flags.Bool("goarch", false, "print what GOARCH the environment's functions are built with, and do no more")
	if flags.Parse(args) != nil {
		return 2 // the flags have said why
	}
	props, err := readProps()
	switch {
	case err != nil:
	case *onlyArch:
		_, err = fmt.Fprintln(stdout, goarch(props.Functions.Architecture))
	default:
		err = synthesizeApp(props)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err) // there is nowhere else to say it
		return 1
	}
	return 0
}

// readProps returns what the stack is made of. All that can be wrong with an environment's file is found here, before Node.js
// is started for the CDK.
func readProps() (*Props, error) {
	name, err := chosenEnvironment(os.Getenv("CDK_CONTEXT_JSON"), os.Getenv("ENV"))
	if err != nil {
		return nil, err
	}
	found, err := environment.Find(environmentsFolder, name)
	if err != nil {
		return nil, err
	}
	return &Props{Environment: found, CodeFolder: filepath.Join(codeFolder, goarch(found.Functions.Architecture))}, nil
}

// chosenEnvironment returns the name of the environment that is asked for. The CDK's command line hands its context over, that of
// -c and of cdk.json, as the JSON object CDK_CONTEXT_JSON; TryGetContext would read the same, from an app that has been started.
func chosenEnvironment(context, variable string) (string, error) {
	var given struct{ Env string }
	if context != "" {
		if err := json.Unmarshal([]byte(context), &given); err != nil {
			return "", fmt.Errorf("read the CDK's context: %w: want env to be the name of an environment", err)
		}
	}
	return cmp.Or(given.Env, variable, "dev"), nil
}

// goarch is Go's name of an architecture of AWS Lambda.
func goarch(architecture string) string {
	if architecture == "x86_64" {
		return "amd64"
	}
	return "arm64"
}

func stackName(environment string) string { return "dynamodb-to-s3-" + environment }

// synthesizeApp makes an app of the one stack, and writes its template.
//
// No feature flags of the CDK are set, neither here nor in cdk.json. Of the 83 that `cdk flags` recommends, two change this
// stack's template, and only its form: minimizePolicies and enablePartitionLiterals. A flag in cdk.json would also hold for the
// command line alone, and not for the tests. For the same reason what the command line adds to a template is set here or turned
// off in cdk.json, so that `make synth` shows what `make deploy` deploys, to the byte.
func synthesizeApp(props *Props) error {
	id := stackName(props.Name)
	if err := props.check(id); err != nil {
		return fmt.Errorf("environment %s: %w", props.Name, err)
	}
	defer closeRuntime()
	outdir := cmp.Or(os.Getenv("CDK_OUTDIR"), "cdk.out")
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir: &outdir, AnalyticsReporting: jsii.Bool(false), Context: &map[string]any{"aws:cdk:enable-path-metadata": true},
	})
	if err := AddStack(app, id, props); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// closeRuntime ends the CDK's Node.js. Two goroutines of jsii-runtime-go wait for it, and now and then the later one complains of
// a process that is gone already: what it writes to standard error after all is done is of no use to anyone.
// https://github.com/aws/jsii/blob/v1.139.0/packages/@jsii/go-runtime/jsii-runtime-go/internal/kernel/process/process.go
func closeRuntime() {
	if nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = nowhere
	}
	jsii.Close()
}
