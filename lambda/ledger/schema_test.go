package ledger_test

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// Two invocations can decide the columns at the same time, and the last schema can change between them. Both must answer with the schema of the first one.
func TestSchemaIsDecidedOnce(t *testing.T) {
	t.Parallel()
	plan := run.Plan{RunID: "r", Table: "orders", Bucket: testservers.Bucket(t), Root: "AWSDynamoDB/r", Parquet: &run.ParquetPlan{}}
	in := bucket.New(testservers.S3(), plan)
	var digests []string
	for _, last := range []string{"before", "after"} {
		own := run.Schema{RunID: "r", Table: "orders", Columns: json.RawMessage(`[]`), Last: last, Segments: 1}
		got, digest, err := ledger.CreateSchema(t.Context(), in, plan, own)
		if err != nil || got.Last != "before" {
			t.Errorf("got the schema with the last run %q, %v", got.Last, err)
		}
		digests = append(digests, digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("the digests are %v", digests)
	}
}
