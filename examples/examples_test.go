// Package examples_test checks that each example is valid, and executes each request.
package examples_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// Every request that the documentation shows is valid if the deployment names the bucket. Only DynamoDB can check expressions. So if a
// request has expressions, one of the examples, which are executed, must have the same.
func TestPublishedRequestsAreValid(t *testing.T) {
	t.Parallel()
	executed := map[string]bool{}
	for _, text := range files(t, "requests/*.json") {
		executed[expressions(t, text)] = true
	}
	pages := files(t, "../docs/*.md")
	pages["README"] = files(t, "../*.md")["README"]
	checked := 0
	for page, text := range pages {
		for _, block := range strings.Split(string(text), "```json\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			for values := json.NewDecoder(strings.NewReader(block)); values.More(); {
				var value json.RawMessage
				if err := values.Decode(&value); err != nil {
					t.Fatalf("%s: %v:\n%s", page, err, block)
				}
				var members map[string]json.RawMessage
				if json.Unmarshal(value, &members) != nil || members["table"] == nil || members["runId"] != nil {
					continue // an item or a result
				}
				checked++
				if _, err := request.Parse(value, json.RawMessage(`{"bucket": "my-lake"}`)); err != nil {
					t.Errorf("%s: %s: %v", page, value, err)
				}
				if !executed[expressions(t, value)] {
					t.Errorf("%s: no file in examples/requests has the expressions of %s", page, value)
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("found %d requests", checked)
	}
}

// expressions returns the expressions of a request, with their names and values.
func expressions(t *testing.T, text []byte) string {
	t.Helper()
	type fields struct {
		FilterExpression, ProjectionExpression, KeyConditionExpression string
		ExpressionAttributeNames, ExpressionAttributeValues            any
	}
	var of struct {
		Scan   fields
		Export struct{ Filter fields }
	}
	if err := json.Unmarshal(text, &of); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return fmt.Sprintf("%v", of)
}
