// Command infra is the CDK app. It synthesizes the stack of one environment into CDK_OUTDIR, which the CDK's command line sets, or into
// cdk.out. It needs no AWS account and no credentials. The name of the environment comes from `cdk -c env=…` or from the variable ENV.
//
// It imports only packages of lambda/ that hold names and data: contract, document, failure, metric, partition, problem,
// price, quota, request, run and version.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"dynamodb-to-s3/infra/environment"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// The paths are relative to the root of the repository, where the app runs.
const (
	environmentsFolder = "infra/environments"
	// settingsFile has the settings of the CDK's command line.
	settingsFile = "cdk.json"
	// codeFolder is where `make build` writes the Lambda program, in a folder for each architecture.
	codeFolder = "build/lambda"
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

func command(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("infra", flag.ContinueOnError)
	flags.SetOutput(stderr)
	onlyArch := flags.Bool("goarch", false, "only print the GOARCH of the environment's functions")
	if flags.Parse(args) != nil {
		return 2 // flags has already printed the reason
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
		_, _ = fmt.Fprintln(stderr, err) // there is no other place to report it
		return 1
	}
	return 0
}

// readProps returns the inputs of the stack. It finds every problem of the environment's file before the CDK starts Node.js.
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

// chosenEnvironment returns the name of the environment. The CDK's command line passes its context, from -c and cdk.json, as the JSON object
// CDK_CONTEXT_JSON. TryGetContext reads the same object, but only after the app has started.
func chosenEnvironment(context, variable string) (string, error) {
	var given struct{ Env string }
	if context != "" {
		if err := json.Unmarshal([]byte(context), &given); err != nil {
			return "", fmt.Errorf("read the CDK's context: %w: want env to be the name of an environment", err)
		}
	}
	return cmp.Or(given.Env, variable), nil
}

// goarch returns Go's name for an architecture of AWS Lambda.
func goarch(architecture string) string {
	if architecture == "x86_64" {
		return "amd64"
	}
	return "arm64"
}

func stackName(environment string) string { return "dynamodb-to-s3-" + environment }

// synthesizeApp makes an app with the one stack, and writes its template.
func synthesizeApp(props *Props) (err error) {
	id := stackName(props.Name)
	if err := props.check(); err != nil {
		return fmt.Errorf("environment %s: %w", props.Name, err)
	}
	defer closeRuntime()
	defer recoverFrom(props.Name, &err)
	outdir := cmp.Or(os.Getenv("CDK_OUTDIR"), "cdk.out")
	app, err := newApp(settingsFile, outdir)
	if err != nil {
		return err
	}
	if err := AddStack(app, id, props); err != nil {
		return err
	}
	app.Synth(nil)
	return checkTemplates(outdir, id)
}

// newApp makes an app whose context is that of the settings file: the recommended feature flags of the CDK. The CDK's command line passes the
// same context, and what else it adds to a template is set here or turned off in that file. So all templates are the same: those of `make synth`,
// which does not run the command line, of `cdk synth`, of a deployment, and of the tests.
func newApp(settings, outdir string) (awscdk.App, error) {
	text, err := os.ReadFile(settings)
	if err != nil {
		return nil, fmt.Errorf("read the settings of the CDK: %w", err)
	}
	var given struct{ Context map[string]any }
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("read the settings of the CDK: %s: %w", settings, err)
	}
	given.Context["aws:cdk:enable-path-metadata"] = true
	return awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, AnalyticsReporting: jsii.Bool(false), Context: &given.Context}), nil
}

// recoverFrom turns what the CDK refuses into an error. jsii panics with it, and a stack trace would hide the sentence that says why.
func recoverFrom(environment string, err *error) {
	switch refused := recover().(type) {
	case nil:
	case runtime.Error:
		panic(refused)
	default:
		*err = fmt.Errorf("environment %s: the CDK makes no template of it: %v", environment, refused)
	}
}

// closeRuntime ends the CDK's Node.js. Two goroutines of jsii-runtime-go wait for the process. Sometimes the second one complains on
// standard error that the process is gone. That message is useless, so standard error is redirected first.
// https://github.com/aws/jsii/blob/v1.139.0/packages/@jsii/go-runtime/jsii-runtime-go/internal/kernel/process/process.go
func closeRuntime() {
	if nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = nowhere
	}
	jsii.Close()
}
