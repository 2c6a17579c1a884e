package main

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/local/testservers"
)

// After a transform, --verify only counts, and says so.
func TestRunVerifiesTheCountsOfATransform(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 500), testservers.Bucket(t)
	o := runProgram(t, "--name", "first", "--verify", "--input", requestFile(t, fmt.Sprintf(
		`{"table": %q, "bucket": %q, "segments": 2, "transform": "(.orderId, .status) | {of: .}"}`, table, bucket)))
	if o.code != 0 || o.result.Items != 500 || o.result.Records != 1000 {
		t.Fatalf("exit %d, %+v, %+v\n%s", o.code, o.result, o.failed, o.stderr)
	}
	for _, words := range []string{
		"the run has read the whole table, 500 items. The ", "1,000 records", "The content of the records is not compared", "500 items became 1,000 records in 2 objects",
	} {
		if !strings.Contains(o.stderr, words) {
			t.Errorf("standard error has no %q:\n%s", words, o.stderr)
		}
	}
}
