package request_test

import (
	"encoding/json"
	"testing"

	"dynamodb-to-s3/lambda/request"
)

// The members that others put into an input are accepted with any value, and are no part of the request.
func TestMembersOfOthersAreLeftOut(t *testing.T) {
	t.Parallel()
	digest := func(members, defaults string) string {
		t.Helper()
		parsed, err := request.Parse(json.RawMessage(`{`+members+`"table":"orders","bucket":"b-1"}`), json.RawMessage(defaults))
		if err != nil {
			t.Fatalf("%s, %s: %v", members, defaults, err)
		}
		return parsed.Digest()
	}
	const parent = `"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID":`
	want := digest(``, ``)
	for _, members := range []string{
		parent + `"arn:aws:states:eu-west-1:123456789012:execution:nightly:1",`, parent + `"arn:aws:states:eu-west-1:123456789012:execution:nightly:2",`,
		parent + `7,`, parent + `null,`, parent + `"",`, parent + `{"table":[{"bucket":"other"}]},`, `"AWS_STEP_FUNCTIONS_LATER_1":true,`,
		`"$schema":"./docs/request.schema.json",`, `"$schema":{},`, `"$schema":"",` + parent + `[],`,
	} {
		if digest(members, ``) != want {
			t.Errorf("%s changes the digest", members)
		}
	}
	for _, defaults := range []string{`{"$schema":"x"}`, `{"$schema":null}`, `{` + parent + `"x"}`} {
		if digest(``, defaults) != want {
			t.Errorf("the defaults %s change the digest", defaults)
		}
	}
}

// Only these members at the root of the input are left out.
func TestMembersLikeThoseOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for member, problem := range map[string]string{
		`"AWS_STEP_FUNCTIONS_":1`:       `AWS_STEP_FUNCTIONS_: unknown field`,
		`"AWS_REGION":"eu-west-1"`:      `AWS_REGION: unknown field`,
		`"aws_step_functions_x":1`:      `aws_step_functions_x: unknown field`,
		`"aws:states:execution":"x"`:    `"aws:states:execution": unknown field`,
		`"$id":"x"`:                     `"$id": unknown field`,
		`"$comment":"x"`:                `"$comment": unknown field`,
		`"schema":"x"`:                  `schema: unknown field`,
		`"scan":{"$schema":"x"}`:        `scan."$schema": unknown field`,
		`"export":{"$schema":"x"}`:      `export."$schema": unknown field`,
		`"Comment":"Insert your JSON."`: `Comment: unknown field: for Comment of the console's example, leave it out, and replace the whole input by the request`,
	} {
		wantProblems(t, `{"table":"orders","bucket":"b-1",`+member+`}`, []string{problem})
	}
}

// An event has no field of a request. One message says what to do, and not one for each member.
func TestEventsAreNoRequests(t *testing.T) {
	t.Parallel()
	const words = `got an event of EventBridge, want a request: give it as the input of the rule's or the schedule's target`
	for _, event := range []string{
		`{"version":"0","id":"6a7e8feb","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012","time":"2026-01-31T06:00:00Z","region":"eu-west-1","resources":["arn:aws:events:eu-west-1:123456789012:rule/nightly"],"detail":{}}`,
		`{"version":"0","id":"6a7e8feb","detail-type":"Scheduled Event","source":"aws.scheduler","account":"123456789012","time":"2026-01-31T06:00:00Z","region":"eu-west-1","resources":[],"detail":"{}"}`,
		`{"detail-type":null,"source":7,"table":"orders","bucket":"b-1"}`,
	} {
		wantProblems(t, event, []string{words})
	}
}
