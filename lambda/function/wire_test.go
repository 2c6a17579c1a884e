package function_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// scan begins uploads and fills them. It completes none, and writes only lists and markers, whether it succeeds, fails or is late. So
// nothing below data/ can be seen before finalize.
func TestScanCompletesNothing(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, begunItems)
	answer, err := testservers.DynamoDB().Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	last := answer.Items[len(answer.Items)-1]["orderId"].(*types.AttributeValueMemberS).Value
	for _, test := range []struct {
		name, fields string
		hurry        time.Duration
		fails        bool
	}{
		{"one invocation", `"segments": 2`, 0, false},
		{"many invocations", `"fileSizeBytes": 5000, "scan": {"Limit": 50}`, 4 * time.Minute, false},
		{"an object of many parts", `"compression": "NONE", "transform": "{x: (.orderId * 2000)}"`, 0, false},
		{"a pace", `"readUnitsPerSecond": 100000`, 0, false},
		{"no items", `"scan": {"FilterExpression": "attribute_exists(nowhere)"}`, 0, false},
		{"an item that a transform refuses", `"fileSizeBytes": 5000, "scan": {"Limit": 50}, "transform": "if .orderId == \"` + last + `\" then error(.) else . end"`, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			all := new(wire)
			e := execution{t: t, name: "run-1", hurry: test.hurry, request: fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, bucket, test.fields)}
			planned, err := e.plan()
			if err != nil {
				t.Fatal(err)
			}
			e.objects = all
			for range 2 { // the second time, all invocations are late
				if err := e.scanAll(planned); (err != nil) != test.fails {
					t.Fatal(err)
				}
			}
			layout := planned.Plan.Layout()
			done := map[string]int{}
			for _, one := range all.sent {
				done[one.operation]++
				folder := layout.DataPrefix()
				switch one.operation {
				case "GetObject", "ListObjectsV2", "ListMultipartUploads", "ListParts":
					continue
				case "CreateMultipartUpload", "UploadPart", "AbortMultipartUpload":
				case "PutObject":
					if folder = layout.SegmentLists(); strings.HasPrefix(one.key, layout.PaceMarkers()) {
						continue
					}
				default:
					t.Errorf("%s of %s", one.operation, one.key)
				}
				if !strings.HasPrefix(one.key, folder) {
					t.Errorf("%s of %s", one.operation, one.key)
				}
			}
			t.Log(done)
			if seen := testservers.Keys(t, bucket, layout.DataPrefix()); len(seen) > 0 {
				t.Errorf("a reader sees %v", seen)
			}
			if (done["AbortMultipartUpload"] > 0) != test.fails {
				t.Errorf("%d uploads were aborted", done["AbortMultipartUpload"])
			}
		})
	}
}
