package definition

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// machine is a state machine, or the part of one inside a Map, with the fields that the tests check.
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
	// For a Choice.
	Choices []rule
	Default string
	// For a Task or a Map.
	Retry []retrier
	Catch []catcher
	// For a Map.
	ItemProcessor *machine
	ItemSelector  map[string]json.RawMessage
	ItemsPath     string
	// For a Wait.
	SecondsPath   string
	TimestampPath string
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
	ResultPath  *string
}

// The events that Step Functions writes to the history of an execution. The types of events are in
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html; how many of them a state makes, the
// documentation does not say. It was counted in histories that AWS has returned, which LocalStack keeps for its tests:
// https://github.com/localstack/localstack/blob/main/tests/aws/services/stepfunctions/v2/scenarios/test_base_scenarios.snapshot.json
const (
	eventsOfExecution = 2 // ExecutionStarted, ExecutionSucceeded or ExecutionFailed
	eventsOfState     = 2 // PassStateEntered, PassStateExited, and so for each type
	eventsOfTry       = 3 // LambdaFunctionScheduled, …Started, …Succeeded or …Failed; of an integration TaskScheduled and so on
	eventsOfMapRun    = 4 // MapStateStarted, MapRunStarted, MapRunSucceeded, MapStateSucceeded
)

// simulation executes a definition as Step Functions does, as far as these states need it, and counts events.
type simulation struct {
	t *testing.T
	// call answers one try of a Task. After a failure it returns the name of the error.
	call func(state string, payload any) (result any, failure string)

	item     any // $$.Map.Item.Value
	waited   time.Duration
	moments  []string // that Wait states waited for
	children []int    // the events of each child
}

// execution runs one execution: of the state machine, or a child of a Map. failure is the name of the error, or "".
func (s *simulation) execution(m machine, input any) (output any, events int, failure string) {
	events = eventsOfExecution
	for name := m.StartAt; ; {
		state, ok := m.States[name]
		if !ok {
			s.t.Fatalf("there is no state %q", name)
		}
		events += eventsOfState
		next := state.Next
		switch state.Type {
		case "Task":
			result, tries, failure := s.task(name, state, input)
			if events += tries * eventsOfTry; failure != "" {
				i := slices.IndexFunc(state.Catch, func(c catcher) bool {
					return slices.Contains(c.ErrorEquals, failure) || slices.Contains(c.ErrorEquals, "States.ALL")
				})
				if i < 0 {
					return nil, events, failure
				}
				input = s.put(input, state.Catch[i].ResultPath, map[string]any{"Error": failure, "Cause": "no luck"})
				name = state.Catch[i].Next
				continue
			}
			input = s.put(input, state.ResultPath, result)
		case "Map":
			events += eventsOfMapRun
			outputs := []any{}
			for _, item := range s.at(input, state.ItemsPath).([]any) {
				if s.item = item; state.ItemSelector != nil {
					item = s.template(state.ItemSelector, input)
				}
				output, own, failure := s.execution(*state.ItemProcessor, item)
				if s.children = append(s.children, own); failure != "" {
					return nil, events, "States.ExceedToleratedFailureThreshold"
				}
				outputs = append(outputs, output)
			}
			input = s.put(input, state.ResultPath, outputs)
		case "Wait":
			if state.TimestampPath != "" {
				s.moments = append(s.moments, s.moment(input, state.TimestampPath))
				break
			}
			s.waited += time.Duration(s.at(input, state.SecondsPath).(float64)) * time.Second
		case "Pass":
			input = s.put(input, state.ResultPath, s.template(state.Parameters, input))
		case "Choice":
			next = state.Default
			if i := slices.IndexFunc(state.Choices, func(r rule) bool { return s.holds(r, input) }); i >= 0 {
				next = state.Choices[i].Next
			}
		case "Succeed":
			if state.OutputPath != nil {
				input = s.at(input, *state.OutputPath)
			}
			return input, events, ""
		default:
			s.t.Fatalf("state %q: a %s is not simulated", name, state.Type)
		}
		if state.End {
			return input, events, ""
		}
		name = next
	}
}

// moment returns the moment at a path. Step Functions takes RFC 3339 with an upper-case T and Z, and ignores fractions of a second.
// https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
func (s *simulation) moment(input any, path string) string {
	text, _ := s.at(input, path).(string)
	if _, err := time.Parse("2006-01-02T15:04:05Z", text); err != nil || strings.Contains(text, ".") {
		s.t.Fatalf("%s is %q, want a moment in whole seconds of UTC: %v", path, text, err)
	}
	return text
}

