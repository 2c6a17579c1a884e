//go:build !race

// jsii works neither with the race detector nor with parallel tests. All tests that use it have this build tag.

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/infra/definition"
	"dynamodb-to-s3/infra/environment"

	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

// settings is the settings file of the repository.
const settings = "../" + settingsFile

var update = flag.Bool("update", false, "write infra/definition/definition.asl.json")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	jsii.Close() // once, because a client that is started again makes every call about ten times slower
	os.Exit(code)
}

// template is the template of a stack. References are resolved as if the stack were deployed in us-east-1 by the account 000000000000, and
// the name of a resource is its path in the app instead of an identifier with a hash.
type template struct {
	resources map[string]resource
	outputs   map[string]string
	tags      map[string]string // of the stack
}

type resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            map[string]any
}

// The templates of two stacks, each made once for all tests: one of a minimal environment, and one of an environment with every field.
var (
	synthesized     = sync.OnceValues(func() (template, error) { return synthesize(testProps) })
	synthesizedFull = sync.OnceValues(func() (template, error) { return synthesize(fullProps) })
)

func synthesize(props func(codeFolder string) *Props) (template, error) {
	folder, err := os.MkdirTemp("", "infra-test-")
	if err != nil {
		return template{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // leftovers in a temporary folder do not fail a test
	return synthesizeInto(folder, props)
}

// synthesizeInto writes the templates into the folder out.
func synthesizeInto(folder string, props func(codeFolder string) *Props) (template, error) {
	return synthesizeStack(folder, "stack", props)
}

func synthesizeStack(folder, stack string, props func(codeFolder string) *Props) (template, error) {
	made := props(filepath.Join(folder, "code"))
	if err := build(made.CodeFolder); err != nil {
		return template{}, err
	}
	app, err := newApp(settings, filepath.Join(folder, "out"))
	if err != nil {
		return template{}, err
	}
	if err := AddStack(app, stack, made); err != nil {
		return template{}, err
	}
	app.Synth(nil)
	body, err := os.ReadFile(filepath.Join(folder, "out", stack+".template.json"))
	if err != nil {
		return template{}, err
	}
	parsed, err := parseTemplate(body)
	if err != nil {
		return template{}, err
	}
	parsed.tags, err = readTags(filepath.Join(folder, "out", "manifest.json"))
	return parsed, err
}

// readTags returns the tags that the CDK's command line gives the stack. They are not in the template.
func readTags(file string) (map[string]string, error) {
	var assembly struct {
		Artifacts struct {
			Stack struct {
				Properties struct{ Tags map[string]string }
			}
		}
	}
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(body, &assembly)
	return assembly.Artifacts.Stack.Properties.Tags, err
}

func synth(t *testing.T) template     { t.Helper(); return mustSynth(t, synthesized) }
func synthFull(t *testing.T) template { t.Helper(); return mustSynth(t, synthesizedFull) }

func mustSynth(t *testing.T, made func() (template, error)) template {
	t.Helper()
	stack, err := made()
	if err != nil {
		t.Fatalf("synthesize the stack: %v", err)
	}
	return stack
}

func parseTemplate(body []byte) (template, error) {
	var raw struct {
		Resources map[string]resource
		Outputs   map[string]struct{ Value any }
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return template{}, err
	}
	named := func(id string) string {
		path, _ := raw.Resources[id].Metadata["aws:cdk:path"].(string)
		return strings.TrimSuffix(strings.TrimPrefix(path, "stack/"), "/Resource")
	}
	r := resolver{arn: func(id string) (string, error) {
		const place = ":us-east-1:000000000000:"
		switch name := named(id); raw.Resources[id].Type {
		case "AWS::Lambda::Function":
			return "arn:aws:lambda" + place + "function:" + strings.TrimSuffix(name, "/Function"), nil
		case "AWS::Logs::LogGroup":
			return "arn:aws:logs" + place + "log-group:" + name + ":*", nil
		case "AWS::StepFunctions::StateMachine":
			return "arn:aws:states" + place + "stateMachine:" + name, nil
		case "AWS::IAM::Role":
			return "arn:aws:iam::000000000000:role/" + name, nil
		case "AWS::S3::Bucket":
			return "arn:aws:s3:::" + name, nil
		case "AWS::SQS::Queue":
			return "arn:aws:sqs" + place + name, nil
		case "AWS::KMS::Key":
			return "arn:aws:kms" + place + "key/" + name, nil
		case "AWS::SNS::Topic":
			return "arn:aws:sns" + place + name, nil
		case "AWS::Scheduler::ScheduleGroup":
			return "arn:aws:scheduler" + place + "schedule-group/" + name, nil
		default:
			return "", fmt.Errorf("no ARN is known for %s, a %s", id, raw.Resources[id].Type)
		}
	}, ref: named}
	made := template{resources: map[string]resource{}, outputs: map[string]string{}}
	for id, each := range raw.Resources {
		properties, err := r.resolve(each.Properties)
		if err != nil {
			return template{}, fmt.Errorf("resource %s: %w", id, err)
		}
		each.Properties, _ = properties.(map[string]any) // as it was
		for i := range each.DependsOn {
			each.DependsOn[i] = named(each.DependsOn[i])
		}
		made.resources[named(id)] = each
	}
	for name, output := range raw.Outputs {
		value, err := r.resolve(output.Value)
		if err != nil {
			return template{}, fmt.Errorf("output %s: %w", name, err)
		}
		made.outputs[name], _ = value.(string) // as outputs are
	}
	return made, nil
}

// of returns the resources of a type by name. It fails the test if the template has no such resource.
func (m template) of(t *testing.T, kind string) map[string]resource {
	t.Helper()
	found := map[string]resource{}
	for name, each := range m.resources {
		if each.Type == kind {
			found[name] = each
		}
	}
	if len(found) == 0 {
		t.Fatalf("the template has no %s", kind)
	}
	return found
}

// resolver computes the functions of CloudFormation that the stack uses.
type resolver struct {
	arn func(id string) (string, error)
	ref func(id string) string
}

func (r resolver) resolve(value any) (any, error) {
	switch value := value.(type) {
	case []any:
		resolved := make([]any, len(value))
		for i, each := range value {
			var err error
			if resolved[i], err = r.resolve(each); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case map[string]any:
		resolved := map[string]any{}
		for name, each := range value {
			argument, err := r.resolve(each)
			if err != nil {
				return nil, err
			}
			if name == "Ref" || strings.HasPrefix(name, "Fn::") {
				return r.call(name, argument)
			}
			resolved[name] = argument
		}
		return resolved, nil
	default:
		return value, nil
	}
}

func (r resolver) call(function string, argument any) (any, error) {
	list, _ := argument.([]any)
	switch {
	case function == "Ref":
		return r.reference(argument.(string)), nil
	case function == "Fn::Sub":
		return argument, nil // only in the names of assets, which no test checks
	case function == "Fn::GetAtt" && list[1] == "Arn":
		return r.arn(list[0].(string))
	case function == "Fn::GetAtt" && strings.HasSuffix(list[1].(string), "Name"):
		return r.ref(list[0].(string)), nil
	case function == "Fn::Join":
		var parts []string
		for _, part := range list[1].([]any) {
			parts = append(parts, part.(string))
		}
		return strings.Join(parts, list[0].(string)), nil
	case function == "Fn::Split":
		var parts []any
		for part := range strings.SplitSeq(list[1].(string), list[0].(string)) {
			parts = append(parts, part)
		}
		return parts, nil
	case function == "Fn::Select":
		return list[1].([]any)[int(list[0].(float64))], nil
	default:
		return nil, fmt.Errorf("%s %v is not resolved by this test", function, argument)
	}
}

func (r resolver) reference(id string) string {
	switch id {
	case "AWS::URLSuffix":
		return "amazonaws.com"
	case "AWS::Partition":
		return "aws"
	case "AWS::Region":
		return "us-east-1"
	case "AWS::AccountId":
		return "000000000000"
	}
	if arn, err := r.arn(id); err == nil && (strings.HasPrefix(arn, "arn:aws:states:") || strings.HasPrefix(arn, "arn:aws:sns:")) {
		return arn // Ref returns the ARN of a state machine or a topic
	}
	return r.ref(id)
}

// definitionOf returns the definition of the state machine of runs.
func definitionOf(t *testing.T, made template) string {
	t.Helper()
	text, _ := made.of(t, "AWS::StepFunctions::StateMachine")["StateMachine"].Properties["DefinitionString"].(string)
	return text
}

func TestDefinitionIsFresh(t *testing.T) {
	// All states, with the default timeouts.
	made, err := synthesize(func(codeFolder string) *Props {
		props := testProps(codeFolder)
		props.Retention = &environment.Retention{KeepRuns: 1}
		return props
	})
	if err != nil {
		t.Fatal(err)
	}
	text := definitionOf(t, made)
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(text), "", "  "); err != nil {
		t.Fatalf("the synthesized definition is no JSON: %v\n%s", err, text)
	}
	indented.WriteByte('\n')
	const file = "definition/definition.asl.json"
	if *update {
		if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
			t.Fatalf("update the definition: %v", err)
		}
		return
	}
	if diff := cmp.Diff(string(definition.JSON), indented.String()); diff != "" {
		t.Errorf("%s is not what the stack synthesizes: run `go test ./infra -update` (-file +synthesized):\n%s", file, diff)
	}
}
