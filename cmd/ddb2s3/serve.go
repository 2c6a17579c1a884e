package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/local/deployment"
	"dynamodb-to-s3/local/sampletable"

	"github.com/spf13/cobra"
)

// serveVerb is the verb serve, with its flags.
type serveVerb struct {
	options
	own                                   ownTable
	functions, dynamoDB, s3, glue, states string // the addresses to listen on
	statesListener                        net.Listener
}

func newServe() *cobra.Command {
	v := &serveVerb{}
	verb := &cobra.Command{
		Use: "serve", Short: "Keep DynamoDB, S3, Glue and a deployment running on this computer", Args: cobra.NoArgs,
		Long: `Keep DynamoDB, S3, Glue and a deployment running on this computer, until interrupted.

Standard output gets shell commands that set the SDK's variables for these servers. Paste them into another terminal. The AWS CLI,
boto3 and ddb2s3 run then use these servers. DynamoDB has the sample table, or the table of --load. S3 has the bucket demo, and its
objects are plain files in .local/s3. Glue has the database local. The tables of DynamoDB are lost at the end, the objects and the
tables of Glue stay.

The deployment is the environment local. Step Functions runs the state machine with the functions of this program, CloudFormation
describes the stack dynamodb-to-s3-local, and CloudWatch Logs has the lines of the functions. Requests need no bucket: they write to the
bucket demo. The executions and the logs are lost at the end.

The functions answer Lambda's Invoke API, and DescribeExport as Step Functions calls it. Use them from your own state machine.`,
		Example: `  # Serve the sample table.
  go run ./cmd/ddb2s3 serve

  # Serve your own items.
  go run ./cmd/ddb2s3 serve --load items.jsonl --key id

  # In another terminal, after the printed commands:
  aws dynamodb scan --table-name orders --max-items 3
  go run ./cmd/ddb2s3 start --env local --input examples/requests/scan-ion.json --wait
  aws stepfunctions list-executions --state-machine-arn arn:aws:states:us-east-1:000000000000:stateMachine:dynamodb-to-s3-local
  aws s3 ls --recursive s3://demo

  # Serve the functions over AWS on another port.
  go run ./cmd/ddb2s3 serve --aws --addr 127.0.0.1:4000`,
		RunE: func(verb *cobra.Command, _ []string) error {
			if err := v.check(verb); err != nil {
				return err
			}
			begin(verb)
			return v.serve(verb.Context(), verb.OutOrStdout(), verb.ErrOrStderr())
		},
	}
	flags := verb.Flags()
	flags.StringVar(&v.functions, "addr", "127.0.0.1:3001", "the `ADDRESS` of the functions")
	flags.StringVar(&v.dynamoDB, "dynamodb-addr", "127.0.0.1:8000", "the `ADDRESS` of DynamoDB")
	flags.StringVar(&v.s3, "s3-addr", "127.0.0.1:9000", "the `ADDRESS` of S3")
	flags.StringVar(&v.states, "states-addr", "127.0.0.1:8083", "the `ADDRESS` of Step Functions, CloudFormation and CloudWatch Logs")
	flags.StringVar(&v.glue, "glue-addr", "127.0.0.1:8001", "the `ADDRESS` of Glue")
	v.own.add(flags)
	v.addFunctions(flags)
	v.addServices(flags)
	return verb
}

func (v *serveVerb) check(verb *cobra.Command) error {
	if err := v.options.check(verb.Flags()); err != nil {
		return err
	}
	for flag, started := range map[string]bool{"dynamodb-addr": v.startsDynamoDB(), "s3-addr": v.startsS3(), "glue-addr": v.startsGlue(), "states-addr": v.startsStates()} {
		if verb.Flags().Changed(flag) && !started {
			return fmt.Errorf("--%s is for a server that serve starts, but another one is given", flag)
		}
	}
	return v.own.check(v.aws)
}

// startsDynamoDB reports whether serve starts a DynamoDB, or what makes exports in front of one.
func (v *serveVerb) startsDynamoDB() bool {
	return !v.aws && (endpointVariable(envDynamoDBEndpoint) == "" || v.localExports)
}

func (v *serveVerb) startsS3() bool { return !v.aws && endpointVariable(envS3Endpoint) == "" }

