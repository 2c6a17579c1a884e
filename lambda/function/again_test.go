package function_test

import (
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// spoiled lets an execution make its exports, removes the manifests of the given ones, and finalizes. It returns how to restore them.
func (c *chain) spoiled(e execution, made int, spoil ...int) (finalize func() error, restore func()) {
	c.t.Helper()
	before := len(c.tables.Exports())
	planned, err := e.plan()
	if err != nil {
		c.t.Fatal(err)
	}
	if planned.Export, err = e.export(planned); err != nil {
		c.t.Fatal(err)
	}
	c.wantMade(before + made)
	objects := map[string]string{}
	for _, i := range spoil {
		key := c.tables.Exports()[before+i].Manifest
		objects[key] = get(c.t, c.bucket, key)
		remove(c.t, c.bucket, key)
	}
	restore = func() {
		for key, body := range objects {
			put(c.t, c.bucket, key, body)
		}
	}
	return func() error {
		_, err := call[run.FinalizeOutput](e, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan, Export: planned.Export})
		return err
	}, restore
}

func (c *chain) wantMade(exports int) {
	c.t.Helper()
	if n := len(c.tables.Exports()); n != exports {
		c.t.Fatalf("%d exports were made, want %d", n, exports)
	}
}

// wantAgain fails the test unless the result has windows of these lengths that follow end, and those at again were made twice.
func wantAgain(t *testing.T, result run.Result, end time.Time, again []int, lengths ...time.Duration) {
	t.Helper()
	for _, i := range again {
		if i >= len(result.Exports) || !strings.HasPrefix(result.Exports[i].Reason, "made again, because export arn:") || !strings.Contains(result.Exports[i].Reason, "manifest-summary.json is missing") {
			t.Fatalf("got %+v, want number %d made again", result.Exports, i)
		}
		result.Exports[i].Reason = ""
	}
	wantWindows(t, result, end, lengths...)
}

const restoreIt = "restore them and redrive this execution. Otherwise the next run of the chain makes the export again, once, and DynamoDB bills for it again"

// The run that made the exports fails, so that people can restore the objects. The next run makes again only what is not whole.
func TestNextRunMakesAgainWhatIsNotWhole(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	end := wantFull(t, c.run(), "begins here")
	c.write()
	c.tables.Advance(50 * time.Hour)
	first := c.next()
	finalize, _ := c.spoiled(first, 3, 0, 2)
	wantName(t, finalize(), failure.ExportIncomplete, "nothing was committed, because export arn:", "manifest-summary.json is missing", restoreIt)
	first.redrives = 1
	_, err := first.runExport()
	wantName(t, err, failure.ExportIncomplete, restoreIt)
	c.wantMade(4)
	c.tables.Advance(time.Hour)
	c.write()
	result := c.run()
	wantAgain(t, result, end, []int{0, 2}, 24*time.Hour, 24*time.Hour, 2*time.Hour, time.Hour)
	c.wantMade(7)
	c.tables.Advance(time.Hour)
	wantWindows(t, c.run(), end.Add(51*time.Hour), time.Hour)
	c.replays()
}

func TestRestoredExportIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	for _, redriven := range []bool{true, false} {
		c := newChain(t)
		end := wantFull(t, c.run(), "begins here")
		c.tables.Advance(time.Hour)
		e := c.next()
		finalize, restore := c.spoiled(e, 1, 0)
		wantName(t, finalize(), failure.ExportIncomplete, restoreIt)
		restore()
		if !redriven {
			e = c.next()
		}
		result, err := e.runExport()
		if err != nil {
			t.Fatal(err)
		}
		wantWindows(t, result, end, time.Hour)
		c.wantMade(2)
	}
}

