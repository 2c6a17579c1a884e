package function_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/testservers"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

var signatures = cmp.AllowUnexported(signature{})

// fromElsewhere returns a request for a table and a bucket of another account.
func fromElsewhere(table, bucket, fields string) string {
	return fmt.Sprintf(`{"table": "arn:aws:dynamodb:us-east-1:%s:table/%s", "bucket": %q, "sourceRoleArn": %q, "destinationRoleArn": %q%s}`,
		account, table, bucket, reader, writer, fields)
}

func TestRunReadsAndWritesWithItsRoles(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	v := visit(t, function.Options{Roles: &request.AssumableRoles{Source: []string{reader}, Destination: []string{writer}}})
	e := v.execution(t, fromElsewhere(table, bucket, `, "segments": 4, "scan": {"Limit": 25}, "bucketOwner": "`+account+`"`))
	planned, err := e.plan()
	if err != nil {
		t.Fatal(err)
	}
	e.warm = v.process() // the scan's process, which scans all segments
	var group errgroup.Group
	for _, segment := range planned.Segments {
		group.Go(func() error {
			_, err := e.scan(planned.Plan, segment)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	result, err := e.finalize(planned.Plan)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)

	// Each of the two processes assumed each role once, for all its invocations, in the run's name.
	req := func(role string) url.Values {
		return url.Values{
			"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {role}, "RoleSessionName": {"run-1"}, "DurationSeconds": {"3600"},
		}
	}
	for _, role := range []string{reader, writer} {
		if diff := cmp.Diff([]url.Values{req(role), req(role)}, v.sts.of(role)); diff != "" {
			t.Errorf("STS was asked (-want +got):\n%s", diff)
		}
	}
	for _, by := range v.sts.askedBy {
		if by != (signature{key: "FUNCTION", region: "us-east-1"}) {
			t.Errorf("AssumeRole is signed by %+v", by)
		}
	}
	bySessions := []signature{{key: "reader-1", token: "token-1", region: "us-east-1"}, {key: "reader-2", token: "token-2", region: "us-east-1"}}
	if diff := cmp.Diff(bySessions, v.tables.signatures(), signatures); diff != "" {
		t.Errorf("the table was read by (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]signature{{key: v.sts.writes.AccessKeyID, region: "us-east-1"}}, v.objects.signatures(), signatures); diff != "" {
		t.Errorf("objects were written by (-want +got):\n%s", diff)
	}

	t.Run("and another run in its own name", func(t *testing.T) {
		if _, err := (execution{t: t, name: "run-2", request: e.request, warm: e.warm}).run(); err != nil {
			t.Fatal(err)
		}
		for _, role := range []string{reader, writer} {
			if all := v.sts.of(role); len(all) != 3 || all[2].Get("RoleSessionName") != "run-2" {
				t.Errorf("STS was asked %d times: %v", len(all), all)
			}
		}
	})
}

func TestRunReadsAcrossRegions(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, many)
	for _, test := range []struct{ name, account, fields, key string }{
		{"with the functions' own role", account, ``, "FUNCTION"},
		{"with a role of another account", functionsAccount, `, "sourceRoleArn": "` + reader + `"`, "reader-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v, bucket := visit(t, function.Options{Account: test.account}), testservers.Bucket(t)
			result, err := v.execution(t, fmt.Sprintf(`{"table": "arn:aws:dynamodb:eu-west-1:%s:table/%s", "bucket": %q, "destinationRoleArn": %q%s}`,
				account, table, bucket, writer, test.fields)).run()
			if err != nil {
				t.Fatal(err)
			}
			holds(t, bucket, result)
			if all := v.tables.signatures(); len(all) != 1 || all[0].key != test.key || all[0].region != "eu-west-1" {
				t.Errorf("the table was read by %+v", all)
			}
			if all := v.objects.signatures(); len(all) != 1 || all[0].region != "us-east-1" {
				t.Errorf("objects were written by %+v", all)
			}
		})
	}
}

// A session that has ended, or ends soon, is not used again: a run may last longer than any session.
func TestSessionsAreRenewedWithinARun(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	v := visit(t, function.Options{})
	v.sts.lasts = func(_ string, n int) time.Duration {
		return []time.Duration{time.Minute, -time.Minute, 4 * time.Minute, time.Hour}[n-1]
	}
	result, err := v.execution(t, fromElsewhere(table, bucket, `, "scan": {"Limit": 25}`)).run()
	if err != nil {
		t.Fatal(err)
	}
	holds(t, bucket, result)
	if r, w := len(v.sts.of(reader)), len(v.sts.of(writer)); r != 4 || w != 4 {
		t.Errorf("the roles were assumed %d and %d times, want 4 times each", r, w)
	}
	var keys []string
	for _, req := range v.tables.seen {
		keys = append(keys, req.key)
	}
	want := append([]string{"reader-1", "reader-2", "reader-3"}, slices.Repeat([]string{"reader-4"}, len(keys)-3)...)
	if len(keys) < 20 || !slices.Equal(keys, want) {
		t.Errorf("the %d requests to the table were of the sessions %v", len(keys), keys)
	}
}

func TestRoleThatIsNotListedIsNotAssumed(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 1), testservers.Bucket(t)
	v := visit(t, function.Options{Roles: &request.AssumableRoles{Source: []string{writer, "arn:aws:iam::000000000000:role/other"}, Destination: []string{writer}}})
	_, err := v.execution(t, fromElsewhere(table, bucket, "")).plan()
	wantName(t, err, failure.RoleNotListed, `sourceRoleArn: got "`+reader+`", want a role in the environment's sourceRoles (`+writer+", arn:aws:iam::000000000000:role/other): add it there")
	if n := len(v.sts.asked) + len(v.tables.seen) + len(v.objects.seen) + len(testservers.Keys(t, bucket, "")); n > 0 {
		t.Errorf("%d requests were sent, or objects written", n)
	}
}

