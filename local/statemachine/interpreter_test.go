package statemachine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"dynamodb-to-s3/local/statemachine"

	"golang.org/x/sync/errgroup"
)

// Executions that run in one interpreter at the same time have their own definitions, events and outcomes.
func TestInterpreterRunsManyExecutions(t *testing.T) {
	t.Parallel()
	interpreter, err := statemachine.StartInterpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer interpreter.Stop()
	var mu sync.Mutex
	failed := map[string]bool{}
	lambda := serve(t, map[string]function{
		"echo": echo,
		"second": func(_ context.Context, payload json.RawMessage) (any, error) { // the first try fails
			mu.Lock()
			defer mu.Unlock()
			if !failed[string(payload)] {
				failed[string(payload)] = true
				return nil, functionError{"Throttled", "once"}
			}
			return payload, nil
		},
	})
	children := definition(`{"StartAt":"All","States":{"All":{"Type":"Map","ItemsPath":"$.items","End":true,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Nap","States":{
			"Nap":{"Type":"Wait","Seconds":3600,"Next":"Work"},
			"Work":{"Type":"Task","Resource":"@second@","End":true,
				"Retry":[{"ErrorEquals":["Throttled"],"MaxAttempts":1,"IntervalSeconds":3600,"BackoffRate":1}]}}}}}}`)
	refused := definition(`{"StartAt":"All","States":{"All":{"Type":"Task","Resource":"@nobody@","End":true}}}`)

	var group errgroup.Group
	for n := range 8 {
		group.Go(func() error {
			events := map[statemachine.EventKind]int{}
			outcome, err := interpreter.Run(t.Context(), statemachine.Execution{
				Definition: children, Input: json.RawMessage(fmt.Sprintf(`{"items":[%d,%d]}`, 2*n, 2*n+1)), InvokeURL: lambda.url, Hurried: true,
				OnEvent: func(e statemachine.Event) { events[e.Kind]++ },
			})
			if want := fmt.Sprintf(`[%d,%d]`, 2*n, 2*n+1); err != nil || string(outcome.Output) != want {
				return fmt.Errorf("%d: %+v, %w, want %s", n, outcome, err, want)
			}
			if events[statemachine.StateRetried] != 2 || events[statemachine.MapIterationSucceeded] != 2 || events[statemachine.StateEntered] != 1 {
				return fmt.Errorf("%d: the events %v", n, events)
			}
			outcome, err = interpreter.Run(t.Context(), statemachine.Execution{Definition: refused, Input: json.RawMessage(`{}`), InvokeURL: lambda.url})
			if err != nil || outcome.Succeeded || outcome.Error != "Lambda.ResourceNotFoundException" {
				return fmt.Errorf("%d: %+v, %w", n, outcome, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}

	t.Run("Run ends when the interpreter is stopped", func(t *testing.T) {
		started := make(chan struct{})
		hanging := serve(t, map[string]function{"hang": func(ctx context.Context, payload json.RawMessage) (any, error) {
			close(started)
			return hang(ctx, payload)
		}})
		go func() {
			<-started
			interpreter.Stop()
		}()
		_, err := interpreter.Run(t.Context(), statemachine.Execution{
			Definition: definition(`{"StartAt":"W","States":{"W":{"Type":"Task","Resource":"@hang@","End":true}}}`), Input: json.RawMessage(`{}`), InvokeURL: hanging.url,
		})
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
