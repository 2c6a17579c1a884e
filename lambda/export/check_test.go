package export_test

import (
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// The state machine could not check an export. The function checks it itself.
func TestChecksThatFailInTheStateMachine(t *testing.T) {
	t.Parallel()
	const (
		throttled = `{"Error":"DynamoDb.DynamoDbException","Cause":"Rate exceeded (Service: DynamoDb, Status Code: 400, Request ID: x)"}`
		forbidden = `{"Error":"DynamoDb.DynamoDbException","Cause":"User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: dynamodb:DescribeExport"}`
		late      = `{"Error":"States.Timeout","Cause":""}`
	)
	for _, test := range []struct {
		name, failure          string
		failedChecks, redrives int
		refuse                 string // what DynamoDB answers to the function
		finish                 bool   // whether the export is COMPLETED by then
		want                   failure.Name
		words                  string
	}{
		{"throttled, and no longer", throttled, 1, 0, "", false, "", ""},
		{"throttled, and the export is complete", throttled, 10, 0, "", true, "", ""},
		{"throttled still", throttled, 1, 0, "ThrottlingException", false, failure.Throttled, "dynamodb:DescribeExport on table"},
		{"throttled under another name", throttled, 1, 0, "RequestLimitExceeded", false, failure.Throttled, "dynamodb:DescribeExport on table"},
		{"limited", throttled, 1, 0, "LimitExceededException", false, failure.Throttled, "dynamodb:DescribeExport on table"},
		{"forgotten", `{"Error":"DynamoDb.ExportNotFoundException","Cause":"Export not found"}`, 1, 0, "ExportNotFoundException", false, failure.ExportRefused, "it forgets exports after 90 days"},
		{"throttled nine times", throttled, 9, 0, "", false, "", ""},
		{"throttled ten times", throttled, 10, 0, "", false, failure.Throttled, "Step Functions could not check export"},
		{"throttled ten times, then redriven", throttled, 10, 1, "", false, "", ""},
		{"too slow ten times", late, 10, 0, "", false, failure.Internal, `10 times, although the function export could; DynamoDB continues it. Redrive this execution, and start fewer at the same time ({"Error":"States.Timeout"`},
		{"not allowed", forbidden, 1, 0, "", false, failure.AccessDenied, "allow dynamodb:DescribeExport to the role of the state machine, and redrive"},
		{"not allowed, then redriven", forbidden, 1, 1, "", false, "", ""},
		{"throttled nine times and not allowed, then redriven", forbidden, 10, 1, "", false, "", ""},
		{"not allowed still", forbidden, 11, 1, "", false, failure.AccessDenied, "and redrive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tables := startExports(t)
			tables.Hold()
			r, err := planRun(t, tables, "run-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "export": {}}`, testservers.Orders(t, 1), testservers.Bucket(t)))
			if err != nil {
				t.Fatal(err)
			}
			r.exporter.DynamoDB = dynamodb.NewFromConfig(tables.AWS(), func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
			if err := r.look(t); err != nil || len(r.in.Export.Exports) != 1 {
				t.Fatalf("got %+v, %v", r.in.Export, err)
			}
			if test.finish {
				tables.Finish()
			}
			if test.refuse != "" {
				tables.Refuse("DescribeExport", test.refuse, "no way", 1)
			}
			followed := &r.in.Export.Exports[0]
			followed.Checks, followed.FailedChecks, followed.Failure = 3, test.failedChecks, test.failure
			r.in.Redrives = test.redrives
			err = r.look(t)
			if test.want != "" {
				wantError(t, err, test.want, test.words)
				return
			}
			if err != nil || r.in.Export.InProgress == test.finish {
				t.Fatalf("got %+v, %v", r.in.Export, err)
			}
			if next := r.in.Export.Exports; !test.finish && (next[0].Checks != 3 || next[0].FailedChecks != test.failedChecks || next[0].Failure != "") {
				t.Errorf("the next round follows %+v", next[0])
			}
		})
	}
}
