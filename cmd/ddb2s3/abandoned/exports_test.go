package abandoned_test

import (
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// DynamoDB cannot be stopped from writing an export into the folder of a run, so the run stays until the export has ended.
func TestRunStaysWhileItsExportIsWritten(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "export": {}, "format": "PARQUET"`)
	call[run.ExportProgress](a, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export})
	a.refuses(planned.Plan, "DynamoDB still writes the export "+a.exports.Exports()[0].ARN+" into the folder of the run")
	a.exports.Finish()
	found, err := a.find(planned.Plan.Root)
	if err == nil {
		err = found.Remove(t.Context())
	}
	if left := testservers.Keys(t, a.bucket, ""); err != nil || len(left) != 0 {
		t.Errorf("%v: got %v", err, left)
	}
}

// The folder of a native export is beside that of the run. It stays, and so does the journal of a chain.
func TestExportsStay(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]string{"alone": `, "export": {}`, "of a chain": `, "export": {"exportType": "INCREMENTAL", "from": "last"}`} {
		a := newAccount(t)
		planned := a.plan("run-1", fields)
		call[run.ExportProgress](a, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export})
		a.exports.Finish()
		before := testservers.Keys(t, a.bucket, "")
		found, err := a.find(planned.Plan.Root)
		if err == nil {
			err = found.Remove(t.Context())
		}
		want := slices.DeleteFunc(slices.Clone(before), func(key string) bool { return strings.HasPrefix(key, planned.Plan.Root+"/") })
		if left := testservers.Keys(t, a.bucket, ""); err != nil || !slices.Equal(left, want) || len(left) == 0 {
			t.Errorf("%s: %v: got %v, want %v", name, err, left, want)
		}
	}
}

// A run whose exports are committed lacks only its result, so that a redrive completes it.
func TestRunWithCommittedExportsStays(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	planned := a.plan("run-1", `, "export": {}`)
	progress := call[run.ExportProgress](a, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: planned.Export})
	a.exports.Finish()
	progress = call[run.ExportProgress](a, contract.FunctionExport, run.ExportInput{Plan: planned.Plan, Export: progress})
	if out := call[run.FinalizeOutput](a, contract.FunctionFinalize, run.FinalizeInput{Plan: planned.Plan, Export: progress}); out.Result.Items != 300 {
		t.Fatalf("got %+v", out)
	}
	a.refuses(planned.Plan, "is committed: s3://"+a.bucket+"/"+planned.Plan.Commit())
	a.remove(planned.Plan.Commit())
	a.refuses(planned.Plan, "has committed native exports, such as "+a.exports.Exports()[0].ARN+", and lacks only its result")
}
