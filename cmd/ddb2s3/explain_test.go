package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"
)

// explain says what a run would take, over this computer's services and over a deployment, and writes nothing.
func TestExplain(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	table := testservers.Orders(t, 300)
	file := requestFile(t, fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q, "maxReadUnits": 1}`, table, d.Bucket))
	for _, args := range [][]string{{}, {"--env", "local"}} {
		args = append([]string{"explain", "--input", file}, args...)
		code, stdout, stderr := verb(t, d, args...)
		for _, words := range []string{
			table + ": 300 items, ", "your request: scan on demand", "full export", "2 segments, 2 at the same time", "Cost of your request\n  read units, on demand",
			"The run would not begin: the scan of the table is expected to consume ", "Recommendation: a scan on demand\n", "a sample read the whole table",
		} {
			if code != 0 || !strings.Contains(stdout, words) {
				t.Errorf("%v: exit %d: %s%s\nwant %q", args, code, stdout, stderr, words)
			}
		}
		code, stdout, stderr = verb(t, d, append(args, "--json")...)
		var e run.Explained
		if err := json.Unmarshal([]byte(stdout), &e); err != nil || code != 0 || e.Source.Items != 300 || len(e.Alternatives) != 3 {
			t.Errorf("%v: exit %d, %v: %s%s", args, code, err, stdout, stderr)
		}
	}
	if keys := testservers.Keys(t, d.Bucket, ""); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}
}

func TestWrongExplanations(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	missing := requestFile(t, fmt.Sprintf(`{"table": "nowhere", "bucket": %q, "explain": true}`, d.Bucket))
	misspelled := requestFile(t, `{"tabel": "orders"}`)
	refuses(t, d, 1, "TableNotFound", "explain", "--input", missing, "--env", "local")
	refuses(t, d, 1, "did you mean", "explain", "--input", misspelled, "--env", "local")
	refuses(t, d, 2, "--input is missing", "explain", "--env", "local")
	refuses(t, d, 2, "leave --aws and --load out", "explain", "--env", "local", "--input", missing, "--aws")
	for file, words := range map[string]string{missing: "TableNotFound", misspelled: "did you mean"} {
		if code, stdout, stderr := verb(t, d, "explain", "--input", file); code != 1 || !strings.Contains(stdout, words) {
			t.Errorf("exit %d: %s%s, want %q", code, stdout, stderr, words)
		}
	}
}

func TestRequestsAreExplained(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"table": "a"}`:                     `{"explain": true, "table": "a"}`,
		` { } `:                              `{"explain": true } `,
		`{"table": "a", "explain": true}`:    `{"table": "a", "explain": true}`,
		`{"table": "a", "explain": "maybe"}`: `{"table": "a", "explain": "maybe"}`,
		`[]`:                                 `[]`,
		`{`:                                  `{`,
	} {
		if got := string(explaining(json.RawMessage(text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
