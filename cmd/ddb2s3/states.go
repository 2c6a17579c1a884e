package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/deployment"
)

// demoBucket is the bucket of an S3 that serve starts.
const demoBucket = "demo"

// startsStates reports whether serve starts a deployment on this computer.
func (v *serveVerb) startsStates() bool { return endpointVariable(envStepFunctionsEndpoint) == "" }

// startStates starts a deployment whose state machine calls the functions at an address. It returns the settings of each function: in a
// deployment, its lines are in its log group too.
func (v *serveVerb) startStates(ctx context.Context, s *services, functions net.Addr, stderr io.Writer) (*deployment.Deployment, func(contract.Function) function.Options, error) {
	text := slog.NewTextHandler(stderr, nil)
	var defaults string
	if s.s3Folder != "" {
		defaults = fmt.Sprintf(`{"bucket": %q}`, demoBucket)
	}
	if !v.startsStates() {
		other := awsclient.NewExecutions(s.identity)
		return nil, func(contract.Function) function.Options {
			return function.Options{Log: slog.New(text), Defaults: defaults, Executions: other}
		}, nil
	}
	d, err := deployment.Start(ctx, deployment.Options{Bucket: demoBucket, InvokeURL: "http://" + functions.String(), Listener: v.statesListener})
	if err != nil {
		return nil, nil, err
	}
	s.stops = append(s.stops, d.Stop)
	cfg, err := d.AWS(ctx)
	if err != nil {
		return nil, nil, err
	}
	own := awsclient.NewExecutions(cfg)
	return d, func(name contract.Function) function.Options {
		return function.Options{Log: d.Log(name, text), Metrics: d.Writer(name), Environment: deployment.Environment, Defaults: defaults, Executions: own}
	}, nil
}