// serve serves until ctx ends.
func (v *serveVerb) serve(ctx context.Context, stdout, stderr io.Writer) error {
	functionsListener, err := v.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = functionsListener.Close() }() // it may be closed already
	own, err := v.openTable(ctx, stderr)
	if err != nil {
		return err
	}
	services, err := startServices(ctx, v.options, own, true, stderr)
	own.close()
	if err != nil {
		return err
	}
	defer services.close()
	if err := services.createBucket(ctx, demoBucket); err != nil {
		return err
	}
	deployment, settings, err := v.startStates(ctx, services, functionsListener.Addr(), stderr)
	if err != nil {
		return err
	}
	functions, err := startFunctions(services, v.lambdaTimeout, functionsListener, settings)
	if err != nil {
		return err
	}
	defer functions.close()
	for _, name := range contract.Functions() {
		_, _ = fmt.Fprintf(stderr, "POST %s/2015-03-31/functions/%s/invocations\n", functions.url, name)
	}
	_, _ = fmt.Fprintf(stderr, "POST %s/aws-sdk/dynamodb/describeExport\n", functions.url)
	if commands := v.environment(ctx, services, deployment); commands != "" {
		_, _ = fmt.Fprint(stderr, "To use these servers, run this in another terminal. Ctrl-C stops the servers.\n\n")
		_, _ = io.WriteString(stdout, commands)
	}
	<-ctx.Done()
	return nil
}

// listen begins to listen on all addresses, so that a busy one shows before anything is loaded.
func (v *serveVerb) listen(ctx context.Context) (functions net.Listener, err error) {
	var problems []error
	for _, each := range []struct {
		flag, address string
		wanted        bool
		into          *net.Listener
	}{
		{"addr", v.functions, true, &functions},
		{"dynamodb-addr", v.dynamoDB, v.startsDynamoDB(), &v.dynamoDBListener},
		{"s3-addr", v.s3, v.startsS3(), &v.s3Listener},
		{"glue-addr", v.glue, v.startsGlue(), &v.glueListener},
		{"states-addr", v.states, v.startsStates(), &v.statesListener},
	} {
		if !each.wanted {
			continue
		}
		if *each.into, err = new(net.ListenConfig).Listen(ctx, "tcp", each.address); errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("another program listens on %s: stop it, or give another address with --%s, such as 127.0.0.1:0 for any free port", each.address, each.flag)
		} else if err != nil {
			err = fmt.Errorf("--%s: %w", each.flag, err)
		}
		problems = append(problems, err)
	}
	return functions, errors.Join(problems...)
}

func (v *serveVerb) openTable(ctx context.Context, stderr io.Writer) (t tables, err error) {
	if !v.own.given() {
		return tables{sampleOrders: sampletable.Count}, nil
	}
	t.name = v.own.name()
	t.own, err = v.own.open(ctx, os.Stdin, stderr)
	return t, err
}

// environment returns the shell commands that make the AWS CLI and the SDKs use the servers that serve has started.
func (v *serveVerb) environment(ctx context.Context, s *services, d *deployment.Deployment) string {
	var commands strings.Builder
	set := func(name, value string) { fmt.Fprintf(&commands, "export %s=%s\n", name, value) }
	if v.startsDynamoDB() {
		set(envDynamoDBEndpoint, *s.source.BaseEndpoint)
	}
	if v.startsS3() {
		set(envS3Endpoint, *s.destination.BaseEndpoint)
		if account, err := s.destination.Credentials.Retrieve(ctx); err == nil { // they are constants
			set("AWS_ACCESS_KEY_ID", account.AccessKeyID)
			set("AWS_SECRET_ACCESS_KEY", account.SecretAccessKey)
		}
		set("AWS_REGION", s.destination.Region)
		set("AWS_DEFAULT_REGION", s.destination.Region) // boto3 reads only this
		commands.WriteString("unset AWS_SESSION_TOKEN\n")
	}
	if v.startsGlue() {
		set(envGlueEndpoint, *s.glue.BaseEndpoint)
		set(contract.EnvCatalog, s.database)
	}
	if d != nil {
		for _, name := range []string{envStepFunctionsEndpoint, envCloudFormationEndpoint, envLogsEndpoint} {
			set(name, d.URL)
		}
	}
	return commands.String()
}
