package definition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/job"
)

// aDay is how many checks, 30 seconds apart, make 24 hours.
const aDay = 24 * 60 * 60 / job.DefaultCheckInterval

func TestADayOfWaitingFitsHistories(t *testing.T) {
	t.Parallel()
	e := newExports(aDay, aDay)
	s, events, failure := e.run(t)
	if failure != "" || s.waited != 24*time.Hour {
		t.Errorf("got failure %q after %s, want success after 24h", failure, s.waited)
	}
	const most = job.MaxHistoryEvents / 3
	if events > most {
		t.Errorf("the execution has %d events, want a third of %d at most", events, job.MaxHistoryEvents)
	}
	for i, own := range s.children {
		if own > most {
			t.Errorf("child %d has %d events, want a third of %d at most", i, own, job.MaxHistoryEvents)
		}
	}
	t.Logf("%d checks: %d events, and %v in each child", e.checks[0], events, s.children)
}

func TestChecksThatAreTriedOftenFitHistories(t *testing.T) {
	t.Parallel()
	e := newExports(aDay, aDay)
	for range 5 {
		e.failures = append(e.failures, "DynamoDb.ThrottlingException")
	}
	for range 3 {
		e.failures = append(e.failures, "States.Timeout")
	}
	s, _, failure := e.run(t)
	if failure != "" || e.checks[0] != aDay || e.tries != 9*aDay {
		t.Fatalf("got failure %q after %d checks and %d tries, want success after %d and %d", failure, e.checks[0], e.tries, aDay, 9*aDay)
	}
	for i, own := range s.children {
		if own+9_000 > job.MaxHistoryEvents {
			t.Errorf("child %d has %d events, want 9,000 less than %d", i, own, job.MaxHistoryEvents)
		}
	}
	t.Logf("%d tries: %v events in each child", e.tries, s.children)

	// So is no check tried any more often.
	for _, failure := range []string{"DynamoDb.DynamoDbException", "States.Timeout"} {
		e = newExports(aDay, aDay)
		e.failures = []string{
			failure, "DynamoDb.ThrottlingException", "States.Timeout", "DynamoDb.RequestLimitExceededException", "States.Timeout",
			"DynamoDb.ThrottlingException", "DynamoDb.InternalServerErrorException", "DynamoDb.ThrottlingException",
			"DynamoDb.DynamoDbException", "States.Timeout",
		}
		if _, _, failure := e.run(t); failure != "States.ExceedToleratedFailureThreshold" || e.tries > 9 {
			t.Errorf("got failure %q after %d tries of one check, want one after 9 at most", failure, e.tries)
		}
	}
}

func TestExportThatIsForgottenIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	e := newExports(60, 60)
	e.failures = []string{"DynamoDb.ExportNotFoundException"}
	if _, _, failure := e.run(t); failure == "" || e.tries != 1 {
		t.Errorf("got failure %q after %d tries, want one after one", failure, e.tries)
	}
}

// plan refuses a request by this number.
func TestEventsOfAnExecutionAreAsForetold(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 60, job.ChecksPerRound, job.ChecksPerRound + 1, aDay, 100_000} {
		e := newExports(n, n)
		if _, events, failure := e.run(t); failure != "" || int64(events) != job.ExportEvents(n) {
			t.Errorf("%d checks: got %d events and failure %q, want %d and success", n, events, failure, job.ExportEvents(n))
		}
	}
}

func TestExportIsCheckedAsOftenAsAllowed(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 2, job.DefaultMaxAttempts, job.ChecksPerRound - 1, job.ChecksPerRound, job.ChecksPerRound + 1, aDay} {
		e := newExports(n, n+1)
		s, events, failure := e.run(t)
		if failure != string(job.ExportTimedOut) || e.checks[0] != n || s.waited != time.Duration(n)*job.DefaultCheckInterval*time.Second {
			t.Errorf("maxAttempts %d: got failure %q after %d checks and %s", n, failure, e.checks[0], s.waited)
		}
		if int64(events) > job.ExportEvents(n) {
			t.Errorf("maxAttempts %d: got %d events, more than the %d of success", n, events, job.ExportEvents(n))
		}
	}
}

func TestChecksEndWithTheExport(t *testing.T) {
	t.Parallel()
	for _, k := range []int64{1, 2, 449, 450, 451, 899, 900, 901} {
		e := newExports(aDay, k)
		if _, _, failure := e.run(t); failure != "" || e.checks[0] != k {
			t.Errorf("completed at check %d: got failure %q after %d checks", k, failure, e.checks[0])
		}
	}
}

