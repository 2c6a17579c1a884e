package function_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// chain is a table that is exported again and again, with its own clock.
type chain struct {
	t       *testing.T
	tables  *exports.Server
	client  *dynamodb.Client
	table   string
	bucket  string
	runs    int
	results []run.Result
}

// dawn is the start of the tests' clocks.
var dawn = time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)

func startExports(t *testing.T, options exports.Options) *exports.Server {
	t.Helper()
	options.Now = func() time.Time { return dawn }
	return testservers.StartExports(t, options)
}

func newChain(t *testing.T) *chain {
	t.Helper()
	c := &chain{t: t, tables: startExports(t, exports.Options{Checks: 1}), table: testservers.Orders(t, 300), bucket: testservers.Bucket(t)}
	c.client = dynamodb.NewFromConfig(c.tables.AWS())
	return c
}

// next returns the execution of the next run.
func (c *chain) next() execution {
	c.runs++
	return execution{
		t: c.t, name: fmt.Sprintf("run-%d", c.runs), tables: c.tables, start: c.tables.Now(),
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "lake/{table}/{date}", "export": {"from": "last"}}`, c.table, c.bucket),
	}
}

// run runs the next run to its end.
func (c *chain) run() run.Result {
	c.t.Helper()
	result, err := c.next().runExport()
	if err != nil {
		c.t.Fatal(err)
	}
	c.results = append(c.results, result)
	return result
}

// write changes the table: some new items, some changed, one removed.
func (c *chain) write() {
	c.t.Helper()
	at := c.tables.Now().Format(time.RFC3339Nano)
	put := func(id string) {
		_, err := c.client.PutItem(c.t.Context(), &dynamodb.PutItemInput{TableName: &c.table, Item: map[string]types.AttributeValue{
			"orderId": &types.AttributeValueMemberS{Value: id}, "at": &types.AttributeValueMemberS{Value: at},
		}})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	put("new-" + at)
	put("changed")
	_, err := c.client.DeleteItem(c.t.Context(), &dynamodb.DeleteItemInput{TableName: &c.table, Key: map[string]types.AttributeValue{
		"orderId": &types.AttributeValueMemberS{Value: fmt.Sprintf("new-%s", at[:10])},
	}})
	if err != nil {
		c.t.Fatal(err)
	}
}

// wantWindows fails the test unless the result has windows of these lengths that follow end. It returns the end of the last window.
func wantWindows(t *testing.T, result run.Result, end time.Time, lengths ...time.Duration) time.Time {
	t.Helper()
	if len(result.Exports) != len(lengths) {
		t.Fatalf("%s has %d exports, want %d: %+v", result.RunID, len(result.Exports), len(lengths), result.Exports)
	}
	for i, window := range result.Exports {
		if window.ExportType != request.ExportIncremental || !window.From.Equal(end) || window.To.Sub(*window.From) != lengths[i] || window.Reason != "" {
			t.Fatalf("%s, export %d: %s to %s, want %s from %s on", result.RunID, i, window.From, window.To, lengths[i], end)
		}
		end = *window.To
	}
	return end
}

func wantFull(t *testing.T, result run.Result, reason string) time.Time {
	t.Helper()
	if len(result.Exports) != 1 || result.Exports[0].ExportType != request.ExportFull || !strings.Contains(result.Exports[0].Reason, reason) {
		t.Fatalf("%s has %+v, want a full export because %s", result.RunID, result.Exports, reason)
	}
	return *result.Exports[0].ExportTime
}

func (c *chain) setRecovery(enabled bool, days int32) {
	c.t.Helper()
	_, err := c.client.UpdateContinuousBackups(c.t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: &c.table, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: &enabled, RecoveryPeriodInDays: aws.Int32(days),
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// replays fails the test unless the last full export and all windows since give the table as it is.
func (c *chain) replays() {
	c.t.Helper()
	var since []run.Result
	for _, result := range c.results {
		switch {
		case len(result.Exports) == 0:
		case result.Exports[0].ExportType == request.ExportFull:
			since = []run.Result{result}
		default:
			since = append(since, result)
		}
	}
	report, err := verify.Replay(c.t.Context(), c.client, testservers.S3(), since...)
	if err != nil || report.Changes == 0 {
		c.t.Errorf("%d runs since the last full export: %+v, %v", len(since), report, err)
	}
}

func TestChainHasNoGapAndNoOverlap(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	end := wantFull(t, c.run(), "the chain begins here")
	for range 6 { // a schedule every 20 minutes
		c.write()
		c.tables.Advance(20 * time.Minute)
		end = wantWindows(t, c.run(), end, 20*time.Minute)
	}
	c.tables.Advance(10 * time.Minute) // a run that comes too early succeeds
	if idle := c.run(); len(idle.Exports) > 0 || !strings.Contains(idle.Reason, "less than 15m, the shortest window") {
		t.Fatalf("got %+v", idle)
	}
	c.write()
	c.tables.Advance(50*time.Hour - 10*time.Minute) // an outage
	c.write()
	end = wantWindows(t, c.run(), end, 24*time.Hour, 24*time.Hour, 2*time.Hour)

	// Two runs that start at the same moment make each export once, and one of them commits it.
	c.tables.Advance(30 * time.Minute)
	c.tables.Hold()
	first, second := c.next(), c.next()
	var plans []run.PlanOutput
	for _, e := range []execution{first, second} {
		planned, err := e.plan()
		if err != nil {
			t.Fatal(err)
		}
		planned.Export, err = call[run.ExportProgress](e, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export})
		if err != nil || !planned.Export.InProgress {
			t.Fatalf("%+v, %v", planned.Export, err)
		}
		plans = append(plans, planned)
	}
	if plans[0].Export.Exports[0].ExportARN != plans[1].Export.Exports[0].ExportARN {
		t.Errorf("they follow different exports: %+v", plans)
	}
	c.tables.Finish()
	won, err := first.runExport()
	if err != nil {
		t.Fatal(err)
	}
	lost, err := second.runExport()
	if err != nil {
		t.Fatal(err)
	}
	wantWindows(t, won, end, 30*time.Minute)
	if len(lost.Exports) > 0 || !strings.Contains(lost.Reason, `run "`+won.RunID+`"`) && !strings.Contains(lost.Reason, "nothing to export yet") {
		t.Errorf("the second has %+v", lost)
	}
	c.results = append(c.results, won)
	c.replays()

	c.setRecovery(true, 2)
	c.tables.Advance(72 * time.Hour)
	wantFull(t, c.run(), "the run is too late")
	c.write()
	c.tables.Advance(time.Hour)
	c.setRecovery(false, 2)
	if _, err := c.next().runExport(); err == nil {
		t.Error("exported without recovery")
	} else {
		wantName(t, err, failure.PointInTimeRecoveryOff, "aws dynamodb update-continuous-backups --table-name "+c.table)
	}
	c.setRecovery(true, 35)
	c.tables.Advance(time.Hour)
	c.write()
	c.tables.Advance(10 * time.Minute)
	end = wantFull(t, c.run(), "switched off")
	c.write()
	c.tables.Advance(15 * time.Minute)
	wantWindows(t, c.run(), end, 15*time.Minute)
	c.replays()

	arns := map[string]bool{}
	for _, result := range c.results {
		for _, window := range result.Exports {
			arns[window.ExportARN] = true
		}
	}
	if n := len(c.tables.Exports()); n != len(arns) || n != 14 {
		t.Errorf("%d exports were made, the results have %d, want 14", n, len(arns))
	}
	if journals := testservers.Keys(t, c.bucket, "lake/"+c.table+"/AWSDynamoDB/_chains/"); len(journals) != 1 {
		t.Errorf("the chain's journals are %v", journals)
	}
}

// The next run continues a run that died, and its windows follow.
func TestChainSurvivesItsRuns(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	end := wantFull(t, c.run(), "the chain begins here")
	c.tables.Advance(time.Hour)
	c.tables.Hold()
	dead := c.next()
	planned, err := dead.plan()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call[run.ExportProgress](dead, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export}); err != nil {
		t.Fatal(err)
	}
	c.tables.Advance(time.Hour)
	c.tables.Finish()
	before := len(c.tables.Exports())
	wantWindows(t, c.run(), end, time.Hour, time.Hour)
	if made := len(c.tables.Exports()) - before; made != 1 {
		t.Errorf("%d exports were made, want the one that follows", made)
	}

	t.Run("and a table that is created again", func(t *testing.T) {
		testservers.ReplaceOrders(t, c.client, c.table, 0)
		c.tables.Advance(time.Hour)
		wantFull(t, c.run(), "was deleted and created again")
	})

	t.Run("and another filter", func(t *testing.T) {
		c.tables.Advance(time.Hour)
		e := c.next()
		e.request = strings.Replace(e.request, `"last"`, `"last", "filter": {"FilterExpression": "attribute_exists(orderId)"}`, 1)
		result, err := e.runExport()
		if err != nil {
			t.Fatal(err)
		}
		wantFull(t, result, "the chain begins here: no earlier run with the same table, prefix, filter,")
	})
	if slices.ContainsFunc(c.tables.Exports(), func(e exports.Export) bool { return e.Status != "COMPLETED" }) {
		t.Error("some exports have not completed")
	}
}

// A later execution with the name of an earlier one exports what follows. The journal names the earlier one's exports, which are not its own.
func TestChainIsNotEndedByANameThatIsUsedAgain(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	end := wantFull(t, c.run(), "begins here")
	c.write()
	c.tables.Advance(25 * time.Hour) // the prefix has the date, so the run has another folder and claim
	c.runs = 0
	wantWindows(t, c.run(), end, 24*time.Hour, time.Hour)
}

// Runs at the same moment decide nothing twice, start nothing twice and commit nothing twice.
func TestChainOfRunsAtOnce(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	end := wantFull(t, c.run(), "begins here")
	c.write()
	c.tables.Advance(49 * time.Hour)
	results := make([]run.Result, 5)
	var group errgroup.Group
	for i := range results {
		e := c.next()
		group.Go(func() (err error) {
			for {
				results[i], err = e.runExport()
				if named, ok := errors.AsType[messages.InvokeResponse_Error](err); !ok || named.Type != string(failure.JournalContended) {
					return err
				} // otherwise as Retry in the state machine
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var windows run.Result
	for _, result := range results {
		windows.Exports = append(windows.Exports, result.Exports...)
		if len(result.Exports) == 0 && result.Reason == "" {
			t.Errorf("%s says nothing", result.RunID)
		}
	}
	slices.SortFunc(windows.Exports, func(a, b run.ExportedWindow) int { return a.From.Compare(*b.From) })
	wantWindows(t, windows, end, 24*time.Hour, 24*time.Hour, time.Hour)
	if n := len(c.tables.Exports()); n != 4 {
		t.Errorf("%d exports were made, want 4", n)
	}
}
