package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"
)

// Each segment that ends shows in the next look, with the items of its list.
func TestFollowAScan(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 300)
	s.settled = func(scanned int) { // a segment can begin before the end of the last one is counted
		for scanned > 0 && s.segmentsDone(t, "night-1") < int64(scanned) {
			runtime.Gosched()
		}
	}
	ended, looks, err := s.follow(t, "night-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "concurrency": 1}`, table, s.Bucket))
	var result run.Result
	if err != nil || ended.Status != execution.Succeeded || json.Unmarshal(ended.Output, &result) != nil || result.Items != 300 {
		t.Fatalf("got %+v, %v", ended, err)
	}
	checkPhases(t, looks, Planning, Scanning, Finalizing, Catalog)
	done, items := int64(0), int64(0)
	for _, look := range looks {
		if look.Name != "night-1" || look.Problem != "" || look.Start.IsZero() {
			t.Errorf("got %+v", look)
		}
		if look.Phase != Scanning {
			continue
		}
		if look.Table != table || look.Segments == nil || look.Segments.Total != 3 || look.Segments.Done < done {
			t.Fatalf("after %d segments: got %+v, %+v", done, look, look.Segments)
		}
		done = look.Segments.Done
		if look.Read != nil {
			if look.Read.Scanned < items || look.Read.Lists < int(done) || look.Read.PageBytes == 0 || look.Read.ReadUnits == 0 {
				t.Errorf("got %+v", look.Read)
			}
			items = look.Read.Scanned
		}
	}
	last := looks[len(looks)-1]
	if done < 2 || last.Status != execution.Succeeded || last.Read == nil || last.Read.Scanned != 300 || last.Read.Behind {
		t.Errorf("%d segments were seen, and the last look is %+v, %+v", done, last, last.Read)
	}
}

// segmentsDone returns how many segments of an execution Step Functions counts as done.
func (s *stepped) segmentsDone(t *testing.T, name string) int64 {
	t.Helper()
	arn := strings.Replace(s.StateMachineARN, ":stateMachine:", ":execution:", 1) + ":" + name
	runs, err := s.ListMapRuns(t.Context(), &sfn.ListMapRunsInput{ExecutionArn: &arn})
	if err != nil || len(runs.MapRuns) == 0 {
		t.Fatalf("got %+v, %v", runs, err)
	}
	run, err := s.DescribeMapRun(t.Context(), &sfn.DescribeMapRunInput{MapRunArn: runs.MapRuns[0].MapRunArn})
	if err != nil {
		t.Fatal(err)
	}
	return run.ItemCounts.Succeeded
}

func TestFollowARunInParquet(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 100)
	ended, looks, err := s.follow(t, "columns", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "format": "PARQUET"}`, table, s.Bucket))
	if err != nil || ended.Status != execution.Succeeded {
		t.Fatalf("got %+v, %v", ended, err)
	}
	checkPhases(t, looks, Planning, Scanning, Finalizing, Learning, Converting, Finalizing, Catalog)
	last := looks[len(looks)-1]
	if last.Read == nil || last.Read.Scanned != 100 || last.Read.ReadUnits != 0 {
		t.Errorf("got %+v", last.Read)
	}
}

func TestFollowAnExport(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 50)
	server := testservers.StartExports(t, exports.Options{})
	s := start(t, testdeployment.Options{Source: server.AWS()})
	ended, looks, err := s.follow(t, "export-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "mode": "EXPORT", "format": "PARQUET"}`, table, s.Bucket))
	if err != nil || ended.Status != execution.Succeeded {
		t.Fatalf("got %+v, %v", ended, err)
	}
	checkPhases(t, looks, Planning, Exporting, Finalizing, Learning, Converting, Finalizing, Catalog)
	exported := false
	for _, look := range looks {
		if len(look.Exports) > 0 {
			exported = look.Phase == Exporting && strings.Contains(look.Exports[0].ExportARN, table) && look.Exports[0].ExportStatus != ""
		}
	}
	if !exported {
		t.Errorf("no look shows the export: %+v", looks)
	}
}

