package prune_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/prune"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/glue"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"golang.org/x/sync/errgroup"
)

// A prune hides runs at once: no reader finds them. Their objects go with a prune that begins an hour later.
func TestRunsAreHiddenFirstAndRemovedLater(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(5)
	out := l.prune(runs[4], run.Retention{KeepRuns: 2})
	if out.Hidden != 3 || out.Count != 0 || out.Kept != 2 || len(out.Runs) != 3 || !out.Runs[0].Hidden || out.Runs[0].RunID != "run-0101" {
		t.Errorf("got %+v", out)
	}
	if got := l.partitions(); !slices.Equal(got, []string{"run-0104", "run-0105"}) {
		t.Errorf("the history has %v", got)
	}
	if got := l.committed(); !slices.Equal(got, []string{"run-0104", "run-0105"}) {
		t.Errorf("%v are committed", got)
	}
	for _, p := range runs {
		if n := len(l.keys(p.Final().DataPrefix())); n != files {
			t.Errorf("%s has %d data objects, and readers may be at work", p.RunID, n)
		}
	}
	l.now = l.now.Add(prune.Grace - time.Second)
	if out := l.prune(runs[4], run.Retention{KeepRuns: 2}); out.Hidden != 3 || out.Count != 0 || len(out.Runs) != 0 {
		t.Errorf("a second before the hour is over: %+v", out)
	}
	l.now = l.now.Add(time.Second)
	out = l.prune(runs[4], run.Retention{KeepRuns: 2})
	if out.Hidden != 0 || out.Count != 3 || out.Objects != 3*files || out.Bytes != 3*12 || out.Kept != 2 || out.Foreign != nil || out.More ||
		out.Runs[0].Manifest != "s3://"+l.name+"/raw/orders/AWSDynamoDB/run-0101/manifest-summary.json" || out.Runs[0].Hidden {
		t.Errorf("got %+v", out)
	}
	l.want(runs[3:]...)
	for _, p := range runs[:3] {
		if !strings.Contains(l.log.String(), `"msg":"a run is removed","runId":"run-0105","table":"orders","run":"`+p.RunID) {
			t.Errorf("the log does not name %s", p.RunID)
		}
	}
	if out := l.prune(runs[4], run.Retention{KeepRuns: 2}); out.Count+out.Hidden != 0 || out.Kept != 2 {
		t.Errorf("a repeated prune did something: %+v", out)
	}
}

func TestWhatStays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		retention run.Retention
		change    func(l *lake, runs []run.Plan)
		want      []int // of six days
	}{
		"a number":                    {run.Retention{KeepRuns: 3}, nil, []int{3, 4, 5}},
		"days":                        {run.Retention{KeepDays: 2}, nil, []int{4, 5}},
		"either":                      {run.Retention{KeepRuns: 1, KeepDays: 2}, nil, []int{4, 5}},
		"no number and no days":       {run.Retention{}, nil, []int{0, 1, 2, 3, 4, 5}},
		"more than there are":         {run.Retention{KeepRuns: 100}, nil, []int{0, 1, 2, 3, 4, 5}},
		"a number for the dry run":    {run.Retention{KeepRuns: 1, DryRun: true}, nil, []int{0, 1, 2, 3, 4, 5}},
		"never the newest one":        {run.Retention{KeepDays: 1}, func(l *lake, _ []run.Plan) { l.now = l.now.AddDate(1, 0, 0) }, []int{5}},
		"the table of the newest run": {run.Retention{KeepRuns: 1}, func(l *lake, runs []run.Plan) { l.pointAt(runs[2]) }, []int{2, 3, 4, 5}},
		"another program's table":     {run.Retention{KeepRuns: 1}, func(l *lake, runs []run.Plan) { l.point("s3://"+l.name+"/"+runs[2].Root+"/data/", nil) }, []int{2, 5}},
		"another source's table":      {run.Retention{KeepRuns: 1}, func(l *lake, _ []run.Plan) { l.point("s3://elsewhere/", map[string]string{"ddb2s3.source": "x"}) }, []int{5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			runs := l.days(6)
			l.now = l.now.Add(-12 * time.Hour)
			if test.change != nil {
				test.change(l, runs)
			}
			l.gone(runs[5], test.retention)
			var want []run.Plan
			for _, i := range test.want {
				want = append(want, runs[i])
			}
			l.want(want...)
		})
	}
}

// An old run that is redriven does not remove itself, and knows which runs are newer.
func TestAnOldRunThatIsRedriven(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(4)
	l.gone(runs[0], run.Retention{KeepRuns: 2})
	l.want(runs[0], runs[2], runs[3])
}

