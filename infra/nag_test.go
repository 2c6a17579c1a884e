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
	{"plan/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; the last part of each key is fixed"},
	{"scan/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; data and lists have numbers"},
	{"export/Role/Permissions", `IAM5\[.*:s3:::replica/`, "DynamoDB writes an export with the rights of the caller, below a name that is unknown before"},
	{"columns/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; lists have numbers"},
	{"convert/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; data, lists and staged files have numbers"},
	{"finalize/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; data and lists have numbers"},
	{"catalog/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; lists and exports have numbers"},
	{"prune/Role/Permissions", `IAM5\[.*:s3:::replica/`, "keys of runs below any prefix, because requests choose the prefix; only what runs and DynamoDB write"},
	{"catalog/Role/Permissions", `IAM5\[.*:glue:.*:table/replica/\*\]`, "requests choose the names of the tables; the database is named"},
	{"prune/Role/Permissions", `IAM5\[.*:glue:.*:table/replica/\*\]`, "as in catalog"},
	{"plan/Role/Permissions", `IAM5\[.*:table/sales-\*\]`, "the environment names tables by a pattern"},
	{"scan/Role/Permissions", `IAM5\[.*:table/sales-\*\]`, "the environment names tables by a pattern"},
	{"export/Role/Permissions", `IAM5\[.*:table/sales-\*\]`, "the environment names tables by a pattern"},
	{"plan/Role/Permissions", `IAM5\[.*:table/.*/index/\*\]`, "as in scan"},
	{"scan/Role/Permissions", `IAM5\[.*:table/.*/index/\*\]`, "a request may name any index of a table that may be read"},
	{"export/Role/Permissions", `IAM5\[.*:table/.*/export/\*\]`, "DynamoDB chooses the names of exports"},
	{"StateMachine/Role/Permissions", `IAM5\[.*:table/.*/export/\*\]`, "DynamoDB chooses the names of exports"},
	{"StateMachine/Role/DefaultPolicy", `IAM5\[Resource::<[a-z]+Function[0-9A-F]+.Arn>:\*\]`, "the CDK also grants the versions of a function, which do not exist"},
	{"Takeover/Permissions", `IAM5\[.*:states:.*:execution:.*:\*\]`, "plan reads the status of any execution of this state machine"},
	{"StateMachine/DistributedMapPolicy", `IAM5\[.*:states:.*:execution:.*:\*\]`, "Step Functions chooses the names of the executions of this state machine and of its Maps"},
	{"export/Role/Permissions", `IAM5\[Resource::\*\]`, "dynamodb:ListExports and the listing of a VPC's network interfaces support no resources"},
	{"plan/Role/Permissions", `IAM5\[Resource::\*\]`, "cloudwatch:GetMetricData and the listing of a VPC's network interfaces support no resources"},
	{"scan/Role/Permissions", `IAM5\[Resource::\*\]`, "the listing of a VPC's network interfaces supports no resources"},
	{"columns/Role/Permissions", `IAM5\[Resource::\*\]`, "the listing of a VPC's network interfaces supports no resources"},
	{"convert/Role/Permissions", `IAM5\[Resource::\*\]`, "the listing of a VPC's network interfaces supports no resources"},
	{"finalize/Role/Permissions", `IAM5\[Resource::\*\]`, "the listing of a VPC's network interfaces supports no resources"},
	{"catalog/Role/Permissions", `IAM5\[Resource::\*\]`, "the listing of a VPC's network interfaces supports no resources"},
	{"prune/Role/Permissions", `IAM5\[Resource::\*\]`, "the listing of a VPC's network interfaces supports no resources"},
	{"plan/Role/Permissions", `IAM5\[.*:ec2:`, "Lambda uses the role to create and remove network interfaces in subnets that another account may share; the code is denied these actions"},
	{"scan/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"export/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"columns/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"convert/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"finalize/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"catalog/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"prune/Role/Permissions", `IAM5\[.*:ec2:`, "as in plan"},
	{"plan/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"scan/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"export/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"columns/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"convert/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"finalize/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"catalog/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"prune/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"StateMachine/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"Notifications/Explain/Role/DefaultPolicy", `IAM5\[Resource::\*\]`, "the actions of X-Ray support no resources"},
	{"Bucket", `S1$`, "CloudTrail's data events record reads of the replica, as the account decides; access logs would need a second bucket that nobody empties"},
	{"StateMachine", `SF1$`, "Step Functions keeps the history for 90 days; a delivery of logs would need permissions for all log deliveries of the account"},
	{"Notifications/Explain", `SF1$`, "as for the state machine of runs"},
	{"Notifications/Explain/Role/DefaultPolicy", `IAM5\[.*:states:.*:(execution|mapRun):.*[:/]\*\]`, "Step Functions chooses the names of Map Runs and of their children, and users those of executions"},
	{"Schedules/Undelivered", `SQS3$`, "it is the dead-letter queue"},
}

// The test fails for a finding without an explanation, and for an explanation without a finding.
func TestNagFindsNothingUnexplained(t *testing.T) {
	folder := t.TempDir()
	app, err := newApp(settings, filepath.Join(folder, "out"))
	if err != nil {
		t.Fatal(err)
	}
	props := fullProps(filepath.Join(folder, "code"))
	props.CustomerManagedKey = customerManagedKey
	if err := build(props.CodeFolder); err != nil {
		t.Fatal(err)
	}
	if err := AddStack(app, "stack", props); err != nil {
		t.Fatal(err)
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
	synth := func() (err error) {
		defer recoverFrom("of the test", &err)
		app.Synth(nil)
		return nil
	}
	if err := synth(); err == nil || !strings.Contains(err.Error(), "Validation failed") {
		t.Fatalf("got %v, want a validation that fails because of the findings below", err)
	}

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
			t.Errorf("explained but not found on %s: %s", e.place, e.finding)
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
