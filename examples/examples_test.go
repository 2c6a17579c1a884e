// Package examples_test checks that each example is valid, and executes each request.
package examples_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/environment"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// files returns the contents of the files that match a pattern, by their names without an extension.
func files(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	texts := map[string][]byte{}
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))] = text
	}
	return texts
}

func TestRequestsAreValid(t *testing.T) {
	t.Parallel()
	for name, text := range files(t, "requests/*.json") {
		if _, err := request.Parse(text, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEnvironmentsAreValid(t *testing.T) {
	t.Parallel()
	for name := range files(t, "environments/*.yaml") {
		if _, err := environment.Read("environments/" + name + ".yaml"); err != nil {
			t.Error(err)
		}
	}
}

// commandLine is a request that a command of the documentation gives to a local run.
var commandLine = regexp.MustCompile(`echo '(\{.*\})'`)

// published returns each request that the documentation shows, by the page and its number there.
func published(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	pages := files(t, "../docs/*.md")
	pages["README"] = files(t, "../*.md")["README"]
	found := map[string]json.RawMessage{}
	for page, text := range pages {
		var shown []string
		for _, block := range strings.Split(string(text), "```json\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			shown = append(shown, block)
		}
		for _, command := range commandLine.FindAllStringSubmatch(string(text), -1) {
			shown = append(shown, command[1])
		}
		for i, block := range shown {
			for values := json.NewDecoder(strings.NewReader(block)); values.More(); {
				var value json.RawMessage
				if err := values.Decode(&value); err != nil {
					t.Fatalf("%s: %v:\n%s", page, err, block)
				}
				var members map[string]json.RawMessage
				if json.Unmarshal(value, &members) == nil && members["table"] != nil && members["runId"] == nil { // not an item or a result
					found[fmt.Sprintf("%s-%d-%d", page, i, len(found))] = value
				}
			}
		}
	}
	if len(found) < 15 {
		t.Errorf("found %d requests", len(found))
	}
	return found
}
