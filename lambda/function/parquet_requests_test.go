package function_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
)

// The requests of the smallest run that makes Parquet files. Its first pass makes those of a run in another format.
func TestSmallestParquetRunMakesFewRequests(t *testing.T) {
	t.Parallel()
	e := execution{t: t, name: "run-1", request: parquetRequest(testservers.Orders(t, 10), testservers.Bucket(t), "")}
	planned := e.firstPass(e.scanned())
	state := run.ColumnsOutput{Plan: planned.Plan}
	for _, step := range []struct {
		name       contract.Function
		run        func(e execution) error
		roundTrips int
		want       []string
	}{
		{contract.FunctionColumns, func(e execution) (err error) { state, err = e.columns(state.Plan); return err }, 5, []string{
			"GetObject _schema.json", "GetObject _schemas", "GetObject _staging/_segments/000000-end.json", "GetObject _staging/manifest-files.json",
			"GetObject _staging/manifest-summary.json", "GetObject _started", "PutObject _schema.json", "PutObject _staging/_files/000000.json",
		}},
		{contract.FunctionConvert, func(e execution) error { _, err := e.convert(state.Plan, 0); return err }, 7, []string{
			"CreateMultipartUpload data", "GetObject _schema.json", "GetObject _staging/_files/000000.json", "GetObject _staging/data", "GetObject _started",
			"PutObject _segments/000000-end.json", "UploadPart data",
		}},
		{contract.FunctionFinalize, func(e execution) error { _, err := e.finalize(state.Plan); return err }, 9, []string{
			"CompleteMultipartUpload data", "DeleteObjects", "GetObject _schema.json", "GetObject _schemas", "GetObject _segments/000000-end.json",
			"GetObject _started", "ListMultipartUploads", "ListMultipartUploads _staging/", "ListObjectsV2", "ListObjectsV2 _staging/",
			"PutObject _schemas", "PutObject manifest-files.json", "PutObject manifest-files.md5", "PutObject manifest-summary.json", "PutObject manifest-summary.md5",
		}},
	} {
		source, _ := testservers.Configs()
		requests := record(source.HTTPClient)
		recording, before := e, state
		recording.warm = through(requests)
		if err := step.run(recording); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, slices.Sorted(slices.Values(requests.sent))); diff != "" {
			t.Errorf("%s sends (-want +got):\n%s", step.name, diff)
		}
		if step.name == contract.FunctionConvert { // the names of its objects have the name of the try
			continue
		}
		requests.HTTPClient = nil
		after := state
		synctest.Test(t, func(t *testing.T) {
			playing := e
			playing.t, playing.warm, state = t, through(requests), before
			begun := time.Now()
			if err := step.run(playing); err != nil {
				t.Fatal(err)
			}
			if n := int(time.Since(begun) / roundTrip); n > step.roundTrips {
				t.Errorf("%s makes %d round trips, one after the other, and %d were enough", step.name, n, step.roundTrips)
			}
		})
		state = after
	}
}
