package statemachine_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"dynamodb-to-s3/local/statemachine"
)

// If the context of Run ends, the execution ends before Run returns, and other executions go on.
func TestRunAbortsItsExecution(t *testing.T) {
	t.Parallel()
	interpreter, err := statemachine.StartInterpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(interpreter.Stop)
	ctx, cancel := context.WithCancel(t.Context())
	var aborted *statemachine.Position
	_, err = interpreter.Run(ctx, statemachine.Execution{
		Definition: definition(`{"StartAt":"All","States":{"All":{"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
			"StartAt":"Nap","States":{"Nap":{"Type":"Wait","Seconds":3600,"End":true}}}}}}`),
		Input: json.RawMessage(`[7]`), History: true,
		OnEvent: func(e statemachine.Event) {
			switch e.Kind {
			case statemachine.MapIterationStarted:
				cancel()
			case statemachine.MapIterationAborted:
				aborted = e.At
			}
		},
	})
	if !errors.Is(err, context.Canceled) || aborted == nil || aborted.State != "Nap" || string(aborted.Input) != "7" {
		t.Errorf("got %v, and the child ended at %+v", err, aborted)
	}
	outcome, err := interpreter.Run(t.Context(), statemachine.Execution{Definition: definition(`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`), Input: json.RawMessage(`1`)})
	if err != nil || string(outcome.Output) != "1" {
		t.Errorf("another execution: %+v, %v", outcome, err)
	}
}