// The error and the cause are those of the child that failed. The run can be followed again after its end.
func TestFollowAFailure(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 100)
	s.paused = func(number int) bool {
		if number == 3 { // plan and the first segment have passed
			if _, err := testservers.DynamoDB().DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
				t.Error(err)
			}
		}
		return true
	}
	ended, looks, err := s.follow(t, "failing", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "concurrency": 1}`, table, s.Bucket))
	if err != nil || ended.Status != execution.Failed || ended.Error != "TableNotFound" || !strings.Contains(ended.Cause, table) {
		t.Fatalf("got %+v, %v", ended, err)
	}
	last := looks[len(looks)-1]
	if last.Phase != Scanning || last.Segments == nil || last.Segments.Done != 1 || last.Segments.Failed == 0 {
		t.Errorf("the last look is %+v, %+v", last, last.Segments)
	}
	again, looks, err := s.watch(t, t.Context(), "failing")
	if err != nil || again.Error != ended.Error || len(looks) != 1 || !cmp.Equal(looks[0].Segments, last.Segments) {
		t.Errorf("after the end: got %+v, %+v, %v", again, looks, err)
	}
}

func TestFollowARunThatIsStopped(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 100)
	s.paused = func(number int) bool {
		if number != 3 {
			return true
		}
		arn, err := s.deployment.ARN("stopped")
		if err == nil {
			_, err = s.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn})
		}
		if err != nil {
			t.Error(err)
		}
		return false
	}
	ended, looks, err := s.follow(t, "stopped", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "concurrency": 1}`, table, s.Bucket))
	if last := looks[len(looks)-1]; err != nil || ended.Status != execution.Aborted || last.Status != execution.Aborted || last.Phase != Scanning {
		t.Errorf("got %+v, %+v, %v", ended, last, err)
	}
}

// A lost network and throttled calls are shown and do not end it.
func TestFollowThroughFaults(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 100)
	s.paused = func(number int) bool {
		switch number {
		case 2:
			s.network.set(func(string) (*http.Response, error) { return nil, errLost })
		case 4:
			s.network.set(func(target string) (*http.Response, error) {
				if target == "DescribeMapRun" {
					return refused("ThrottlingException"), nil
				}
				return nil, nil //nolint:nilnil // no fault
			})
		case 6:
			s.network.set(nil)
		}
		return number < 3 || number > 5
	}
	ended, looks, err := s.follow(t, "faults", fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 6, "concurrency": 1}`, table, s.Bucket))
	if err != nil || ended.Status != execution.Succeeded {
		t.Fatalf("got %+v, %v", ended, err)
	}
	var problems []string
	for _, look := range looks {
		if look.Problem != "" {
			_, rest, _ := strings.Cut(look.Problem, " UTC ")
			name, _, _ := strings.Cut(rest, ":")
			problems = append(problems, name)
			if look.Status != execution.Running || !strings.HasPrefix(look.Problem, "no news since ") {
				t.Errorf("got %+v", look)
			}
		}
	}
	if want := []string{"(EndpointUnreachable)", "(EndpointUnreachable)", "(Throttled)", "(Throttled)"}; !cmp.Equal(problems, want) {
		t.Errorf("got %v, want %v", problems, want)
	}
}

// What cannot get better ends it, with a name.
func TestFollowEndsAtFaultsThatStay(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 10)
	if _, _, err := s.watch(t, t.Context(), "unknown"); err == nil || !strings.Contains(err.Error(), "there is no execution ") {
		t.Errorf("an execution that does not exist: %v", err)
	}
	s.paused = func(int) bool {
		s.network.set(func(string) (*http.Response, error) { return refused("AccessDeniedException"), nil })
		return false
	}
	request := fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, s.Bucket)
	if _, _, err := s.follow(t, "denied", request); failure.NameOf(err) != failure.AccessDenied || !strings.Contains(err.Error(), "states:DescribeExecution") {
		t.Errorf("got %v", err)
	}
}

func TestFollowCanBeInterrupted(t *testing.T) {
	t.Parallel()
	s, table := start(t, testdeployment.Options{}), testservers.Orders(t, 10)
	s.Run(t, "interrupted", fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, s.Bucket))
	ctx, cancel := context.WithCancel(t.Context())
	s.paused = func(int) bool {
		cancel()
		return false
	}
	ended, looks, err := s.watch(t, ctx, "interrupted")
	if !errors.Is(err, context.Canceled) || ended.Status != execution.Running || len(looks) != 1 {
		t.Errorf("got %+v, %d looks, %v", ended, len(looks), err)
	}
}