func TestExportsAreCheckedEachByItself(t *testing.T) {
	t.Parallel()
	e := newExports(aDay, 3, 1000, 450)
	_, events, failure := e.run(t)
	if got, want := fmt.Sprint(e.checks), "[3 1000 450]"; failure != "" || got != want {
		t.Errorf("got failure %q after the checks %s, want success after %s", failure, got, want)
	}
	if int64(events) != job.ExportEvents(1000) {
		t.Errorf("got %d events, want the %d of the longest", events, job.ExportEvents(1000))
	}
}

func TestNothingToExportIsFinalizedWithItsReason(t *testing.T) {
	t.Parallel()
	e := newExports(60)
	if s, _, failure := e.run(t); failure != "" || s.waited != 0 || e.finalized.Export.Reason != "no exports" {
		t.Errorf("got failure %q after %s, and finalized %+v", failure, s.waited, e.finalized.Export)
	}
}

func TestChainGoesOnUntilNothingIsMore(t *testing.T) {
	t.Parallel()
	e := newExports(60, 1)
	e.more = 2
	_, events, failure := e.run(t)
	const each = 5 + 2 + 5 + 2 // StartExport, Exporting?, Finalize, MoreToExport?
	if want := job.ExportEvents(1) + 2*each; failure != "" || e.more != -1 || int64(events) != want {
		t.Errorf("got %d events and failure %q, want %d and success", events, failure, want)
	}
	if e.output["runId"] != "run" {
		t.Errorf("got the output %v, want the result itself", e.output)
	}
}

// exports are native exports as the functions and DynamoDB answer of them.
type exports struct {
	maxAttempts int64
	completed   []int64  // at which check each is COMPLETED
	failures    []string // what every check meets before its answer
	more        int      // how often finalize asks for more

	checks    []int64
	tries     int
	finalized job.FinalizeInput
	output    map[string]any
}

func newExports(maxAttempts int64, completed ...int64) *exports {
	return &exports{maxAttempts: maxAttempts, completed: completed, checks: make([]int64, len(completed))}
}

// run walks the state machine's definition.
func (e *exports) run(t *testing.T) (s *simulation, events int, failure string) {
	t.Helper()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	met := 0 // of the failures of this check
	s = &simulation{t: t, call: func(state string, payload any) (any, string) {
		switch state {
		case job.StatePlan:
			return asJSON(job.PlanOutput{Plan: job.Plan{Mode: job.ModeExport}, Export: job.ExportProgress{Exports: []job.FollowedExport{}}}), ""
		case job.StateStartExport:
			var in job.ExportInput
			decode(t, payload, &in)
			return e.follow(in)
		case job.StateDescribeExport:
			e.tries++
			if met < len(e.failures) {
				met++
				return nil, e.failures[met-1]
			}
			met = 0
			var in struct{ ExportArn string }
			decode(t, payload, &in)
			return e.describe(t, in.ExportArn), ""
		case job.StateFinalize:
			decode(t, payload, &e.finalized)
			e.more--
			return asJSON(job.FinalizeOutput{More: e.more >= 0, Result: job.Result{RunID: "run"}}), ""
		default:
			t.Fatalf("the state %s is no part of an export", state)
			return nil, ""
		}
	}}
	output, events, failure := s.execution(m, map[string]any{"table": "orders"})
	e.output, _ = output.(map[string]any) // of a failure there is none
	return s, events, failure
}

// follow answers as the export function does.
func (e *exports) follow(in job.ExportInput) (progress any, failure string) {
	seen := map[string]int64{}
	for _, each := range in.Export.Exports {
		seen[each.ExportARN] = each.Checks
	}
	following := job.ExportProgress{Exports: []job.FollowedExport{}}
	if len(e.completed) == 0 {
		following.Reason = "no exports"
	}
	for i, at := range e.completed {
		arn := strconv.Itoa(i)
		if e.checks[i] >= at {
			continue
		}
		n := seen[arn]
		if n >= e.maxAttempts {
			return nil, string(job.ExportTimedOut)
		}
		following.InProgress = true
		following.Exports = append(following.Exports, job.FollowedExport{
			ExportARN: arn, Checks: n, Until: min(n+job.ChecksPerRound, e.maxAttempts), IntervalSeconds: job.DefaultCheckInterval,
			ExportStatus: "IN_PROGRESS",
		})
	}
	return asJSON(following), ""
}

// describe answers as DescribeExport does.
func (e *exports) describe(t *testing.T, arn string) any {
	t.Helper()
	i, err := strconv.Atoi(arn)
	if err != nil {
		t.Fatal(err)
	}
	e.checks[i]++
	status := "IN_PROGRESS"
	if e.checks[i] >= e.completed[i] {
		status = "COMPLETED"
	}
	return map[string]any{"ExportDescription": map[string]any{"ExportArn": arn, "ExportStatus": status}}
}

// decode refuses what the functions refuse: a field that they do not know.
func decode(t *testing.T, payload, into any) {
	t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