// Something removes the objects of each export. The chain pays twice, and then waits for people.
func TestExportIsMadeAgainOnce(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	finalize, _ := c.spoiled(c.next(), 1, 0)
	wantName(t, finalize(), failure.ExportIncomplete, restoreIt)
	second := c.next()
	finalize, _ = c.spoiled(second, 0)
	if err := finalize(); err != nil { // it asks for more
		t.Fatal(err)
	}
	finalize, restore := c.spoiled(second, 1, 0)
	const words = "find that program, because an earlier attempt was not whole either (export arn:"
	wantName(t, finalize(), failure.ExportIncomplete, words, "/AWSDynamoDB/_chains/"+c.table+"-", " to begin again with a full export")
	for range 2 {
		_, err := c.next().runExport()
		wantName(t, err, failure.ExportIncomplete, words)
	}
	c.wantMade(2)
	restore()
	wantFull(t, c.run(), "the chain begins here: no earlier run with the same table, prefix, filter, format, view type, encryption and bucket owner has committed an export; made again, because export arn:")
	c.wantMade(2)
}

// The recovery of the table no longer reaches back to a window that is not whole, or to one that DynamoDB has forgotten.
func TestWindowThatIsTooOldToMakeAgainIsReplacedByAFullExport(t *testing.T) {
	t.Parallel()
	t.Run("not whole", func(t *testing.T) {
		t.Parallel()
		c := newChain(t)
		wantFull(t, c.run(), "begins here")
		c.tables.Advance(time.Hour)
		finalize, _ := c.spoiled(c.next(), 1, 0)
		wantName(t, finalize(), failure.ExportIncomplete, restoreIt)
		c.tables.Advance(40 * 24 * time.Hour)
		wantFull(t, c.run(), "the run is too late")
	})
	t.Run("whole and forgotten", func(t *testing.T) { // DynamoDB is not asked again
		t.Parallel()
		c := newChain(t)
		end := wantFull(t, c.run(), "begins here")
		c.tables.Advance(time.Hour)
		c.spoiled(c.next(), 1)
		c.tables.Advance(91 * 24 * time.Hour)
		result := c.run()
		if len(result.Exports) != 2 {
			t.Fatalf("got %+v, want the window and a full export", result.Exports)
		}
		window := result
		window.Exports, result.Exports = result.Exports[:1], result.Exports[1:]
		wantWindows(t, window, end, time.Hour)
		wantFull(t, result, "the run is too late")
	})
	t.Run("forgotten", func(t *testing.T) {
		t.Parallel()
		c := newChain(t)
		end := wantFull(t, c.run(), "begins here")
		c.tables.Advance(time.Hour)
		c.tables.Hold()
		c.next().begin()
		c.tables.Advance(89 * 24 * time.Hour)
		c.tables.Refuse("DescribeExport", "ThrottlingException", "no luck", 1)
		_, err := c.next().runExport()
		wantName(t, err, failure.Throttled) // it still asks for the export
		c.tables.Advance(2 * 24 * time.Hour)
		c.tables.Finish()
		if at := wantFull(t, c.run(), "the run is too late"); !at.After(end.Add(90 * 24 * time.Hour)) {
			t.Errorf("the full export is of %s", at)
		}
	})
}

// A run that only followed an export fails too, before another run makes it again.
func TestFollowedExportThatIsNotWholeIsNotMadeAgainAtOnce(t *testing.T) {
	t.Parallel()
	c := newChain(t)
	c.tables.Hold()
	e := c.next()
	e.begin()
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	change(t, c.bucket, planned.Plan.Journal(), func(members map[string]any) { // as if another program had started it
		pending := members["pending"].([]any)[0].(map[string]any)
		pending["exportArn"], pending["attempt"], pending["execution"] = "", 1, ""
	})
	e.begin()
	c.tables.Finish()
	finalize, _ := c.spoiled(e, 0)
	remove(t, c.bucket, c.tables.Exports()[0].Manifest)
	wantName(t, finalize(), failure.ExportIncomplete, restoreIt)
	wantFull(t, c.run(), "made again, because export")
	c.wantMade(2)
}
