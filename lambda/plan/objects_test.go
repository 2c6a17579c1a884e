package plan

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/table"
)

func TestTooManyObjectsAreRefusedBeforeAnythingIsRead(t *testing.T) {
	t.Parallel()
	const tb = 1_000_000_000_000
	for _, test := range []struct {
		name, fields string
		bytes        int64
		says         string
	}{
		{"the usual size, of a table of 1 PB", ``, 1000 * tb, ""},
		{"small objects of a small table", `, "fileSizeBytes": 1024`, tb / 100, ""},
		{"as many as there may be", `, "fileSizeBytes": 1000000`, 50 * tb, ""},
		{"more than there may be", `, "fileSizeBytes": 1000000`, 51 * tb, "about 5100000 objects or more of a table of 51000000000000 bytes, want 1020001 or more: a run can commit 5000000"},
		{"as many, not compressed", `, "fileSizeBytes": 1000000, "compression": "NONE"`, 10 * tb, ""},
		{"more, not compressed", `, "fileSizeBytes": 1000000, "compression": "NONE"`, 11 * tb, "want 1100001 or more"},
		{"one segment of many", `, "fileSizeBytes": 1000000, "scan": {"TotalSegments": 100, "Segment": 1}`, 51 * tb, ""},
		{"a filter, so the number is unknown", `, "fileSizeBytes": 1000000, "scan": {"FilterExpression": "attribute_exists(a)"}`, 51 * tb, ""},
		{"a projection, so the size is unknown", `, "fileSizeBytes": 1000000, "scan": {"ProjectionExpression": "a"}`, 51 * tb, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req, err := request.Parse([]byte(`{"table": "orders", "bucket": "lake"`+test.fields+`}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			err = checkObjects(req, table.Description{Bytes: test.bytes})
			if (err == nil) != (test.says == "") || err != nil && (failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
