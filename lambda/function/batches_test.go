package function_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/lambdaapi"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/testservers"
)

// The state machine completes a run in batches if it has more uploads than one invocation of finalize completes.
func TestStateMachineCompletesBatches(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	source, destination := testservers.Configs()
	server := httptest.NewServer(lambdaapi.Server{Timeout: 5 * time.Minute, Function: function.New(source, destination, function.Options{
		Log: slog.New(slog.DiscardHandler), Account: account, MostUploads: 2,
	}).Handler}.Handler())
	t.Cleanup(server.Close)
	var batches, finalized atomic.Int64
	outcome, err := statemachine.Run(t.Context(), statemachine.Execution{
		Definition: definition.JSON, InvokeURL: server.URL, StartTime: time.Now(), Hurried: true, Name: "run-1",
		ID:    "arn:aws:states:us-east-1:000000000000:execution:dynamodb-to-s3:run-1",
		Input: fmt.Appendf(nil, `{"table": %q, "bucket": %q, "segments": 5}`, table, bucket),
		OnEvent: func(e statemachine.Event) {
			switch {
			case e.Kind == statemachine.MapIterationSucceeded && e.State == contract.StateCompleteUploads:
				batches.Add(1)
			case e.Kind == statemachine.StateEntered && e.State == contract.StateFinalize:
				finalized.Add(1)
			}
		},
	})
	if err != nil || !outcome.Succeeded {
		t.Fatalf("%v: %+v", err, outcome)
	}
	var result run.Result
	if err := json.Unmarshal(outcome.Output, &result); err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
	if batches.Load() != 3 || finalized.Load() != 2 { // two segments, two segments, one segment
		t.Errorf("%d batches were completed, and Finalize was entered %d times", batches.Load(), finalized.Load())
	}
}
