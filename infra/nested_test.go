//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/environment"
)

// Schedules and alarms that do not fit into one template are in nested stacks, each once.
func TestManySchedulesAndAlarmsDeploy(t *testing.T) {
	for _, test := range []struct {
		name                        string
		schedules, input, templates int
	}{
		{"a hundred", 100, 0, 1},
		{"a hundred and one", 101, 0, 2},
		{"480", 480, 0, 2},
		{"500", 500, 0, 2},
		{"501", 501, 0, 3},
		{"a thousand", 1000, 0, 4},
		{"twelve with large inputs", 12, 100_000, 3},
		{"four with the largest inputs", 4, maxScheduleInput - 200, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			made, err := synthesizeInto(folder, func(codeFolder string) *Props {
				props := testProps(codeFolder)
				props.Schedules = nil
				for i := range test.schedules {
					props.Schedules = append(props.Schedules, environment.Schedule{
						Name: fmt.Sprintf("s%s%04d", []string{"-", "", ".", "_"}[i%4], i/4), Expression: "rate(1 day)", Input: map[string]any{"table": "orders", "transform": strings.Repeat("a", test.input)},
					})
				}
				props.Environment = props.WithDefaults()
				return props
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := holdQuotas(t, folder, made, 0); got != test.templates {
				t.Errorf("got %d templates, want %d", got, test.templates)
			}
			names, groups := map[string]int{}, map[string]bool{}
			eachResource(t, folder, func(r resource) {
				switch r.Type {
				case "AWS::Scheduler::Schedule":
					names[r.Properties["Name"].(string)]++
				case "AWS::Scheduler::ScheduleGroup":
					if name := r.Properties["Name"].(string); groups[name] || !strings.HasPrefix(name, "stack") {
						t.Errorf("the group %s is there twice, or is not named after the stack", name)
					} else {
						groups[name] = true
					}
				}
			})
			for name, n := range names {
				if n != 1 {
					t.Errorf("%s is there %d times", name, n)
				}
			}
			if len(names) != test.schedules {
				t.Errorf("got %d schedules, want %d", len(names), test.schedules)
			}
		})
	}
}

func TestManyStaleTablesDeploy(t *testing.T) {
	for _, test := range []struct {
		name            string
		tables, longest int
		tags, templates int
	}{
		{"of 40 characters", 495, 40, 0, 2},
		{"of 255 characters, with every tag", 113, 255, 49, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			made, err := synthesizeInto(folder, func(codeFolder string) *Props {
				props := testProps(codeFolder)
				props.Tables, props.Alarms.StaleHours, props.Notifications.CreateTopic = tablesOf(test.tables, test.longest-10, test.longest), map[string]int{}, true
				props.Tags = map[string]string{}
				for _, table := range props.Tables {
					props.Alarms.StaleHours[table] = 24
				}
				for i := range test.tags {
					props.Tags[fmt.Sprintf("tag-%02d", i)] = strings.Repeat("v", 100)
				}
				return props
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := holdQuotas(t, folder, made, 10); got != test.templates {
				t.Errorf("got %d templates, want %d", got, test.templates)
			}
			alarms := map[string]bool{}
			eachResource(t, folder, func(r resource) {
				if r.Type == "AWS::CloudWatch::Alarm" && len(r.Properties["AlarmActions"].([]any)) == 1 {
					alarms[r.Properties["AlarmDescription"].(string)] = true
				}
			})
			if len(alarms) != test.tables+2 {
				t.Errorf("got %d alarms, want one for each of %d tables, and two others", len(alarms), test.tables)
			}
		})
	}
}

// eachResource calls visit for the resources of all templates, without resolving references.
func eachResource(t *testing.T, folder string, visit func(resource)) {
	t.Helper()
	eachTemplate(t, folder, func(_ string, text []byte) {
		var raw struct{ Resources map[string]resource }
		if err := json.Unmarshal(text, &raw); err != nil {
			t.Fatal(err)
		}
		for _, each := range raw.Resources {
			visit(each)
		}
	})
}

// eachTemplate calls visit with the name and the text of each template.
func eachTemplate(t *testing.T, folder string, visit func(name string, text []byte)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "out", "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		visit(filepath.Base(file), text)
	}
}

// What the CDK refuses is one sentence, without a stack trace.
func TestRefusalsOfTheCDKAreErrors(t *testing.T) {
	var err error
	func() {
		defer recoverFrom("test", &err)
		_, err = synthesize(func(codeFolder string) *Props {
			props := testProps(codeFolder)
			props.Bucket.Name, props.Bucket.Create = "Not_A_Bucket", true // environment.Read refuses it
			return props
		})
	}()
	if err == nil || !strings.HasPrefix(err.Error(), "environment test: the CDK makes no template of it: ") || !strings.Contains(err.Error(), "Bucket name must") {
		t.Errorf("got %v", err)
	}
}

// A template of exactly as many resources and bytes as CloudFormation allows is accepted, and one more is not.
func TestTemplatesAreMeasured(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		resources, bytes int
		want             string
	}{
		{500, 1_000_000, ""},
		{501, 1_000_000, "got the template part.template.json with 501 resources and 1000000 bytes, want at most 500 resources and 1000000 bytes"},
		{500, 1_000_001, "got the template part.template.json with 500 resources and 1000001 bytes"},
	} {
		folder, resources := t.TempDir(), map[string]string{}
		for i := range test.resources {
			resources[fmt.Sprint(i)] = ""
		}
		text, err := json.Marshal(map[string]any{"Resources": resources})
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"stack.assets.json":  `{"files":{"a":{"source":{"path":"part.template.json"}},"b":{"source":{"path":"lambda.zip"}}}}`,
			"part.template.json": string(text) + strings.Repeat(" ", test.bytes-len(text)),
		} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := checkTemplates(folder, "stack"); fmt.Sprint(err) != "<nil>" && test.want == "" || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%d resources and %d bytes: got %v", test.resources, test.bytes, err)
		}
	}
}
