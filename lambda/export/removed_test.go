package export_test

import (
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/local/testservers"
)

// An execution can be redriven after the retention has removed its run. It must not export the table again.
func TestRemovedRunExportsNothing(t *testing.T) {
	t.Parallel()
	tables := startExports(t)
	r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": {}}`, testservers.Orders(t, 1), testservers.Bucket(t)))
	if err != nil {
		t.Fatal(err)
	}
	destination := bucket.New(testservers.S3(), r.in.Plan)
	claim, err := ledger.LoadClaim(t.Context(), destination, r.in.Plan.Layout())
	if err == nil {
		err = claim.Remove(t.Context(), ledger.Removal{Since: noon})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.look(t); failure.NameOf(err) != failure.RunNameTaken || len(tables.Requests()) > 0 {
		t.Errorf("got %v, and %d exports were begun", err, len(tables.Requests()))
	}
}
