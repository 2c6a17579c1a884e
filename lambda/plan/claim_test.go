package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"
)

// A run belongs to the first execution that plans it. Its name is the firing's or else the execution's.
func TestRunHasOneOwner(t *testing.T) {
	table, longest := testservers.Orders(t, 1), strings.Repeat("s", 64)
	request := func(bucket, fields string) string {
		return fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, table, bucket, fields)
	}
	firing := func(schedule string) string {
		return fmt.Sprintf(`, "schedule": %q, "scheduledTime": "2026-11-21T02:00:00Z"`, schedule)
	}
	for _, test := range []struct {
		name                    string
		first, fields           string // the execution that claims the run, and the fields of its request
		second, others, wantRun string
		duplicate               bool
		refusal                 string
	}{
		{"the same execution", "a", "", "a", "", "a", false, ""},
		{"another execution of another name", "a", "", "b", "", "b", false, ""},
		{"the same execution of a firing", "a", firing("nightly"), "a", firing("nightly"), "nightly-20261121T020000Z", false, ""},
		{"another execution of a firing", "a", firing("nightly"), "b", firing("nightly"), "nightly-20261121T020000Z", true, ""},
		{"of a schedule with the longest name", "a", firing(longest), "b", firing(longest), longest + "-20261121T020000Z", true, ""},
		{"another schedule at the same time", "a", firing("nightly"), "b", firing("weekly"), "weekly-20261121T020000Z", false, ""},
		{"the same firing with another request", "a", firing("nightly"), "b", firing("nightly") + `, "segments": 2`, "", false, "was begun by execution arn:a with another request"},
		{"a firing whose run's name is taken", "nightly-20261121T020000Z", "", "b", firing("nightly"), "", false, "was begun by execution arn:nightly-20261121T020000Z with another request"},
		{"an execution with the name of a firing's run", "a", firing("nightly"), "nightly-20261121T020000Z", "", "", false, "belongs to execution arn:a, which has another request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bucket := testservers.Bucket(t)
			if _, err := planRun(t, test.first, request(bucket, test.fields)); err != nil {
				t.Fatal(err)
			}
			got, err := planRun(t, test.second, request(bucket, test.others))
			if test.refusal != "" {
				if err == nil || failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), test.refusal) {
					t.Errorf("got %s: %v, want %s with %q", failure.NameOf(err), err, failure.RunNameTaken, test.refusal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Plan.RunID != test.wantRun || (got.Duplicate != nil) != test.duplicate {
				t.Errorf("got the run %q and the duplicate %+v", got.Plan.RunID, got.Duplicate)
			}
			if test.duplicate && (got.Duplicate.ExecutionID != "arn:"+test.first || got.Duplicate.RunID != test.wantRun) {
				t.Errorf("got the duplicate %+v", got.Duplicate)
			}
		})
	}
}
