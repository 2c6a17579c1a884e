package main

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An engine that reads the whole folder must find exactly the objects of the manifest. What somebody else put there before the commit, the
// result counts.
func TestVerifyLooksForObjectsThatNoManifestNames(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]string{"beside": "", "beside-transformed": `, "transform": "{orderId}"`} {
		table, bucket := testservers.Orders(t, 20), testservers.Bucket(t)
		file := requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, fields))
		put := func(object string) {
			key := "AWSDynamoDB/" + name + "/data/" + object
			if _, err := testservers.S3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key}); err != nil {
				t.Fatal(err)
			}
		}
		put("before")
		if o := runProgram(t, "--name", name, "--verify", "--input", file); o.code != 0 || o.result.Foreign == nil {
			t.Errorf("%s: exit %d, %+v: %s", name, o.code, o.result, o.stderr)
		}
		put("after")
		if o := runProgram(t, "--name", name, "--verify", "--input", file); o.code != 1 ||
			!strings.Contains(o.stderr, "/data/ has objects that the manifest does not name, 2 of them, such as AWSDynamoDB/"+name+"/data/after: ") {
			t.Errorf("%s: exit %d: %s", name, o.code, o.stderr)
		}
	}
}
