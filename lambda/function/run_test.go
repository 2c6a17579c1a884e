package function_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

func TestRunReplicatesEveryItemOnce(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, many)
	for _, test := range []struct{ name, fields string }{
		{"by default", ``},
		{"in several segments", `"segments": 4`},
		{"in ZSTD", `"compression": "ZSTD", "fileSizeBytes": 12500`},
		{"without compression", `"compression": "NONE", "fileSizeBytes": 12500`},
		{"in Ion", `"format": "ION", "segments": 2`},
		{"in Ion and ZSTD", `"format": "ION", "compression": "ZSTD", "fileSizeBytes": 12500`},
		{"in Ion without compression", `"format": "ION", "compression": "NONE", "fileSizeBytes": 12500`},
		{"in small pages and objects", `"scan": {"Limit": 25}, "fileSizeBytes": 2500`},
		{"in more segments than there are pages", `"segments": 30, "fileSizeBytes": 1024`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			req := fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "backup/{table}/{date}"`, table, bucket)
			if test.fields != "" {
				req += ", " + test.fields
			}
			result, err := execution{t: t, name: "run-1", request: req + "}"}.run()
			if err != nil {
				t.Fatal(err)
			}
			if want := "backup/" + table + "/2026-01-31/AWSDynamoDB/run-1"; result.Root != want {
				t.Errorf("the run is at %s, want %s", result.Root, want)
			}
			holds(t, bucket, result)
		})
	}
}

func TestRunHandsOverManyCheckpoints(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	e := execution{
		t: t, name: "run-1", hurry: 5 * time.Minute,
		request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 12}}`, table, bucket),
	}
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range planned.Segments {
		n, err := e.scan(planned.Plan, segment)
		if err != nil {
			t.Fatal(err)
		}
		if n < 5 {
			t.Errorf("segment %d took %d invocations, the clock of this test leaves time for a few pages each", segment, n)
		}
	}
	result, err := e.finalize(planned.Plan)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
}

