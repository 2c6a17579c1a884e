package definition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// The defaults of a request, and the number of checks in 24 hours.
const (
	checkInterval = 30 // seconds
	maxAttempts   = 60
	aDay          = 24 * 60 * 60 / checkInterval
)

func TestADayOfWaitingFitsHistories(t *testing.T) {
	t.Parallel()
	e := newExports(aDay, aDay)
	s, events, failed := e.run(t)
	if failed != "" || s.waited != 24*time.Hour {
		t.Errorf("got failure %q after %s, want success after 24h", failed, s.waited)
	}
	const most = quota.MaxHistoryEvents / 3
	if events > most {
		t.Errorf("the execution has %d events, want a third of %d at most", events, quota.MaxHistoryEvents)
	}
	for i, own := range s.children {
		if own > most {
			t.Errorf("child %d has %d events, want a third of %d at most", i, own, quota.MaxHistoryEvents)
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
	s, _, failed := e.run(t)
	if failed != "" || e.checks[0] != aDay || e.tries != 9*aDay {
		t.Fatalf("got failure %q after %d checks and %d tries, want success after %d and %d", failed, e.checks[0], e.tries, aDay, 9*aDay)
	}
	for i, own := range s.children {
		if own+9_000 > quota.MaxHistoryEvents {
			t.Errorf("child %d has %d events, want 9,000 less than %d", i, own, quota.MaxHistoryEvents)
		}
	}
	t.Logf("%d tries: %v events in each child", e.tries, s.children)

	// No check has more tries than that.
	for _, failed := range []string{"DynamoDb.DynamoDbException", "States.Timeout"} {
		e = newExports(aDay, 2)
		e.failures = []string{
			failed, "DynamoDb.ThrottlingException", "States.Timeout", "DynamoDb.RequestLimitExceededException", "States.Timeout",
			"DynamoDb.ThrottlingException", "DynamoDb.InternalServerErrorException", "DynamoDb.ThrottlingException",
			"DynamoDb.DynamoDbException", "States.Timeout",
		}
		e.once = true
		if _, _, failed := e.run(t); failed != "" || len(e.failedChecks) != 1 || e.triesOfFailed > 9 {
			t.Errorf("got failure %q after %d failed checks, the first with %d tries, want one with 9 at most", failed, len(e.failedChecks), e.triesOfFailed)
		}
	}
}

// A check that fails at every try counts as a check. The export function is called at once, with Step Functions' error output.
func TestCheckThatFailsIsLeftToTheFunction(t *testing.T) {
	t.Parallel()
	for failed, tries := range map[string]int{"DynamoDb.ExportNotFoundException": 1, "DynamoDb.DynamoDbException": 6, "States.Timeout": 4} {
		e := newExports(60, 3)
		e.failures, e.once = slices.Repeat([]string{failed}, tries), true
		s, _, failure := e.run(t)
		if failure != "" || len(e.failedChecks) != 1 || len(s.children) != 2 {
			t.Fatalf("%s: got failure %q and the failed checks %+v in %d rounds, want one, and a second round", failed, failure, e.failedChecks, len(s.children))
		}
		want := run.FollowedExport{
			ExportARN: "0", Checks: 1, Until: 60, IntervalSeconds: 30, ExportStatus: "IN_PROGRESS", FailedChecks: 1, Failure: `{"Cause":"no luck","Error":"` + failed + `"}`,
		}
		if diff := cmp.Diff(want, e.failedChecks[0]); diff != "" || e.tries != tries+3 {
			t.Errorf("%s: %d tries, the function gets (-want +got):\n%s", failed, e.tries, diff)
		}
	}
}

// plan uses this number to refuse requests.
func TestEventsOfAnExecutionAreAsForetold(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 60, quota.ChecksPerRound, quota.ChecksPerRound + 1, aDay, 100_000} {
		e := newExports(n, n)
		if _, events, failed := e.run(t); failed != "" || int64(events) != quota.ExportEvents(n) {
			t.Errorf("%d checks: got %d events and failure %q, want %d and success", n, events, failed, quota.ExportEvents(n))
		}
	}
}

func TestExportIsCheckedAsOftenAsAllowed(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 2, maxAttempts, quota.ChecksPerRound - 1, quota.ChecksPerRound, quota.ChecksPerRound + 1, aDay} {
		e := newExports(n, n+1)
		s, events, failed := e.run(t)
		if failed != string(failure.ExportTimedOut) || e.checks[0] != n || s.waited != time.Duration(n)*checkInterval*time.Second {
			t.Errorf("maxAttempts %d: got failure %q after %d checks and %s", n, failed, e.checks[0], s.waited)
		}
		if int64(events) > quota.ExportEvents(n) {
			t.Errorf("maxAttempts %d: got %d events, more than the %d of success", n, events, quota.ExportEvents(n))
		}
	}
}

