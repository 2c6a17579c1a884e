package awsclient

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestSessionIsNamedByItsRun(t *testing.T) {
	t.Parallel()
	// The pattern and the limits of RoleSessionName.
	valid := regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	for n, want := range map[string]string{
		"nightly-20261121T020000Z": "nightly-20261121T020000Z",
		"r":                        "run-r",
		"":                         "run-",
		"a b/c:d\n":                "a-b-c-d-",
		"Bestände":                 "Best-nde",
		strings.Repeat("r", 64):    strings.Repeat("r", 64),
		strings.Repeat("r", 65):    strings.Repeat("r", 47) + "-" + strings.Repeat("r", 16),
		strings.Repeat("s", 64) + "-20261121T020000Z": strings.Repeat("s", 47) + "-20261121T020000Z",
	} {
		if got := sessionName(n); got != want || !valid.MatchString(got) {
			t.Errorf("%q: got %q, want %q", n, got, want)
		}
	}
}

func TestClientsAreKept(t *testing.T) {
	t.Parallel()
	c := NewClients(aws.Config{Region: "eu-west-1"}, aws.Config{Region: "eu-west-1"}, aws.Config{Region: "eu-west-1"})
	plan := func(n int, role string) run.Plan {
		return run.Plan{RunID: fmt.Sprint("run-", n), Scan: &run.ScanPlan{SourceRoleARN: role, DestinationRoleARN: role}}
	}
	const role = "arn:aws:iam::123456789012:role/x"
	own, ownObjects := c.Tables(plan(1, "")), c.Objects(plan(1, ""))
	of, ofObjects := c.Tables(plan(1, role)), c.Objects(plan(1, role))
	if c.Tables(plan(2, "")) != own || c.Objects(plan(2, "")) != ownObjects {
		t.Error("runs without roles have clients of their own")
	}
	if c.Tables(plan(1, role)) != of || c.Objects(plan(1, role)) != ofObjects || of == own || ofObjects == ownObjects {
		t.Error("a run's clients are not kept, or have no role")
	}
	if c.Tables(plan(2, role)) == of || c.Objects(plan(2, role)) == ofObjects {
		t.Error("another run's session has the name of the first")
	}
	elsewhere := c.Tables(run.Plan{Scan: &run.ScanPlan{TableRegion: "us-east-1"}})
	if elsewhere == own || elsewhere.Options().Region != "us-east-1" || own.Options().Region != "eu-west-1" {
		t.Errorf("the client of another region is of %s", elsewhere.Options().Region)
	}
	for n := range 3 * maxKept {
		c.Tables(plan(n, role))
		c.Objects(plan(n, role))
	}
	if len(c.tables) > maxKept || len(c.objects) > maxKept {
		t.Errorf("%d and %d clients are kept, want %d at most", len(c.tables), len(c.objects), maxKept)
	}
}