// Everything that is not a committed run of the same table below the same prefix stays as it is.
func TestWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.catalog = false
	runs := l.days(3)
	old := start.Add(-100 * 24 * time.Hour)
	variant := func(id string, change func(*run.Plan)) run.Plan {
		p := l.plan(id)
		p.StartTime = old
		change(&p)
		return p
	}
	now := l.now
	l.now = old
	l.commit(variant("another-table", func(p *run.Plan) { p.TableARN += "2" }))
	l.commit(variant("another-prefix", func(p *run.Plan) { p.Root = "raw/orders2/AWSDynamoDB/" + p.RunID }))
	l.commit(variant("below", func(p *run.Plan) { p.Root = "raw/orders/more/AWSDynamoDB/" + p.RunID }))
	l.put("raw/orders/AWSDynamoDB/00000000000001-0a1b2c3d/manifest-summary.json", `{"tableArn": "`+tableARN+`"}`) // somebody's native export
	atWork := variant("at-work", func(*run.Plan) {})
	l.stored(atWork)
	abandoned := variant("abandoned", func(*run.Plan) {}) // the command clean was interrupted
	l.stored(abandoned)
	marked, err := ledger.LoadAnyClaim(t.Context(), l.bucket, abandoned.Final())
	l.must(err)
	l.must(marked.Remove(t.Context(), ledger.Removal{Since: old, AsOf: old, Abandoned: true}))
	if err := ledger.CheckClaim(t.Context(), l.bucket, abandoned); failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), "ddb2s3 clean has begun to remove it") {
		t.Errorf("got %v", err)
	}
	copied := l.commit(variant("copied", func(*run.Plan) {})) // its claim was copied from another folder
	l.put(copied.Final().Claim(), string(run.Marshal(ledger.Claim{Version: run.Version, Output: run.PlanOutput{Plan: runs[0]}})))
	unclaimed := l.commit(variant("unclaimed", func(*run.Plan) {}))
	l.must(l.bucket.Delete(t.Context(), []string{unclaimed.Final().Claim()}))
	foreign := l.commit(variant("foreign", func(*run.Plan) {})) // another program's summary
	l.put(foreign.Final().ManifestSummary(), strings.Replace(string(l.get(foreign.Final().ManifestSummary())), "dynamodb-to-s3 ", "dynamodb-to-s4 ", 1))
	again := l.commit(variant("again", func(*run.Plan) {})) // the summary of an earlier run of the same name
	l.put(again.Final().Claim(), strings.Replace(string(l.get(again.Final().Claim())), old.Format(time.RFC3339), old.Add(time.Hour).Format(time.RFC3339), 2))
	l.now = now
	l.put("raw/orders/AWSDynamoDB/_chains/orders-0.json", "{}")
	before := l.keys("")
	l.gone(runs[2], run.Retention{KeepRuns: 3})
	if after := l.keys(""); !slices.Equal(before, after) {
		t.Errorf("%d objects were there, and %d are:\n%v", len(before), len(after), l.committed())
	}
}

// What somebody else has put into the folder of a run stays, and is counted.
func TestForeignNamesStay(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	foreign := []string{"_segments/notes.txt", "data/000000-000000-ffffffff.json.gz", "data/_SUCCESS", "readme.md"}
	for _, name := range foreign {
		l.put(runs[0].Root+"/"+name, "x")
	}
	l.put(runs[0].Root+"/_staging/data/1", "x") // of the first pass
	out := l.gone(runs[1], run.Retention{KeepRuns: 1})
	if out.Foreign == nil || out.Foreign.Count != 4 || out.Foreign.Keys[0] != runs[0].Root+"/"+foreign[0] {
		t.Errorf("got %+v", out.Foreign)
	}
	var want []string
	for _, name := range foreign {
		want = append(want, runs[0].Root+"/"+name)
	}
	if got := l.keys(runs[0].Root + "/"); !slices.Equal(got, want) {
		t.Errorf("left are %v", got)
	}
}

// A manifest that names objects elsewhere makes prune remove nothing there.
func TestManifestOfAnotherFolder(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	l.put(runs[0].Final().ManifestFiles(), string(l.get(runs[1].Final().ManifestFiles())))
	l.gone(runs[1], run.Retention{KeepRuns: 1})
	if n := len(l.keys(runs[1].Final().DataPrefix())); n != files {
		t.Errorf("the kept run has %d data objects", n)
	}
}

