package table_test

import (
	"fmt"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
)

// Every throttled try counts, also if the SDK repeats it, by DynamoDB's reasons. Other errors do not count.
func TestThrottlesAreCountedByReason(t *testing.T) {
	t.Parallel()
	throttle := func(kind string, reasons ...string) answer {
		list := ""
		for i, reason := range reasons {
			if i > 0 {
				list += ","
			}
			list += fmt.Sprintf(`{"reason":%q,"resource":"arn:aws:dynamodb:eu-west-1:111111111111:table/orders"}`, reason)
		}
		member := "ThrottlingReasons"
		if kind == "ThrottlingException" { // the spelling in the service's model
			member = "throttlingReasons"
		}
		return answer{status: 400, body: fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"slow",%q:[%s]}`, kind, member, list)}
	}
	const provisioned, account = "TableReadProvisionedThroughputExceeded", "TableReadAccountLimitExceeded"
	s := &wire{answers: []answer{
		throttle("ProvisionedThroughputExceededException", provisioned),
		throttle("ThrottlingException", provisioned, provisioned, account),
		{status: 500, body: `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`},
		throttle("RequestLimitExceeded"),
		{body: `{"Count":1,"Items":[{"id":{"S":"a"}}],"LastEvaluatedKey":{"id":{"S":"a"}},"ScannedCount":1}`},
		throttle("RequestLimitExceeded", account),
		{body: `{"Count":0,"Items":[],"ScannedCount":0}`},
	}}
	impatient := dynamodb.New(clientOf(t, s).Options(), func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 2, time.Millisecond, ratelimit.None
		})
	})
	reader, err := table.NewReader(impatient, run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var p table.Page
	for pages := 0; pages < 2; {
		switch err := reader.Next(t.Context(), p.LastEvaluatedKey, &p); {
		case err == nil:
			pages++
		case failure.NameOf(err) != failure.Throttled:
			t.Fatal(err)
		}
	}
	want := table.Throttles{Tries: 4, Reasons: map[string]int64{provisioned: 2, account: 2, "RequestLimitExceeded": 1}}
	if diff := cmp.Diff(want, reader.Throttles()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
