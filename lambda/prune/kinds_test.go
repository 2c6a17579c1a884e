package prune_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Runs of an index, however many, do not push a copy of the whole table out. Values of a filter make no kind of their own.
func TestRunsOfEachKindStay(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	whole := l.days(2)
	var index, filtered run.Plan
	for _, id := range []string{"a", "b", "c"} {
		index = l.plan("index-" + id)
		index.Scan.Request.IndexName = "byDay"
		l.commit(index)
		filtered = l.plan("filtered-" + id)
		filtered.Scan.Request = request.Scan{FilterExpression: "d = :d", ExpressionAttributeValues: map[string]request.AttributeValue{":d": []byte(`{"S": "` + id + `"}`)}}
		l.commit(filtered)
		l.now = l.now.AddDate(0, 0, 1)
	}
	l.gone(index, run.Retention{KeepRuns: 1})
	l.want(filtered, index, whole[1])
}

// Newer scans of the same format do not take the place of the full export with which a chain begins.
func TestBaseOfAChainStaysBesideNewerScans(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	l.export("run-0", false, l.window(0, request.ExportFull))
	l.now = l.now.AddDate(0, 0, 1)
	l.export("run-1", false, l.window(1, request.ExportIncremental))
	scans := l.days(2)
	l.gone(scans[1], run.Retention{KeepRuns: 1})
	if got := l.exports(); !slices.Contains(got, "run-0") || !slices.Contains(got, "run-1") || !slices.Contains(got, "0") {
		t.Errorf("%v are left", got)
	}
}

// Runs of a chain that had nothing to export do not take the place of a copy of the table.
func TestRunThatExportedNothingIsNoCopy(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	scans := l.days(2)
	var last run.Plan
	for _, id := range []string{"nothing-1", "nothing-2"} {
		last = l.export(id, false)
		l.now = l.now.AddDate(0, 0, 1)
	}
	l.gone(last, run.Retention{KeepRuns: 1})
	if keys := l.keys(scans[1].Root + "/data/"); len(keys) == 0 {
		t.Error("the newest copy of the table is gone")
	}
	if keys := l.keys(scans[0].Root + "/data/"); len(keys) > 0 {
		t.Errorf("%v are left of the copy before", keys)
	}
}

// When the time of the invocation is over, the answer says that more is left.
func TestTimeIsOver(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := l.step(nil).Run(ctx, l.input(runs[1], run.Retention{KeepRuns: 1})); err == nil {
		t.Error("there was no time, and no error")
	}
	l.want(runs...)
}

// However old the runs are, the newest one stays, also if the prune of an older one is redriven.
func TestTheNewestRunAlwaysStays(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	runs := l.days(4)
	l.now = l.now.AddDate(1, 0, 0)
	l.gone(runs[0], run.Retention{KeepDays: 1})
	l.want(runs[0], runs[3])
}

// A run that was committed less than an hour ago stays, although newer ones were committed before: its own execution may still show it.
func TestARunThatHasJustBeenCommittedStays(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(3)
	slow := l.plan("slow")
	slow.StartTime = start.Add(time.Hour) // older than all but one
	slow = l.commit(slow)
	l.now = l.now.Add(30 * time.Minute)
	if out := l.prune(runs[2], run.Retention{KeepRuns: 1}); out.Hidden != 2 || !slices.Contains(l.committed(), "slow") {
		t.Errorf("got %+v", out)
	}
	l.now = l.now.Add(2 * time.Hour)
	if out := l.prune(runs[2], run.Retention{KeepRuns: 1}); out.Hidden != 1 || slices.Contains(l.committed(), "slow") {
		t.Errorf("two hours later: %+v", out)
	}
}

// A partition with the values of a run that is at another place stays.
func TestPartitionOfAnotherPlaceStays(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	values := []string{run.PartitionTime(runs[0].StartTime), runs[0].RunID}
	_, err := l.glue.UpdatePartition(t.Context(), &service.UpdatePartitionInput{
		DatabaseName: aws.String(database), TableName: aws.String("orders_history"), PartitionValueList: values,
		PartitionInput: &types.PartitionInput{Values: values, StorageDescriptor: &types.StorageDescriptor{Location: aws.String("s3://elsewhere/")}},
	})
	l.must(err)
	l.prune(runs[1], run.Retention{KeepRuns: 1})
	if got := l.partitions(); len(got) != 2 {
		t.Errorf("the history has %v", got)
	}
}
