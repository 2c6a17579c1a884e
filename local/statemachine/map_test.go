package statemachine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"dynamodb-to-s3/local/statemachine"
)

// This state machine has the largest shape of the real one. Each child calls its function until it is done, every tenth child twice.
func TestTenThousandChildren(t *testing.T) {
	t.Parallel()
	const items = 10_000
	lambda := serve(t, map[string]function{
		"plan": func(context.Context, json.RawMessage) (any, error) {
			segments := make([]int, items)
			for i := range segments {
				segments[i] = i
			}
			return map[string]any{"segments": segments}, nil
		},
		"scan": func(_ context.Context, payload json.RawMessage) (any, error) {
			var in struct{ Segment, Invocation int }
			err := json.Unmarshal(payload, &in)
			return map[string]any{"segment": in.Segment, "invocation": in.Invocation + 1, "done": in.Segment%10 != 0 || in.Invocation > 0}, err
		},
	})
	begin := time.Now()
	seen := map[statemachine.EventKind]int{}
	indexes := map[int]bool{}
	outcome := run(t, statemachine.Execution{
		Definition: definition(`{"StartAt":"Plan","States":{
			"Plan":{"Type":"Task","Resource":"@plan@","Next":"ScanSegments"},
			"ScanSegments":{"Type":"Map","ItemsPath":"$.segments","MaxConcurrency":100,"ResultPath":null,"Next":"Done",
				"ItemSelector":{"segment.$":"$$.Map.Item.Value","invocation":0},
				"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"ScanSegment","States":{
					"ScanSegment":{"Type":"Task","Resource":"@scan@","Next":"More"},
					"More":{"Type":"Choice","Choices":[{"Variable":"$.done","BooleanEquals":true,"Next":"Scanned"}],"Default":"ScanSegment"},
					"Scanned":{"Type":"Pass","Result":0,"End":true}}}},
			"Done":{"Type":"Pass","Result":"all","End":true}}}`),
		InvokeURL: lambda.url,
		OnEvent: func(e statemachine.Event) {
			seen[e.Kind]++
			if e.Kind == statemachine.MapIterationSucceeded {
				indexes[*e.Index] = true
			}
		},
	})
	if string(outcome.Output) != `"all"` {
		t.Fatalf("got %+v", outcome)
	}
	if got, want := lambda.count("scan"), items+items/10; got != want {
		t.Errorf("%d invocations, want %d", got, want)
	}
	if seen[statemachine.StateEntered] != 3 || seen[statemachine.MapIterationStarted] != items || len(indexes) != items {
		t.Errorf("events: %v, %d indexes", seen, len(indexes))
	}
	t.Logf("%d children took %s", items, time.Since(begin).Round(time.Millisecond))
}

// A child that waits keeps its place among the MaxConcurrency children that run at once, as on AWS.
func TestChildThatWaitsKeepsItsPlace(t *testing.T) {
	t.Parallel()
	for concurrency, want := range map[int]int{1: 0, 2: 1} {
		lambda := serve(t, map[string]function{"work": returns(1)})
		outcome := run(t, statemachine.Execution{
			Definition: definition(fmt.Sprintf(`{"TimeoutSeconds":1,"StartAt":"All","States":{"All":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":%d,"End":true,
				"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Waits?","States":{
					"Waits?":{"Type":"Choice","Choices":[{"Variable":"$.until","IsPresent":true,"Next":"Nap"}],"Default":"Work"},
					"Nap":{"Type":"Wait","TimestampPath":"$.until","End":true},
					"Work":{"Type":"Task","Resource":"@work@","End":true}}}}}}`, concurrency)),
			Input: json.RawMessage(`{"items":[{"until":"2999-01-31T06:00:00Z"},{}]}`), InvokeURL: lambda.url,
		})
		if outcome.Error != "States.Timeout" || lambda.count("work") != want {
			t.Errorf("of %d children at once one waits: the next one was invoked %d times, want %d; got %+v", concurrency, lambda.count("work"), want, outcome)
		}
	}
}

func TestFailedChild(t *testing.T) {
	t.Parallel()
	state := definition(`{"StartAt":"All","States":{
		"All":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":1,"End":true,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],
			"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"@fail@","End":true}}}},
		"Caught":{"Type":"Wait","Seconds":1,"End":true}}}`)
	for threshold, want := range map[bool]string{
		false: `{"Error":"Corrupt","Cause":"{\"errorMessage\":\"item 7\",\"errorType\":\"Corrupt\"}\n"}`,
		true:  `{"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}`,
	} {
		t.Run(fmt.Sprintf("threshold errors %v", threshold), func(t *testing.T) {
			t.Parallel()
			lambda := serve(t, map[string]function{"fail": fails(functionError{"Corrupt", "item 7"})})
			var events []string
			outcome := run(t, statemachine.Execution{
				Definition: state, Input: json.RawMessage(`{"items":[1,2,3,4,5,6,7,8]}`), InvokeURL: lambda.url,
				ThresholdErrors: threshold,
				OnEvent: func(e statemachine.Event) {
					if e.Kind == statemachine.MapIterationFailed {
						events = append(events, fmt.Sprint(*e.Index, e.Error, " ", e.Cause))
					}
				},
			})
			if string(outcome.Output) != want {
				t.Errorf("the Map's error is\n%s, want\n%s", outcome.Output, want)
			}
			// The waiting children do not start while the Catch goes on.
			if lambda.count("fail") != 1 {
				t.Errorf("%d invocations, want 1", lambda.count("fail"))
			}
			if fmt.Sprint(events) != "[0Corrupt item 7]" {
				t.Errorf("events %v", events)
			}
		})
	}
}