func TestChecksEndWithTheExport(t *testing.T) {
	t.Parallel()
	for _, k := range []int64{1, 2, 449, 450, 451, 899, 900, 901} {
		e := newExports(aDay, k)
		if _, _, failed := e.run(t); failed != "" || e.checks[0] != k {
			t.Errorf("completed at check %d: got failure %q after %d checks", k, failed, e.checks[0])
		}
	}
}

func TestExportsAreCheckedEachByItself(t *testing.T) {
	t.Parallel()
	e := newExports(aDay, 3, 1000, 450)
	_, events, failed := e.run(t)
	if got, want := fmt.Sprint(e.checks), "[3 1000 450]"; failed != "" || got != want {
		t.Errorf("got failure %q after the checks %s, want success after %s", failed, got, want)
	}
	if int64(events) != quota.ExportEvents(1000) {
		t.Errorf("got %d events, want the %d of the longest", events, quota.ExportEvents(1000))
	}
}

func TestNothingToExportIsFinalizedWithItsReason(t *testing.T) {
	t.Parallel()
	e := newExports(60)
	if s, _, failed := e.run(t); failed != "" || s.waited != 0 || e.finalized.Export.Reason != "no exports" {
		t.Errorf("got failure %q after %s, and finalized %+v", failed, s.waited, e.finalized.Export)
	}
}

func TestChainGoesOnUntilNothingIsMore(t *testing.T) {
	t.Parallel()
	e := newExports(60, 1)
	e.more = 2
	_, events, failed := e.run(t)
	const each = 5 + 2 + 5 + 2 // StartExport, Exporting?, Finalize, MoreToExport?
	if want := quota.ExportEvents(1) + 2*each; failed != "" || e.more != -1 || int64(events) != want {
		t.Errorf("got %d events and failure %q, want %d and success", events, failed, want)
	}
	if e.output["runId"] != "run" {
		t.Errorf("got the output %v, want the result itself", e.output)
	}
}

// exports simulates native exports: the answers of the functions and of DynamoDB.
type exports struct {
	maxAttempts int64
	completed   []int64  // by export, the check at which it is COMPLETED
	failures    []string // the errors of each check before its answer
	once        bool     // they meet only the first check
	more        int      // how often finalize reports more to export

	checks []int64
	tries  int
	// failedChecks are what the export function got after a check that failed, and triesOfFailed the tries until then.
	failedChecks  []run.FollowedExport
	triesOfFailed int
	finalized     run.FinalizeInput
	output        map[string]any
}

func newExports(maxAttempts int64, completed ...int64) *exports {
	return &exports{maxAttempts: maxAttempts, completed: completed, checks: make([]int64, len(completed))}
}

// run executes the definition.
func (e *exports) run(t *testing.T) (s *simulation, events int, failed string) {
	t.Helper()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatal(err)
	}
	met := 0 // failures of this check so far
	s = &simulation{t: t, call: func(state string, payload any) (any, string) {
		switch state {
		case contract.StatePlan:
			return asJSON(run.PlanOutput{Plan: run.Plan{Mode: request.ModeExport}, Export: run.ExportProgress{Exports: []run.FollowedExport{}}}), ""
		case contract.StateStartExport:
			var in run.ExportInput
			decode(t, payload, &in)
			return e.follow(in)
		case contract.StateDescribeExport:
			e.tries++
			if met < len(e.failures) {
				met++
				return nil, e.failures[met-1]
			}
			if met = 0; e.once {
				e.failures = nil
			}
			var in struct{ ExportArn string }
			decode(t, payload, &in)
			return e.describe(t, in.ExportArn), ""
		case contract.StateFinalize:
			decode(t, payload, &e.finalized)
			e.more--
			return asJSON(run.FinalizeOutput{More: e.more >= 0, Result: run.Result{RunID: "run"}}), ""
		default:
			t.Fatalf("the state %s is not part of an export", state)
			return nil, ""
		}
	}}
	output, events, failed := s.execution(m, map[string]any{"table": "orders"})
	e.output, _ = output.(map[string]any) // nil after a failure
	return s, events, failed
}

// follow answers as the export function does.
func (e *exports) follow(in run.ExportInput) (progress any, failed string) {
	seen := map[string]int64{}
	for _, each := range in.Export.Exports {
		if seen[each.ExportARN] = each.Checks; each.Failure != "" {
			if e.failedChecks = append(e.failedChecks, each); len(e.failedChecks) == 1 {
				e.triesOfFailed = e.tries
			}
		}
	}
	following := run.ExportProgress{Exports: []run.FollowedExport{}}
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
			return nil, string(failure.ExportTimedOut)
		}
		following.InProgress = true
		following.Exports = append(following.Exports, run.FollowedExport{
			ExportARN: arn, Checks: n, Until: min(n+quota.ChecksPerRound, e.maxAttempts), IntervalSeconds: checkInterval,
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

// decode refuses unknown fields, as the functions do.
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
