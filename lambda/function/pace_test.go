package function_test

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// A paced run takes as long as its pace asks for, replicates the same items, logs its waits, and leaves no markers.
func TestPacedRun(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 2*many), testservers.Bucket(t)
	var log bytes.Buffer
	begun := time.Now()
	result, err := execution{
		t: t, name: "run-1", log: &log,
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "readUnitsPerSecond": 60}`, table, bucket),
	}.run()
	if err != nil {
		t.Fatal(err)
	}
	holdsItems(t, bucket, result, 2*many)
	if took, least := time.Since(begun).Seconds(), result.ReadUnits/60; took < least || result.ReadUnits == 0 {
		t.Errorf("%g units were read in %.1f s, the pace is 60 a second", result.ReadUnits, took)
	}
	if said := regexp.MustCompile(`"throttles":0,"pace":[0-9]+,"waited":"[0-9.]+m?s"`).FindAll(log.Bytes(), -1); len(said) != 3 {
		t.Errorf("the log has a pace %d times in\n%s", len(said), log.String())
	}
	if keys := testservers.Keys(t, bucket, run.Layout{Root: result.Root}.PaceMarkers()); len(keys) > 0 {
		t.Errorf("%v are left", keys)
	}
}
