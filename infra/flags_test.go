//go:build !race

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cdk.json sets each feature flag of the CDK to its recommended value. The CDK writes its flags into the manifest of each app. So this test fails
// when a new version of the CDK brings a flag or recommends another value: compare the templates with the old and the new value before you set it.
func TestFeatureFlagsAreTheRecommendedOnes(t *testing.T) {
	out := t.TempDir()
	app, err := newApp(settings, out)
	if err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	var manifest struct {
		Artifacts map[string]struct {
			Type       string
			Properties struct {
				Flags map[string]struct{ RecommendedValue, UserValue any }
			}
		}
	}
	decodeFile(t, filepath.Join(out, "manifest.json"), &manifest)
	recommended, used := map[string]any{}, map[string]any{}
	for _, artifact := range manifest.Artifacts {
		if artifact.Type != "cdk:feature-flag-report" {
			continue
		}
		for name, flag := range artifact.Properties.Flags {
			recommended[name], used[name] = flag.RecommendedValue, flag.UserValue
		}
	}
	var given struct{ Context map[string]any }
	decodeFile(t, settings, &given)
	set := map[string]any{}
	for name, value := range given.Context {
		if strings.HasPrefix(name, "@") {
			set[name] = value
		}
	}
	if diff := cmp.Diff(recommended, set); diff != "" {
		t.Errorf("cdk.json (-recommended +set):\n%s", diff)
	}
	if diff := cmp.Diff(recommended, used); diff != "" {
		t.Errorf("the app (-recommended +used):\n%s", diff)
	}
	if len(recommended) < 80 {
		t.Errorf("the CDK reports only %d flags", len(recommended))
	}
}

func decodeFile(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
