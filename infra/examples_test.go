//go:build !race

package main

import (
	"path/filepath"
	"testing"

	"dynamodb-to-s3/infra/environment"
)

func TestExampleEnvironmentsSynthesize(t *testing.T) {
	files, err := filepath.Glob("../examples/environments/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range append(files, "environments/dev.yaml", "environments/example.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			example, err := environment.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			made, err := synthesize(func(codeFolder string) *Props { return &Props{Environment: example, CodeFolder: codeFolder} })
			if err != nil {
				t.Fatal(err)
			}
			if _, there := made.of(t, "AWS::StepFunctions::StateMachine")["StateMachine"]; !there {
				t.Error("there is no state machine")
			}
		})
	}
}
