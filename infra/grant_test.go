package main

import (
	"testing"

	"dynamodb-to-s3/infra/environment"

	"github.com/google/go-cmp/cmp"
)

func TestWhoseRightsReadATable(t *testing.T) {
	t.Parallel()
	const (
		own     = "arn:aws:dynamodb:us-east-1:111111111111:table/own"
		remote  = "arn:aws:dynamodb:eu-west-1:111111111111:table/remote"
		foreign = "arn:aws:dynamodb:us-east-1:222222222222:table/foreign"
		reader  = "arn:aws:iam::222222222222:role/reader"
	)
	for _, test := range []struct {
		name                         string
		environment                  environment.Environment
		wantReadable, wantExportable []string
	}{
		{"the account is known", environment.Environment{Account: "111111111111", Region: "us-east-1"}, []string{"orders", own, remote}, []string{"orders", own}},
		{
			"the account is known, and a role of its own listed",
			environment.Environment{Account: "111111111111", Region: "us-east-1", SourceRoles: []string{"arn:aws:iam::111111111111:role/reader"}},
			[]string{"orders", own, remote},
			[]string{"orders", own},
		},
		{"the account is not known, and whose tables have roles", environment.Environment{SourceRoles: []string{reader}}, []string{"orders", own, remote}, []string{"orders", own, remote}},
		{"nothing is known", environment.Environment{}, []string{"orders", own, remote, foreign}, []string{"orders", own, remote, foreign}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			props := &Props{Environment: test.environment}
			props.Tables = []string{"orders", own, remote, foreign}
			if diff := cmp.Diff(test.wantReadable, props.readable()); diff != "" {
				t.Errorf("read with the functions' own rights (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantExportable, props.exportable()); diff != "" {
				t.Errorf("exported (-want +got):\n%s", diff)
			}
		})
	}
}

// If all tables are in another account, no statement lacks a resource. IAM would refuse such a statement.
func TestNoEmptyStatements(t *testing.T) {
	t.Parallel()
	props := fullProps("")
	props.Tables = []string{"arn:aws:dynamodb:us-east-1:222222222222:table/foreign"}
	at := place{partition: "aws", region: "us-east-1", account: "000000000000"}
	for function := range limitsOf {
		for _, grant := range permissions(at, function, props) {
			if len(grant.resources) == 0 {
				t.Errorf("%s: %v on nothing", function, grant.actions)
			}
		}
	}
	if diff := cmp.Diff([]string{"arn:aws:dynamodb:us-east-1:000000000000:table/-/export/*"}, at.exports(props)); diff != "" {
		t.Errorf("the exports that are followed (-want +got):\n%s", diff)
	}
}
