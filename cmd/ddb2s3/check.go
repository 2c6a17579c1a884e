package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/servers"
	"dynamodb-to-s3/local/statemachine"
)

// refusal is an error with which the function plan will refuse the request.
type refusal struct{ name, cause string }

func (r *refusal) Error() string { return r.name + ": " + r.cause }

// refused returns the refusal, or nil if there is no error name.
func refused(name, cause string) error {
	if name == "" {
		return nil
	}
	return &refusal{name, cause}
}

// printRefusal prints a refusal as the output of the execution, which does not begin. It returns other errors unchanged.
func printRefusal(stdout io.Writer, err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return printOutcome(stdout, statemachine.Outcome{Error: r.name, Cause: r.cause})
	}
	return err
}

// checkInput checks the request as the function plan does, as far as it needs no service. So a mistake shows before servers are started
// and items are loaded.
func (v *runVerb) checkInput(ctx context.Context) error {
	s := &services{database: catalogDatabase(v.aws)}
	var err error
	switch {
	case v.aws:
		s.source, err = awsclient.Config(ctx)
	case endpointVariable(envDynamoDBEndpoint) != "":
		s.source, err = localConfig(ctx)
	default:
		s.source, err = localConfig(ctx)
		s.source.Region, s.account = servers.Region, localAccount
	}
	if err != nil {
		return err
	}
	engine, err := s.engine(v.engineOptions())
	if err != nil {
		return err
	}
	return refused(engine.CheckInput(v.planInput()))
}

// checkTable checks the request as the function plan does, on the table before its items are loaded.
func (v *runVerb) checkTable(ctx context.Context, s *services) error {
	engine, err := s.engine(v.engineOptions())
	if err != nil {
		return err
	}
	return refused(engine.Check(ctx, v.planInput()))
}

func (v *runVerb) engineOptions() function.Options {
	return function.Options{Log: slog.New(slog.DiscardHandler), ScanTimeout: v.lambdaTimeout}
}

func (v *runVerb) planInput() run.PlanInput {
	return run.PlanInput{Request: v.text, Execution: run.Execution{ID: executionID(v.name), Name: v.name, StartTime: time.Now()}}
}

// localWait is the wait between two checks of an export that this computer makes, and how often it is checked: as long in total as by
// default. On AWS an export takes minutes.
const localWait = `{"checkIntervalSeconds": 1, "maxAttempts": 1800}`

// withLocalWait returns a request whose wait is short, unless the request or the defaults say how long to wait.
func withLocalWait(text, defaults json.RawMessage) (json.RawMessage, error) {
	var fields, export, given, wait map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, &fields), json.Unmarshal([]byte(localWait), &wait)); err != nil {
		return nil, err
	}
	if len(defaults) > 0 {
		if err := json.Unmarshal(defaults, &given); err != nil {
			return nil, err
		}
	}
	if fields["export"] == nil && given["export"] != nil { // a request without this field has all of the default's
		fields["export"] = given["export"]
	}
	if fields["export"] != nil {
		if err := json.Unmarshal(fields["export"], &export); err != nil {
			return nil, err
		}
	}
	for name := range wait {
		if export[name] != nil {
			return text, nil
		}
	}
	maps.Copy(wait, export)
	merged, err := json.Marshal(wait)
	if err != nil {
		return nil, err
	}
	fields["export"] = merged
	return json.Marshal(fields)
}
