package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
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

// Others may be able to write the claim. The step follows a claim only if it says what the request asks for.
func TestClaimThatDoesNotFitItsRequestIsRefused(t *testing.T) {
	table := testservers.Orders(t, 1)
	for name, forge := range map[string]func(*run.Plan){
		"another bucket":  func(p *run.Plan) { p.Bucket = "somebody-elses" },
		"another folder":  func(p *run.Plan) { p.Root = "AWSDynamoDB/other" },
		"another mode":    func(p *run.Plan) { p.Mode = request.ModeExport },
		"no scan":         func(p *run.Plan) { p.Scan = nil },
		"another version": func(p *run.Plan) { p.Version++ },
		"another table":   func(p *run.Plan) { p.Table = "salaries" },
		"a role to read":  func(p *run.Plan) { p.Scan.SourceRoleARN = "arn:aws:iam::111111111111:role/reader" },
		"a role to write": func(p *run.Plan) { p.Scan.DestinationRoleARN = "arn:aws:iam::111111111111:role/writer" },
	} {
		t.Run(name, func(t *testing.T) {
			bucket := testservers.Bucket(t)
			req := fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)
			made, err := planRun(t, "a", req)
			if err != nil {
				t.Fatal(err)
			}
			key := made.Plan.Layout().Claim()
			answer, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			var claim ledger.Claim
			if err := json.NewDecoder(answer.Body).Decode(&claim); err != nil {
				t.Fatal(err)
			}
			forge(&claim.Output.Plan)
			body, err := json.Marshal(claim)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := testservers.S3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
				t.Fatal(err)
			}
			if _, err := planRun(t, "a", req); failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), "does not fit its own request") {
				t.Errorf("got %v", err)
			}
		})
	}
}