// If a role cannot be assumed, the error has a name of its own, and not that of the request that needed the session. STS is asked
// again only if its own error is worth a retry.
func TestRoleThatCannotBeAssumed(t *testing.T) {
	t.Parallel()
	denied := func(role, setting string) string {
		return "sts:AssumeRole on " + role + " is not allowed: check that the role's trust policy names the function's role, and that the function's role may assume it (environment: " + setting + ") (AccessDenied: no way)"
	}
	for _, test := range []struct {
		name, role string
		status     int
		code       string
		want       failure.Name
		says       string
	}{
		{"the reader is denied", reader, http.StatusForbidden, "AccessDenied", failure.AccessDenied, ": " + denied(reader, "sourceRoles")},
		{"the writer is denied", writer, http.StatusForbidden, "AccessDenied", failure.AccessDenied, "claim the run: s3:PutObject on s3://BUCKET/AWSDynamoDB/run-1/_started: " + denied(writer, "destinationRoles")},
		{"STS is not active in the region", reader, http.StatusForbidden, "RegionDisabledException", failure.AccessDenied, "sts:AssumeRole on " + reader + " is not allowed: the account cannot use STS here"},
		{"a session longer than the role allows", writer, http.StatusBadRequest, "ValidationError", failure.AccessDenied, "is refused (ValidationError: no way)"},
		{"STS is asked too often", reader, http.StatusBadRequest, "Throttling", failure.Throttled, "sts:AssumeRole on " + reader + ": STS refused the call because there are too many"},
		{"the function's own session has ended", reader, http.StatusForbidden, "ExpiredToken", failure.CredentialsInvalid, "sts:AssumeRole on " + reader + ": STS does not accept the credentials"},
		{"STS has a fault", writer, http.StatusInternalServerError, "InternalFailure", failure.Internal, "sts:AssumeRole on " + writer + ": "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table, bucket := testservers.Orders(t, 1), testservers.Bucket(t)
			v := visit(t, function.Options{})
			v.sts.refuses = func(role string, _ int) (int, string) {
				if role == test.role {
					return test.status, test.code
				}
				return 0, ""
			}
			_, err := v.execution(t, fromElsewhere(table, bucket, "")).plan()
			wantName(t, err, test.want, strings.ReplaceAll(test.says, "BUCKET", bucket))
			if n := len(v.sts.of(test.role)); n != 1 {
				t.Errorf("the role was asked for %d times, want once", n)
			}
			if keys := testservers.Keys(t, bucket, ""); len(keys) > 0 {
				t.Errorf("%v were written", keys)
			}
		})
	}
}

// If a role is taken away during a run, the run fails by name, and not with an error that a retry may correct.
func TestRoleThatIsTakenAway(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, many), testservers.Bucket(t)
	v := visit(t, function.Options{})
	v.sts.lasts = func(string, int) time.Duration { return time.Minute }
	v.sts.refuses = func(role string, n int) (int, string) {
		if role == reader && n > 5 {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	_, err := v.execution(t, fromElsewhere(table, bucket, `, "scan": {"Limit": 25}`)).run()
	wantName(t, err, failure.AccessDenied, "segment 0: dynamodb:Scan on table ", "sts:AssumeRole on "+reader+" is not allowed")
}
