package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"
)

// The command that an interrupted run prints continues it, in a shell.
func TestInterruptedRunSaysHowToContinue(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string][]string{
		"a name of its own":           {"--verify"},
		"a name that was given":       {"--name", "night-1", "--lambda-timeout", "14m"},
		"a request on standard input": {"--input", "-"},
		"items that were loaded":      {"--load", "ITEMS", "--key", "id"},
		"items of a lost table":       {"--load", "ITEMS", "--key", "id", "--verify"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			table := testservers.Orders(t, 200)
			folder := filepath.Join(t.TempDir(), "my request's folder")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			var items bytes.Buffer
			for i := range 200 {
				fmt.Fprintf(&items, "{\"id\": \"%d\"}\n", i)
			}
			loaded := strings.HasPrefix(name, "items")
			if loaded {
				table += "-loaded"
			}
			request := fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "fileSizeBytes": 2048, "scan": {"Limit": 5}}`, table, bucket)
			for file, text := range map[string]string{"request.json": request, "items.jsonl": items.String()} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := append([]string{"run"}, arguments...)
			if !strings.Contains(strings.Join(args, " "), "--input") {
				args = append(args, "--input", filepath.Join(folder, "request.json"))
			}
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "ITEMS", filepath.Join(folder, "items.jsonl"))
			}
			interrupted := program(t.Context(), t, args...)
			interrupted.Stdin = strings.NewReader(request)
			lost := strings.HasSuffix(name, "lost table")
			if lost { // it was in the memory of the interrupted process
				interrupted.Env = slices.DeleteFunc(interrupted.Env, func(variable string) bool { return strings.HasPrefix(variable, envDynamoDBEndpoint+"=") })
			}
			var stderr bytes.Buffer
			interrupted.Stderr = &stderr
			s3 := holdAfter(t, 2)
			ended := s3.start(t, interrupted)
			if err := interrupted.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err == nil {
				t.Fatal("it succeeded, so it was interrupted too late")
			}
			s3.release()
			_, command, said := strings.Cut(stderr.String(), "interrupted\nTo continue this run, use the same name:\n  ")
			if !said || interrupted.ProcessState.ExitCode() != 130 {
				t.Fatalf("exit %d: %s", interrupted.ProcessState.ExitCode(), &stderr)
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			again := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(command, "go run ./cmd/ddb2s3", self)) //nolint:gosec // the test's own command
			for _, variable := range interrupted.Env {
				if !strings.HasPrefix(variable, "AWS_ENDPOINT_URL") { // the command has them
					again.Env = append(again.Env, variable)
				}
			}
			o := outcome{}
			stdout, err := again.Output()
			if err != nil {
				t.Fatalf("%s: %v: %s", command, err, stdout)
			}
			if err := json.Unmarshal(stdout, &o.result); err != nil {
				t.Fatal(err)
			}
			if lost && o.result.Items != 200 {
				t.Errorf("got %+v", o.result)
			} else if !lost {
				succeeds(t, o)
			}
			if roots := testservers.Keys(t, bucket, "AWSDynamoDB/"); !strings.HasPrefix(roots[0], o.result.Root) || !strings.HasPrefix(roots[len(roots)-1], o.result.Root) {
				t.Errorf("it made another run: %s and %s", roots[0], roots[len(roots)-1])
			}
		})
	}
}

func TestRunThatCannotContinueSaysSo(t *testing.T) {
	t.Parallel()
	begun := &run.PlanOutput{}
	for _, test := range []struct {
		name     string
		services services
		planned  *run.PlanOutput
		named    bool
		failed   failure.Name
		load     string
		want     string
	}{
		{"in memory", services{ownDynamoDB: true}, begun, false, "", "", "To continue this run, use the same name:\n  "},
		{"in memory, of standard input", services{ownDynamoDB: true}, begun, true, failure.Throttled, "-", "To continue this run when you have corrected the cause, use the same name, and the same items on standard input:\n  "},
		{"loaded, of standard input", services{}, begun, false, "", "-", "To continue this run, use the same name:\n  "},
		{"exports of this program", services{exports: new(exports.Server)}, begun, false, "", "", "This run cannot continue: this program made its exports, which end with it. Start a new run with the same command.\n"},
		{"exports of this program, with a name", services{exports: new(exports.Server)}, begun, true, "", "", "This run cannot continue: this program made its exports, which end with it. Start a new run with another --name.\n"},
		{"not begun", services{}, nil, false, "", "", ""},
		{"committed", services{}, &run.PlanOutput{Committed: true}, false, "", "", ""},
		{"of another execution", services{}, &run.PlanOutput{Duplicate: &run.Duplicate{}}, false, "", "", ""},
		{"a final failure", services{}, begun, true, failure.TableReplaced, "", ""},
		{"an upload is gone", services{}, begun, true, failure.UploadGone, "", ""},
		{"another failure", services{}, begun, true, failure.AccessDenied, "", "To continue this run when you have corrected the cause, use the same name:\n  "},
	} {
		v := runVerb{name: "night", own: ownTable{file: test.load}, named: test.named, input: "request.json", flags: newRun().Flags()}
		if got := v.continuation(&test.services, test.planned, test.failed); !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// A run that failed for good says nothing of a continuation.
func TestFailedTransformSaysNothingOfContinuing(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	o := runProgram(t, "--name", "failed", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "transform": "error(\"no\")"}`, table, bucket)))
	if o.code != 1 || o.failed.Error != string(failure.TransformFailed) || strings.Contains(o.stderr, "continue") {
		t.Errorf("got %+v", o)
	}
}

// A run that was committed before gives the same result, and says that it read nothing.
func TestRepeatedRunSaysThatItWasCommittedBefore(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 100), testservers.Bucket(t)
	for name, fields := range map[string]string{"twice": "", "parquet": `, "format": "PARQUET", "segments": 2`, "fired": `, "schedule": "nightly", "scheduledTime": "2026-11-21T02:00:00Z"`} {
		file := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, fields))
		first := runProgram(t, "--name", name, "--input", file)
		succeeds(t, first)
		if strings.Contains(first.stderr, "before") || !strings.Contains(first.stderr, " s\nmanifest: ") {
			t.Errorf("the first: %s", first.stderr)
		}
		second := runProgram(t, "--name", name, "--verify", "--input", file)
		other := "--name"
		if strings.Contains(fields, "schedule") {
			other = "scheduledTime"
		}
		want := fmt.Sprintf("The run %s was committed before, at %s by the execution %s. No items were read now. To make a new run, give another %s.\n",
			first.result.RunID, first.result.EndTime.UTC().Format("2006-01-02T15:04:05Z"), name, other)
		if second.code != 0 || second.result.Manifest != first.result.Manifest || !second.result.EndTime.Equal(first.result.EndTime) || !strings.Contains(second.stderr, want) ||
			!strings.Contains(second.stderr, "as stored\nmanifest: ") || strings.Contains(second.stderr, " of about ") || !strings.Contains(second.stderr, "verified: ") {
			t.Errorf("the second: %+v\nwant %s", second, want)
		}
	}
}

func TestWordsOfAShell(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"plain", "", "a b", "it's", `$HOME "x" \ ` + "`id`", "*", "~", "a\nb", "ü", "#", "-", "a=b;c&d|e"} {
		got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(got) != word {
			t.Errorf("%q became %q, %v", word, got, err)
		}
	}
}
