package main

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// The pages name the version of the CDK's command line that make installs.
func TestPagesNameTheVersionOfTheCDK(t *testing.T) {
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &module); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"../../README.md", "../../docs/deploy.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile(`aws-cdk@([0-9.]+)`).FindAllStringSubmatch(string(text), -1)
		if len(named) == 0 {
			t.Errorf("%s names no version", page)
		}
		for _, each := range named {
			if want := module.Dependencies["aws-cdk"]; each[1] != want {
				t.Errorf("%s names aws-cdk %s, want %s", page, each[1], want)
			}
		}
	}
}
