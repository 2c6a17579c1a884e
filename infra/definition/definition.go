// Package definition holds the definition of the state machine as infra/ synthesizes it, in the Amazon States Language, and
// draws it. The functions' ARNs in it are placeholders of the form arn:aws:lambda:us-east-1:000000000000:function:<function>.
//
// A test of infra/ holds it fresh; `go test ./infra -update` writes it anew. Whoever only needs the definition, such as
// local/, takes it from here and needs no CDK. It imports the standard library only.
package definition

import (
	_ "embed"
	"encoding/json"
)

// JSON is the definition, indented.
//
//go:embed definition.asl.json
var JSON []byte

// machine is what a picture, or a check, needs of a definition: a state machine, or what is inside a Map.
// https://states-language.net/spec.html
type machine struct {
	StartAt string
	States  map[string]state
}

type state struct {
	Type     string
	Next     string
	End      bool
	Resource string
	// Of a Choice.
	Choices []rule
	Default string
	// Of a Task or a Map.
	Retry []retrier
	Catch []catcher
	// Of a Map.
	ItemProcessor *machine
	ItemSelector  map[string]json.RawMessage
	ItemsPath     string
	// Of a Wait.
	SecondsPath string
	// Payload templates and constants.
	Parameters     map[string]json.RawMessage
	ResultSelector map[string]json.RawMessage
	Result         json.RawMessage
	ResultPath     *string
	OutputPath     *string
}

type rule struct {
	And                 []rule
	Variable            string
	BooleanEquals       *bool
	IsPresent           *bool
	NumericLessThanPath *string
	StringEquals        *string
	StringMatches       *string
	Next                string
}

type retrier struct {
	ErrorEquals []string
	MaxAttempts *int
}

type catcher struct {
	ErrorEquals []string
	Next        string
}
