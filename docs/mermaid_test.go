package docs_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/definition"

	"github.com/google/go-cmp/cmp"
)

func TestMermaid(t *testing.T) {
	t.Parallel()
	const example = `{"StartAt": "Look up", "States": {
		"Look up": {"Type": "Task", "Next": "Known?", "Catch": [{"ErrorEquals": ["Gone", "Moved"], "Next": "Failed"}]},
		"Known?": {"Type": "Choice", "Default": "Failed", "Choices": [
			{"Variable": "$.answer.known", "BooleanEquals": true, "Next": "Each"},
			{"Variable": "$.answer.known", "BooleanEquals": false, "Next": "Rest"},
			{"And": [{"Variable": "$.Cause", "IsPresent": true}, {"Variable": "$.Cause", "StringMatches": "{*\"m\"*}"},
				{"Variable": "$.status", "StringEquals": "DONE"}], "Next": "Done"},
			{"And": [{"Variable": "$.status", "StringEquals": "BUSY"}, {"Variable": "$.job.tries", "NumericLessThanPath": "$.job.most"}], "Next": "Rest"},
			{"Variable": "$.Cause", "IsPresent": false, "Next": "Done"}, {"Variable": "$.answer.twice", "IsPresent": true, "Next": "Done"}]},
		"Rest": {"Type": "Wait", "Next": "Look up"},
		"Each": {"Type": "Map", "Next": "Done", "ItemProcessor": {"StartAt": "One", "States": {
			"One": {"Type": "Task", "Next": "Two"}, "Two": {"Type": "Pass", "End": true}}}},
		"Done": {"Type": "Succeed"},
		"Failed": {"Type": "Fail"}}}`
	const want = `stateDiagram-v2
    [*] --> Lookup
    state "Look up" as Lookup
    Lookup --> Known
    Lookup --> Failed: Gone, Moved
    state "Known?" as Known
    Known --> Each: known
    Known --> Rest: not known
    Known --> Done: Cause like *m* and status is DONE
    Known --> Rest: status is BUSY and tries below most
    Known --> Done: no Cause
    Known --> Done: twice
    Known --> Failed: otherwise
    Failed --> [*]
    state Each {
        [*] --> One
        One --> Two
        Two --> [*]
    }
    Each --> Done
    Rest --> Lookup
    Done --> [*]
`
	got, err := mermaid([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("picture (-want +got):\n%s", diff)
	}
}

func TestMermaidOfTheStateMachine(t *testing.T) {
	t.Parallel()
	got, err := mermaid(definition.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var drawn func(m machine)
	drawn = func(m machine) {
		for name, s := range m.States {
			if !strings.Contains(got, identifier(name)+" --> ") {
				t.Errorf("state %q is not in the picture:\n%s", name, got)
			}
			if s.ItemProcessor != nil {
				drawn(*s.ItemProcessor)
			}
		}
	}
	var m machine
	if err := json.Unmarshal(definition.JSON, &m); err != nil {
		t.Fatal(err)
	}
	drawn(m)
}

func TestMermaidRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, definition, want string }{
		{"no JSON", `{`, "unexpected end of JSON input"},
		{"no definition", `{}`, `there is no state ""`},
		{"a missing state", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`, `there is no state "B"`},
		{"an unknown type", `{"StartAt":"A","States":{"A":{"Type":"Parallel"}}}`, `state "A": a state of type "Parallel" is not drawn yet`},
		{"an unknown rule", `{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"A"}]}}}`, `a rule over "$.n" is not drawn yet`},
		{"a Map of nothing", `{"StartAt":"A","States":{"A":{"Type":"Map"}}}`, "a Map without an ItemProcessor"},
		{"names alike", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A?"},"A?":{"Type":"Pass"}}}`, `the states "A" and "A?" would share`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got, err := mermaid([]byte(test.definition)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, %v, want an error that says %q", got, err, test.want)
			}
		})
	}
}
