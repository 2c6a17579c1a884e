package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/quota"

	"github.com/spf13/pflag"
)

// The SDK's variables for the endpoint of one service, and of all services.
const (
	envDynamoDBEndpoint = "AWS_ENDPOINT_URL_DYNAMODB"
	envS3Endpoint       = "AWS_ENDPOINT_URL_S3"
	envGlueEndpoint     = "AWS_ENDPOINT_URL_GLUE"
	envSTSEndpoint      = "AWS_ENDPOINT_URL_STS"
	envEndpoint         = "AWS_ENDPOINT_URL"
)

// endpointVariable returns the variable that names the endpoint of a service, or "" if the environment names none.
func endpointVariable(service string) string {
	for _, name := range []string{service, envEndpoint} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// options are the flags that several verbs have.
type options struct {
	aws           bool
	lambdaTimeout time.Duration
	verbose       bool
	localExports  bool
	exportDelay   time.Duration
	exportFail    []string
	exportCodes   []string // what exportFail asks for: the code of each export that fails, in order

	// Where the servers that this process starts are reached; nil for a free port.
	dynamoDBListener, s3Listener, glueListener net.Listener
}

// addServices adds the flags that choose where to read and write.
func (o *options) addServices(flags *pflag.FlagSet) {
	flags.BoolVar(&o.aws, "aws", false, "use AWS with your credentials; nothing needs to be deployed")
	flags.BoolVar(&o.localExports, "local-exports", false, "make exports on this computer for your own DynamoDB server, if it makes none")
}

// addFunctions adds the flags of the functions, and of the exports that this computer makes.
func (o *options) addFunctions(flags *pflag.FlagSet) {
	flags.DurationVar(&o.lambdaTimeout, "lambda-timeout", 900*time.Second, "how long one invocation of a function may take, at least 2s")
	flags.DurationVar(&o.exportDelay, "export-delay", 2*time.Second, "how long an export on this computer takes")
	flags.StringSliceVar(&o.exportFail, "export-fail", nil, "how the next exports fail, as `CODE[:COUNT]`, for example S3AccessDenied:1; separate several with commas")
}

// exportFlag returns the first given flag of the exports that this computer makes, or "".
func exportFlag(flags *pflag.FlagSet) string {
	for _, name := range []string{"export-delay", "export-fail", "local-exports"} {
		if flags.Changed(name) {
			return "--" + name
		}
	}
	return ""
}

// check refuses values that are out of range, and flags that would have no effect.
func (o *options) check(flags *pflag.FlagSet) error {
	for _, name := range []string{envDynamoDBEndpoint, envS3Endpoint, envGlueEndpoint, envEndpoint} {
		if o.aws && os.Getenv(name) != "" {
			return fmt.Errorf("--aws and %s contradict each other: give only one", name)
		}
	}
	switch given, endpoint := exportFlag(flags), endpointVariable(envDynamoDBEndpoint); {
	case o.lambdaTimeout < quota.LeastScanTimeout:
		return fmt.Errorf("--lambda-timeout: got %s, want %s or more: scan needs that time to read one page, write it and answer", o.lambdaTimeout, quota.LeastScanTimeout)
	case o.exportDelay < 0:
		return fmt.Errorf("--export-delay: got %s, want 0 or more", o.exportDelay)
	case given != "" && o.aws:
		return fmt.Errorf("--aws and %s contradict each other: AWS makes its own exports", given)
	case given != "" && !o.localExports && endpoint != "":
		return fmt.Errorf("%s is for exports that this computer makes, but %s names a DynamoDB that may make its own: add --local-exports to make them on this computer",
			given, endpoint)
	}
	for _, text := range o.exportFail {
		code, times, counted := strings.Cut(text, ":")
		count, err := 1, error(nil)
		if counted {
			count, err = strconv.Atoi(times)
		}
		if code == "" || err != nil || count < 1 {
			return fmt.Errorf("--export-fail: got %q, want CODE or CODE:COUNT, such as S3AccessDenied:2, with a COUNT of 1 or more", text)
		}
		o.exportCodes = append(o.exportCodes, slices.Repeat([]string{code}, count)...)
	}
	return nil
}