func TestRunThatCrashedContinuesUnderItsName(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	req := fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 3, "fileSizeBytes": 1250, "scan": {"Limit": 12}}`, table, bucket)

	// The first try ends its invocations early and crashes in the third segment. So it leaves more lists and objects than the
	// second try needs.
	crashed := execution{t: t, name: "run-1", request: req, hurry: 5 * time.Minute, beforeScan: func(in run.ScanInput) bool {
		return in.Segment < 2 || in.Checkpoint == nil || in.Checkpoint.Invocation < 3
	}}
	if _, err := crashed.run(); !errors.Is(err, errCrashed) {
		t.Fatalf("got %v", err)
	}
	before := testservers.Keys(t, bucket, "")
	if _, err := testservers.S3().CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: &bucket, Key: new(run.Layout{Root: "AWSDynamoDB/run-1"}.Data(2, 77, "0a1b2c3d", ".json.gz")),
	}); err != nil {
		t.Fatal(err)
	}

	result, err := execution{t: t, name: "run-1", request: req}.run()
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
	// The first try completed two segments. The third segment is the second try's.
	lists := testservers.Keys(t, bucket, run.Layout{Root: result.Root}.SegmentLists()+"000002-")
	if len(lists) != 1 || len(before) < 10 {
		t.Errorf("%v are left of %d objects, want the one of the second try", lists, len(before))
	}

	t.Run("and after the commit returns its result again", func(t *testing.T) {
		after := contents(t, bucket)
		again, err := execution{t: t, name: "run-1", request: req}.run()
		if diff := cmp.Diff(result, again); err != nil || diff != "" {
			t.Errorf("%v, (-first +again):\n%s", err, diff)
		}
		if now := contents(t, bucket); !slices.Equal(now, after) {
			t.Error("the bucket has changed")
		}
	})
	t.Run("and is not another request's", func(t *testing.T) {
		_, err := execution{t: t, name: "run-1", request: strings.Replace(req, "1250", "1500", 1)}.run()
		wantName(t, err, failure.RunNameTaken, "was begun with another request")
	})
	t.Run("and leaves other runs alone", func(t *testing.T) {
		after := contents(t, bucket)
		second, err := execution{t: t, name: "run-2", request: req}.run()
		if err != nil {
			t.Fatal(err)
		}
		holds(t, bucket, second)
		if now := contents(t, bucket); !slices.Equal(now[:len(after)], after) {
			t.Error("the second run has changed the first")
		}
	})
}

func TestRunOfAnotherExecutionIsRefused(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	req := fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)
	claimed, err := execution{t: t, name: "run-1", request: req}.plan()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := request.Parse(json.RawMessage(req), nil)
	if err != nil {
		t.Fatal(err)
	}
	claimed.Plan.ExecutionID = "arn:of:another"
	for _, test := range []struct {
		version       int
		digest, words string
	}{
		{run.Version + 1, parsed.Digest(), "is not a claim that these functions can read: its version is 2, and these functions read version 1. Choose another prefix"},
		{run.Version, "another", "belongs to execution arn:of:another, which has another request"},
		{run.Version, parsed.Digest(), "belongs to execution arn:of:another, which is of another state machine"},
	} {
		body, err := json.Marshal(ledger.Claim{Version: test.version, ExecutionID: "arn:of:another", StartTime: claimed.Plan.StartTime, RequestDigest: test.digest, Output: claimed})
		if err != nil {
			t.Fatal(err)
		}
		put(t, bucket, claimed.Plan.Layout().Claim(), string(body))
		_, err = execution{t: t, name: "run-1", request: req}.plan()
		wantName(t, err, failure.RunNameTaken, test.words)
	}

	put(t, bucket, claimed.Plan.Layout().Claim(), "")
	_, err = execution{t: t, name: "run-1", request: req}.plan()
	wantName(t, err, failure.RunNameTaken, "is not a claim that these functions can read")
}

func TestFinalizeCommitsNothingThatIsNotWhole(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 600)
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, bucket string, layout run.Layout)
		words string
	}{
		{"an upload was aborted", func(t *testing.T, bucket string, layout run.Layout) {
			testservers.Abort(t, bucket, testservers.Uploads(t, bucket, layout.DataOf(1))[0])
		}, string(failure.UploadGone)},
		{"an upload was aborted, and its object is another", func(t *testing.T, bucket string, layout run.Layout) {
			upload := testservers.Uploads(t, bucket, layout.DataOf(1))[0]
			testservers.Abort(t, bucket, upload)
			put(t, bucket, *upload.Key, "x")
		}, "is listed with"},
		{"a list was removed", func(t *testing.T, bucket string, layout run.Layout) {
			remove(t, bucket, testservers.Keys(t, bucket, layout.SegmentLists()+"000001-000001-")[0])
		}, "does not follow a list before it"},
		{"the last list was removed", func(t *testing.T, bucket string, layout run.Layout) {
			remove(t, bucket, layout.SegmentEnd(1))
		}, "and none of them ends the segment"},
		{"a whole segment's lists were removed", func(t *testing.T, bucket string, layout run.Layout) {
			for _, key := range testservers.Keys(t, bucket, layout.SegmentLists()+"000000-") {
				remove(t, bucket, key)
			}
		}, "segment 0 has 0 lists"},
		{"a list was changed", func(t *testing.T, bucket string, layout run.Layout) {
			key := testservers.Keys(t, bucket, layout.SegmentLists()+"000000-000001-")[0]
			put(t, bucket, key, strings.Replace(get(t, bucket, key), `"start":"`, `"start":"f`, 1))
		}, "does not follow a list before it"},
		{"a list has the name of another", func(t *testing.T, bucket string, layout run.Layout) {
			put(t, bucket, layout.SegmentList(1, 9, "0a1b2c3d"), get(t, bucket, layout.SegmentEnd(1)))
		}, "000001-000009-0a1b2c3d.json is not a segment list that these functions can read: its content belongs to"},
		{"a list is not JSON", func(t *testing.T, bucket string, layout run.Layout) {
			put(t, bucket, layout.SegmentEnd(0), "{")
		}, "is not a segment list that these functions can read"},
		{"a list has another version", func(t *testing.T, bucket string, layout run.Layout) {
			put(t, bucket, layout.SegmentEnd(0), strings.Replace(get(t, bucket, layout.SegmentEnd(0)), `"version":1`, `"version":2`, 1))
		}, "its version is 2, and these functions read version 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			e := execution{
				t: t, name: "run-1", hurry: 5 * time.Minute,
				request: fmt.Sprintf(`{"table": %q, "bucket": %q, "segments": 2, "scan": {"Limit": 50}}`, table, bucket),
			}
			planned := e.scanned()
			layout := planned.Plan.Layout()
			test.spoil(t, bucket, layout)
			_, err := e.finalize(planned.Plan)
			if test.words == string(failure.UploadGone) {
				wantName(t, err, failure.UploadGone)
			} else {
				wantName(t, err, failure.ListsInconsistent, test.words)
			}
			if keys := testservers.Keys(t, bucket, layout.Root+"/manifest"); len(keys) > 0 {
				t.Errorf("%v were written", keys)
			}
			if completed := testservers.Keys(t, bucket, layout.DataPrefix()); len(completed) > 1 {
				t.Errorf("%v were completed", completed)
			}
		})
	}
}

func TestOneSegmentOfManyIsARunOfItsOwn(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1000), testservers.Bucket(t)
	var mu sync.Mutex
	seen := map[string]int{}
	for segment := range 3 {
		result, err := execution{
			t: t, name: fmt.Sprintf("run-%d", segment),
			request: fmt.Sprintf(`{"table": %q, "bucket": %q, "scan": {"TotalSegments": 3, "Segment": %d}}`, table, bucket, segment),
		}.run()
		if err != nil {
			t.Fatal(err)
		}
		if result.Segments != 1 {
			t.Errorf("the result has %d segments", result.Segments)
		}
		err = verify.Records(t.Context(), testservers.S3(), result, func(line []byte) error {
			mu.Lock()
			defer mu.Unlock()
			seen[string(line)]++
			return nil
		}, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 1000 {
		t.Errorf("the three runs have %d different items, want 1000", len(seen))
	}
}
