package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"
)

func TestLogs(t *testing.T) {
	t.Parallel()
	g := newGate()
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	table := testservers.Orders(t, 300)
	request := fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q}`, table, d.Bucket)
	arn := d.Run(t, "night-1", request)
	<-g.reached

	follow := verbCommand(t, d, "logs", "night-1", "--env", "local", "--follow")
	stdout, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	follow.Stderr = &stderr
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		if lines = append(lines, scanner.Text()); len(lines) == 1 { // the line of plan, while the execution runs
			close(g.open)
			d.Wait(t, d.Run(t, "night-10", request)) // another run, whose name contains that of the first one
		}
	}
	if err := follow.Wait(); err != nil {
		t.Errorf("%v: %s", err, &stderr)
	}
	d.Wait(t, arn)
	all := strings.Join(lines, "\n")
	if !strings.Contains(lines[0], "  plan      INFO   planned  table="+table+"  mode=SCAN  segments=2") || !strings.Contains(lines[len(lines)-1], "  finalize  INFO   run committed  table="+table) ||
		strings.Contains(all, "night-10") || strings.Contains(all, "_aws") || strings.Contains(all, "\x1b") {
		t.Errorf("got\n%s", all)
	}
	code, stdoutAll, _ := verb(t, d, "logs", "night-1", "--state-machine", d.StateMachineARN)
	if again := strings.TrimSpace(stdoutAll); code != 0 || again != all {
		t.Errorf("exit %d:\n%s\nwant\n%s", code, again, all)
	}
	code, raw, _ := verb(t, d, "logs", "night-1", "--env", "local", "--function", "finalize", "--json")
	for line := range strings.SplitSeq(strings.TrimSpace(raw), "\n") {
		var fields struct{ Msg, RunID string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil || code != 0 || fields.RunID != "night-1" || fields.Msg == "planned" {
			t.Errorf("exit %d, %v: %s", code, err, line)
		}
	}
	refuses(t, d, 2, `--function: got "scans", want one of plan, scan`, "logs", "night-1", "--env", "local", "--function", "scans")
}

// A request that plan refuses has no run: its execution's name finds the line.
func TestLogsOfAFailureInPlan(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	d.Wait(t, d.Run(t, "night-1", fmt.Sprintf(`{"table": "nowhere", "bucket": %q}`, d.Bucket)))
	code, stdout, stderr := verb(t, d, "logs", "night-1", "--env", "local")
	if code != 0 || !strings.Contains(stdout, "  plan      ERROR  failed  execution=night-1  error=TableNotFound  cause=") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	refuses(t, d, 1, "failed in its state Plan, so a redrive does not help (TableNotFound: ", "redrive", "night-1", "--env", "local")
	refuses(t, d, 1, "its history has no plan, so it has written nothing", "clean", "night-1", "--env", "local", "--yes")
}
