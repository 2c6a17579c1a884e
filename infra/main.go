// Command infra is the CDK app: it synthesizes one stack for each environment into CDK_OUTDIR, which the CDK's command line
// sets, or else into cdk.out. It needs no AWS account and no credentials.
//
// Of the engine it knows the words only: it imports package job, and nothing else below lambda/.
package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// codeFolder is where `make build` leaves the functions, from the repository's root, where the app runs.
const codeFolder = "build/lambda"

func main() { os.Exit(run(os.Stderr)) }

func run(stderr io.Writer) int {
	defer jsii.Close()
	outdir := cmp.Or(os.Getenv("CDK_OUTDIR"), "cdk.out")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &outdir, AnalyticsReporting: jsii.Bool(false)})
	files, err := filepath.Glob("infra/environments/*.yaml")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	for _, file := range files {
		environment, err := ReadEnvironment(file)
		if err != nil {
			_, _ = fmt.Fprintln(stderr, err) // there is nowhere else to say it
			return 1
		}
		id := "dynamodb-to-s3-" + environment.Name
		if err := AddStack(app, id, &Props{Environment: environment, CodeFolder: codeFolder}); err != nil {
			_, _ = fmt.Fprintln(stderr, err) // there is nowhere else to say it
			return 1
		}
	}
	app.Synth(nil)
	return 0
}
