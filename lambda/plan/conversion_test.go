package plan_test

import (
	"fmt"
	"testing"

	"dynamodb-to-s3/local/testservers"
)

// As many functions convert at the same time as the request allows to scan. What a table can give does not limit a conversion, which reads S3.
func TestConcurrencyOfAConversion(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1), testservers.Bucket(t)
	for i, test := range []struct {
		fields string
		want   int
	}{{``, 100}, {`, "segments": 2`, 100}, {`, "readUnitsPerSecond": 500`, 100}, {`, "concurrency": 1`, 1}, {`, "segments": 8, "concurrency": 900`, 900}} {
		out, err := planRun(t, fmt.Sprint("run-", i), fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "PARQUET"%s}`, table, bucket, test.fields))
		if err != nil {
			t.Fatal(err)
		}
		if out.Plan.Parquet.Concurrency != test.want {
			t.Errorf("%s: got %d, want %d", test.fields, out.Plan.Parquet.Concurrency, test.want)
		}
	}
}
