//go:build !race

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// explanation says why a finding on a resource is intended.
type explanation struct {
	place   string // of the resource, in the stack
	finding string // a pattern of the finding
	why     string
}

// explained are the intended findings of cdk-nag's AwsSolutions pack.
var explained = []explanation{
	{"plan/Role/Permissions", `IAM5\[.*:s3:::replica/`, "a run's keys below any prefix that a request chooses; the last part of each is named"},
	{"scan/Role/Permissions", `IAM5\[.*:s3:::replica/`, "a run's keys below any prefix that a request chooses; data and lists are numbered"},
	{"export/Role/Permissions", `IAM5\[.*:s3:::replica/`, "DynamoDB writes an export below a name that nobody knows before, and with the rights of who starts it"},
	{"finalize/Role/Permissions", `IAM5\[.*:s3:::replica/`, "a run's keys below any prefix that a request chooses; data and lists are numbered"},
	{"plan/Role/Permissions", `IAM5\[.*:table/sales-\*\]`, "the environment names tables by a pattern"},
	{"scan/Role/Permissions", `IAM5\[.*:table/sales-\*\]`, "the environment names tables by a pattern"},
	{"export/Role/Permissions", `IAM5\[.*:table/sales-\*\]`, "the environment names tables by a pattern"},
	{"scan/Role/Permissions", `IAM5\[.*:table/.*/index/\*\]`, "a request may name any index of a table that may be read"},
	{"export/Role/Permissions", `IAM5\[.*:table/.*/export/\*\]`, "DynamoDB names the exports of a table"},
	{"StateMachine/Role/DefaultPolicy", `IAM5\[.*:table/.*/export/\*\]`, "DynamoDB names the exports of a table"},
	{"StateMachine/Role/DefaultPolicy", `IAM5\[Resource::<[a-z]+Function[0-9A-F]+.Arn>:\*\]`, "the CDK grants the versions of a function with it; there are none"},
	{"Takeover/Permissions", `IAM5\[.*:states:.*:execution:.*:\*\]`, "the executions of this state machine, of which one may have died with its run"},
	{"StateMachine/DistributedMapPolicy", `IAM5\[.*:states:.*:execution:.*:\*\]`, "the executions of this state machine and of its two Maps, whose names Step Functions makes"},
	{"export/Role/Permissions", `IAM5\[Resource::\*\]`, "dynamodb:ListExports knows no resource, nor does listing a VPC's network interfaces"},
	{"plan/Role/Permissions", `IAM5\[Resource::\*\]`, "listing a VPC's network interfaces knows no resource"},
	{"scan/Role/Permissions", `IAM5\[Resource::\*\]`, "listing a VPC's network interfaces knows no resource"},
	{"finalize/Role/Permissions", `IAM5\[Resource::\*\]`, "listing a VPC's network interfaces knows no resource"},
	{"plan/Role/Permissions", `IAM5\[.*:ec2:`, "Lambda makes and removes network interfaces with the role, in subnets that another account may share; the code itself is denied it"},
	{"scan/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"export/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"finalize/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"plan/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "X-Ray's actions know no resource"},
	{"scan/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "X-Ray's actions know no resource"},
	{"export/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "X-Ray's actions know no resource"},
	{"finalize/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "X-Ray's actions know no resource"},
	{"StateMachine/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "X-Ray's actions know no resource"},
	{"Bucket", `S1$`, "who reads a replica is for CloudTrail's data events, by the account's own rules; access logs would need a second bucket that nobody empties"},
	{"StateMachine", `SF1$`, "Step Functions keeps the history for 90 days; its delivery of logs would need rights over all of the account's log deliveries"},
	{"Schedules/Undelivered", `SQS3$`, "it is the dead-letter queue"},
}

// The test fails for a finding without an explanation, and for an explanation without a finding.
func TestNagFindsNothingUnexplained(t *testing.T) {
	folder := t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Outdir: jsii.String(filepath.Join(folder, "out"))})
	props := fullProps(filepath.Join(folder, "code"))
	if err := build(props.CodeFolder); err != nil {
		t.Fatal(err)
	}
	if err := AddStack(app, "stack", props); err != nil {
		t.Fatal(err)
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
	app.Synth(nil)

	used := make([]bool, len(explained))
	for _, found := range findings(t, filepath.Join(folder, "out")) {
		known := false
		for i, e := range explained {
			if e.place == found.place && regexp.MustCompile(e.finding).MatchString(found.finding) {
				used[i], known = true, true
			}
		}
		if !known {
			t.Errorf("unexplained, on %s: %s", found.place, found.finding)
		}
	}
	for i, e := range explained {
		if !used[i] {
			t.Errorf("explained, and not found any more, on %s: %s", e.place, e.finding)
		}
	}
}

// findings returns the findings in a cloud assembly.
func findings(t *testing.T, assembly string) []explanation {
	t.Helper()
	type metadata map[string][]struct {
		Type string
		Data any
	}
	var all []explanation
	rule := regexp.MustCompile(`^AwsSolutions-[A-Z0-9]+(\[.*?\])?:`)
	add := func(m metadata) {
		for path, entries := range m {
			for _, entry := range entries {
				text, _ := entry.Data.(string)
				if name := rule.FindString(text); name != "" {
					all = append(all, explanation{
						place: strings.TrimSuffix(strings.TrimPrefix(path, "/stack/"), "/Resource"), finding: strings.TrimSuffix(name, ":"),
					})
				}
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(assembly, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch base := filepath.Base(file); {
		case base == "manifest.json":
			var manifest struct {
				Artifacts map[string]struct{ Metadata metadata }
			}
			if err := json.Unmarshal(body, &manifest); err != nil {
				t.Fatal(err)
			}
			for _, artifact := range manifest.Artifacts {
				add(artifact.Metadata)
			}
		case strings.HasSuffix(base, ".metadata.json"):
			var m metadata
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatalf("%s: %v", base, err)
			}
			add(m)
		}
	}
	return all
}