// The function can die at every write. A later prune does the rest.
func TestDeathAfterEachWrite(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		for writes := 0; ; writes++ {
			l := newLake(t)
			runs := l.days(3)
			_, config := testservers.Configs()
			client := &dying{HTTPClient: config.HTTPClient, lost: lost}
			client.left.Store(int64(writes))
			retention := run.Retention{KeepRuns: 1}
			_, err := l.step(client).Run(t.Context(), l.input(runs[2], retention))
			if err == nil {
				l.now = l.now.Add(prune.Grace)
				_, err = l.step(client).Run(t.Context(), l.input(runs[2], retention))
			}
			if err == nil {
				if writes < 8 {
					t.Errorf("there were %d writes only", writes)
				}
				break
			}
			for _, p := range runs[:2] { // a reader that finds a summary, or a partition, finds a whole run
				if shown := slices.Contains(l.committed(), p.RunID) || slices.Contains(l.partitions(), p.RunID); shown && len(l.keys(p.Final().DataPrefix())) < files {
					t.Errorf("after %d writes (lost: %t), %s is shown and not whole", writes, lost, p.RunID)
				}
			}
			l.now = l.now.Add(prune.Grace)
			l.gone(runs[2], retention)
			l.want(runs[2])
		}
	}
}

func TestTwoPrunesAtTheSameTime(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(6)
	for range 2 { // to hide, and to remove
		var both errgroup.Group
		for range 3 {
			both.Go(func() error {
				step := l.step(nil)
				step.Log = silent()
				_, err := step.Run(t.Context(), l.input(runs[5], run.Retention{KeepRuns: 2}))
				return err
			})
		}
		l.must(both.Wait())
		l.now = l.now.Add(prune.Grace)
	}
	l.want(runs[4:]...)
}

// Once prune has begun with a run, no execution continues it or commits it again.
func TestNobodyContinuesARunThatGoes(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	l.prune(runs[1], run.Retention{KeepRuns: 1})
	if err := ledger.CheckClaim(t.Context(), l.bucket, runs[0]); failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), "the retention has removed it at 2026-01-03T05:00:00Z") {
		t.Errorf("got %v", err)
	}
	l.now = l.now.Add(prune.Grace)
	l.prune(runs[1], run.Retention{KeepRuns: 1})
	if err := ledger.CheckClaim(t.Context(), l.bucket, runs[0]); failure.NameOf(err) != failure.RunNameTaken {
		t.Errorf("got %v", err)
	}
	l.claim(runs[0]) // the name is free again
}

// An execution that takes a run over between prune's look and its mark keeps the run.
func TestClaimThatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	var once sync.Once
	_, config := testservers.Configs()
	client := before(config.HTTPClient, func(path string) bool { return strings.HasSuffix(path, runs[0].Final().ManifestSummary()) }, func() {
		once.Do(func() {
			claim, err := ledger.LoadClaim(t.Context(), l.bucket, runs[0].Final())
			l.must(err)
			own := claim
			own.ExecutionID = "another"
			l.must(claim.Replace(t.Context(), own))
		})
	})
	out, err := l.step(client).Run(t.Context(), l.input(runs[1], run.Retention{KeepRuns: 1}))
	if l.must(err); out.Hidden != 0 {
		t.Errorf("got %+v", out)
	}
	l.want(runs...)
}

// A step Catalog that was at work while prune hid the run can leave a partition. The objects stay until nobody reads it.
func TestRunThatIsShownAgain(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	runs := l.days(2)
	summary := l.get(runs[0].Final().ManifestSummary())
	l.prune(runs[1], run.Retention{KeepRuns: 1})
	l.put(runs[0].Final().ManifestSummary(), string(summary))
	l.show(runs[0])
	l.must(l.bucket.Delete(t.Context(), []string{runs[0].Final().ManifestSummary()}))
	l.now = l.now.Add(prune.Grace)
	if out := l.prune(runs[1], run.Retention{KeepRuns: 1}); out.Count != 0 || out.Hidden != 1 {
		t.Errorf("got %+v", out)
	}
	if got := l.partitions(); len(got) != 1 || len(l.keys(runs[0].Final().DataPrefix())) != files {
		t.Errorf("the history has %v", got)
	}
	l.now = l.now.Add(prune.Grace)
	l.prune(runs[1], run.Retention{KeepRuns: 1})
	l.want(runs[1])
}

func TestFailuresAreNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		operation string
		refusal   error
		want      failure.Name
	}{
		{"GetTables", &types.AccessDeniedException{Message: aws.String("no")}, failure.PruneFailed},
		{"DeletePartition", glue.LakeFormationDenial("Delete", "orders_history"), failure.LakeFormationDenied},
		{"GetPartition", glue.Throttle(), failure.Throttled},
	} {
		l := newLake(t)
		runs := l.days(2)
		l.server.Refuse(test.operation, test.refusal, 1)
		_, err := l.step(nil).Run(t.Context(), l.input(runs[1], run.Retention{KeepRuns: 1}))
		if failure.NameOf(err) != test.want {
			t.Errorf("%s: got %s: %v", test.operation, failure.NameOf(err), err)
		}
		l.gone(runs[1], run.Retention{KeepRuns: 1})
		l.want(runs[1])
	}
}
