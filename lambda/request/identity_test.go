package request_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

func TestRolesAreNamedByTheirARNs(t *testing.T) {
	for arn, account := range map[string]string{
		"arn:aws:iam::123456789012:role/reader":                                   "123456789012",
		"arn:aws-us-gov:iam::123456789012:role/team/data/reader_+=,.@-":           "123456789012",
		"arn:aws:iam::123456789012:role/" + strings.Repeat("r", 64):               "123456789012",
		"arn:aws:iam::123456789012:role/" + strings.Repeat("r", 65):               "",
		"arn:aws:iam::123456789012:role/team/":                                    "",
		"arn:aws:iam::12345678901:role/reader":                                    "",
		"arn:aws:iam::123456789012:user/reader":                                   "",
		"arn:aws:sts::123456789012:assumed-role/reader/session":                   "",
		"arn:aws:iam::123456789012:role/a b":                                      "",
		"arn:aws:iam:eu-west-1:123456789012:role/reader":                          "",
		"arn:aws:iam::123456789012:role/" + strings.Repeat("p", 2048) + "/reader": "",
		"123456789012":                           "",
		"arn:aws:iam::123456789012:role/reader ": "",
	} {
		got, err := request.RoleAccount(arn)
		if got != account || (err == nil) != (account != "") {
			t.Errorf("%.60s: got %q, %v, want %q", arn, got, err, account)
		}
		for _, field := range []string{"sourceRoleArn", "destinationRoleArn"} {
			body, err := json.Marshal(map[string]string{"table": "orders", "bucket": "b-1", field: arn})
			if err != nil {
				t.Fatal(err)
			}
			_, err = request.Parse(body, nil)
			if (err == nil) != (account != "") || err != nil && !strings.Contains(err.Error(), field+": got ") {
				t.Errorf("%s %.60s: got %v", field, arn, err)
			}
		}
	}
}

// An export refuses a role. It does not ignore it.
func TestExportsRefuseRoles(t *testing.T) {
	const role = `"arn:aws:iam::123456789012:role/x"`
	problems := []string{
		`sourceRoleArn: not allowed in mode EXPORT: deploy the stack in the table's account, and give the bucket's owner as export.s3BucketOwner`,
		`destinationRoleArn: not allowed in mode EXPORT: allow the role of the function export in the bucket's policy`,
	}
	wantProblems(t, `{"table":"orders","bucket":"b-1","mode":"EXPORT","sourceRoleArn":`+role+`,"destinationRoleArn":`+role+`}`, problems)
	_, err := request.Parse(json.RawMessage(`{"table":"orders","export":{}}`), json.RawMessage(`{"bucket":"b-1","sourceRoleArn":`+role+`}`))
	if err == nil || !strings.Contains(err.Error(), problems[0]) {
		t.Errorf("by the deployment's defaults: got %v", err)
	}
}

func TestRolesMustBeListed(t *testing.T) {
	const reader, writer = "arn:aws:iam::123456789012:role/reader", "arn:aws:iam::123456789012:role/writer"
	list, err := json.Marshal(request.AssumableRoles{Source: []string{reader, "arn:aws:iam::123456789012:role/other"}, Destination: []string{writer}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, list          string
		source, destination string
		says                []string // nil: the roles are allowed
	}{
		{"every role, if the deployment sets no list", "", "arn:x", "arn:y", nil},
		{"no roles", `{}`, "", "", nil},
		{"listed roles", string(list), reader, writer, nil},
		{"a role that is not listed", string(list), writer, writer, []string{
			`sourceRoleArn: got "` + writer + `", want a role in the environment's sourceRoles (` + reader + ", arn:aws:iam::123456789012:role/other): add it there",
		}},
		{"two roles that are not listed", `{"source": [], "destination": null}`, reader, writer, []string{
			`sourceRoleArn: got "` + reader + `", want a role in the environment's sourceRoles (none)`,
			`; destinationRoleArn: got "` + writer + `", want a role in the environment's destinationRoles (none)`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			roles, err := request.ParseAssumableRoles(test.list)
			if err != nil {
				t.Fatal(err)
			}
			err = roles.Check(request.Request{SourceRoleARN: test.source, DestinationRoleARN: test.destination})
			if (err == nil) != (test.says == nil) {
				t.Fatalf("got %v", err)
			}
			for _, words := range test.says {
				if failure.NameOf(err) != failure.RoleNotListed || !strings.Contains(err.Error(), words) {
					t.Errorf("got %s: %v\nwant %s with %q", failure.NameOf(err), err, failure.RoleNotListed, words)
				}
			}
		})
	}
	for _, text := range []string{`[]`, `{"sources": []}`, `{"source": "x"}`, `{} {}`, `{`} {
		if _, err := request.ParseAssumableRoles(text); err == nil || !strings.Contains(err.Error(), "read ASSUMABLE_ROLES: ") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestRunsOfSchedulesAreNamedAfterTheirFirings(t *testing.T) {
	execution := run.Execution{Name: "5c2f-execution", StartTime: time.Date(2026, 11, 21, 2, 0, 5, 0, time.UTC)}
	longest := strings.Repeat("s", 64)
	for fields, want := range map[string]string{
		``: "5c2f-execution",
		`,"scheduledTime":"2026-11-21T02:00:00Z"`:                              "5c2f-execution",
		`,"schedule":"nightly","scheduledTime":"2026-11-21T02:00:00Z"`:         "nightly-20261121T020000Z",
		`,"schedule":"a.b_c-D9","scheduledTime":"2026-11-21T02:00:00.5+02:00"`: "a.b_c-D9-20261121T000000Z",
		`,"schedule":"` + longest + `","scheduledTime":"2026-11-21T02:00:00Z"`: longest + "-20261121T020000Z",
	} {
		req, err := request.Parse(json.RawMessage(`{"table":"orders","bucket":"b-1"`+fields+`}`), nil)
		if err != nil {
			t.Errorf("%s: %v", fields, err)
			continue
		}
		if got := execution.RunID(req); got != want {
			t.Errorf("%s: the run is %q, want %q", fields, got, want)
		}
		if _, err := run.Root("", "orders", want, execution.StartTime); err != nil {
			t.Errorf("%s: %v", fields, err)
		}
	}
	for fields, problem := range map[string]string{
		`"schedule":"nightly"`: `schedule: given without scheduledTime: both name the run, give both or neither`,
		`"schedule":".hidden","scheduledTime":"2026-11-21T02:00:00Z"`:                         `schedule: got ".hidden", want 1 to 64 of a-z A-Z 0-9 _ - ., the first not a dot`,
		`"schedule":"a/b","scheduledTime":"2026-11-21T02:00:00Z"`:                             `schedule: got "a/b", want 1 to 64`,
		`"schedule":"` + strings.Repeat("s", 65) + `","scheduledTime":"2026-11-21T02:00:00Z"`: `want 1 to 64`,
		`"schedule":"nightly","scheduledTime":"2 o'clock"`:                                    `scheduledTime: got "2 o'clock", want a time such as 2026-01-31T06:00:00Z`,
		`"schedule":""`: `schedule: is empty: leave it out, or give a value`,
	} {
		wantProblems(t, `{"table":"orders","bucket":"b-1",`+fields+`}`, []string{problem})
	}
}