// task tries until a try succeeds, or no Retry for the error has tries left. Each Retry counts its own tries.
func (s *simulation) task(name string, of state, input any) (result any, tries int, failure string) {
	payload := input
	if of.Parameters != nil {
		payload = s.template(of.Parameters, input)
	}
	retried := make([]int, len(of.Retry))
	for {
		tries++
		result, failure = s.call(name, payload)
		if failure == "" {
			if of.ResultSelector != nil {
				result = s.template(of.ResultSelector, result)
			}
			return result, tries, ""
		}
		i := slices.IndexFunc(of.Retry, func(r retrier) bool {
			return slices.Contains(r.ErrorEquals, failure) || slices.Contains(r.ErrorEquals, "States.ALL")
		})
		if i < 0 || retried[i] == *of.Retry[i].MaxAttempts {
			return nil, tries, failure
		}
		retried[i]++
	}
}

func (s *simulation) holds(r rule, input any) bool {
	switch {
	case len(r.And) > 0:
		return !slices.ContainsFunc(r.And, func(part rule) bool { return !s.holds(part, input) })
	case r.IsPresent != nil:
		_, there := s.look(input, r.Variable)
		return there == *r.IsPresent
	case r.BooleanEquals != nil:
		return s.at(input, r.Variable) == *r.BooleanEquals
	case r.StringEquals != nil:
		return s.at(input, r.Variable) == *r.StringEquals
	case r.NumericLessThanPath != nil:
		return s.at(input, r.Variable).(float64) < s.at(input, *r.NumericLessThanPath).(float64)
	default:
		s.t.Fatalf("a rule over %q is not simulated", r.Variable)
		return false
	}
}

func (s *simulation) template(of map[string]json.RawMessage, input any) map[string]any {
	made := map[string]any{}
	for name, value := range of {
		field, dynamic := strings.CutSuffix(name, ".$")
		var text string
		switch {
		case dynamic && json.Unmarshal(value, &text) == nil:
			made[field] = s.evaluate(text, input)
		case json.Unmarshal(value, &text) == nil:
			made[field] = text
		case len(value) > 0 && value[0] == '{':
			made[field] = s.template(object(s.t, value), input)
		default:
			s.t.Fatalf("%s: %s is not simulated", name, value)
		}
	}
	return made
}

// The intrinsic functions in the states of exports.
var (
	sum  = regexp.MustCompile(`^States\.MathAdd\((\$[^,]*), (\d+)\)$`)
	text = regexp.MustCompile(`^States\.JsonToString\((\$[^,]*)\)$`)
)

func (s *simulation) evaluate(expression string, input any) any {
	if parts := text.FindStringSubmatch(expression); parts != nil {
		body, err := json.Marshal(s.at(input, parts[1]))
		if err != nil {
			s.t.Fatal(err)
		}
		return string(body)
	}
	parts := sum.FindStringSubmatch(expression)
	if parts == nil {
		return s.at(input, expression)
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil {
		s.t.Fatal(err)
	}
	return s.at(input, parts[1]).(float64) + float64(n)
}

// at returns the value at a path. The context object is that of an execution without redrives.
func (s *simulation) at(input any, path string) any {
	if field, ok := strings.CutPrefix(path, "$$."); ok {
		return map[string]any{
			"Execution.Id": "arn:aws:states:us-east-1:000000000000:execution:StateMachine:run", "Execution.Name": "run",
			"Execution.StartTime": "2026-01-31T23:59:59.123Z", "Execution.RedriveCount": 0.0, "Map.Item.Value": s.item,
		}[field]
	}
	value, there := s.look(input, path)
	if !there {
		s.t.Fatalf("%s leads nowhere in %v", path, input)
	}
	return value
}

// look returns the value at a path, if there is one.
func (s *simulation) look(input any, path string) (value any, there bool) {
	value = input
	for field := range strings.SplitSeq(path, ".") {
		if field == "$" {
			continue
		}
		members, ok := value.(map[string]any)
		if _, there := members[field]; !ok || !there {
			return nil, false
		}
		value = members[field]
	}
	return value, true
}

// put returns a copy of the input with a result at a path.
func (s *simulation) put(input any, path *string, result any) any {
	if path == nil || *path == "$" {
		return result
	}
	var put func(value any, fields []string) any
	put = func(value any, fields []string) any {
		if len(fields) == 0 {
			return result
		}
		members, ok := value.(map[string]any)
		if !ok {
			s.t.Fatalf("%s cannot be put into %v", *path, input)
		}
		members = maps.Clone(members)
		members[fields[0]] = put(members[fields[0]], fields[1:])
		return members
	}
	return put(input, strings.Split(*path, ".")[1:])
}

// asJSON converts a value to what a state has after JSON.
func asJSON(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("internal error: %T does not marshal: %v", value, err))
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		panic(fmt.Sprintf("internal error: what was marshalled does not unmarshal: %v", err))
	}
	return decoded
}
