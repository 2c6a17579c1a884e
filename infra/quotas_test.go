//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"dynamodb-to-s3/lambda/contract"
)

// holdQuotas checks what was synthesized against the quotas of CloudFormation, IAM, Lambda and EventBridge Scheduler. It returns the number of
// templates.
func holdQuotas(t *testing.T, folder string, made template, managedPolicies int) int {
	t.Helper()
	templates := 0
	eachTemplate(t, folder, func(name string, text []byte) {
		templates++
		var raw struct{ Resources, Parameters, Outputs, Mappings map[string]any }
		if err := json.Unmarshal(text, &raw); err != nil {
			t.Fatal(err)
		}
		if len(text) > 1_000_000 || len(raw.Resources) > 500 || len(raw.Parameters) > 200 || len(raw.Outputs) > 200 || len(raw.Mappings) > 200 {
			t.Errorf("%s has %d bytes, %d resources, %d parameters, %d outputs", name, len(text), len(raw.Resources), len(raw.Parameters), len(raw.Outputs))
		}
		t.Logf("%s: %d bytes, %d resources", name, len(text), len(raw.Resources))
	})
	if err := checkTemplates(filepath.Join(folder, "out"), "stack"); err != nil {
		t.Error(err)
	}
	inline, attached := map[string]int{}, map[string]int{}
	for name, policy := range made.resources {
		if policy.Type != "AWS::IAM::Policy" && policy.Type != "AWS::IAM::ManagedPolicy" {
			continue
		}
		text, err := json.Marshal(policy.Properties["PolicyDocument"]) // without white space, as IAM counts
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range policy.Properties["Roles"].([]any) {
			if policy.Type == "AWS::IAM::Policy" {
				inline[role.(string)] += len(text)
				continue
			}
			attached[role.(string)]++
			if len(text) > 6_144 {
				t.Errorf("the managed policy %s has %d characters, IAM allows 6144", name, len(text))
			}
		}
	}
	for role, size := range inline {
		t.Logf("%s: %d characters inline and %d managed policies", role, size, attached[role])
		if size > 10_240 || attached[role] > managedPolicies {
			t.Errorf("%s has %d characters of inline policies, and %d managed policies", role, size, attached[role])
		}
	}
	for name, role := range made.of(t, "AWS::IAM::Role") {
		if text, err := json.Marshal(role.Properties["AssumeRolePolicyDocument"]); err != nil || len(text) > 2_048 {
			t.Errorf("the trust policy of %s has %d characters, IAM allows 2048; %v", name, len(text), err)
		}
	}
	return templates
}

// An environment with as many tables as its account's quotas allow deploys, and each role has exactly the access that it needs.
func TestFiveHundredTablesDeploy(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Props)
	}{
		{"of 30 to 40 characters", func(p *Props) { p.Tables = tablesOf(495, 30, 40) }},
		{"in the region with the longest name", func(p *Props) {
			p.Tables, p.Account, p.Region = tablesOf(495, 30, 40), "000000000000", "ap-southeast-2"
		}},
		{"with a VPC, keys and traces", func(p *Props) {
			full := fullProps("")
			p.Tables, p.VPC, p.KMSKeys, p.Tracing, p.Account, p.Region = tablesOf(485, 30, 40), full.VPC, full.KMSKeys, true, full.Account, full.Region
			p.CustomerManagedKey = customerManagedKey
		}},
		{"of 255 characters", func(p *Props) { p.Tables = tablesOf(113, 255, 255) }},
		{"of 255 characters, in an account with the highest quota", func(p *Props) {
			p.Tables, p.Quotas.ManagedPoliciesPerRole = tablesOf(263, 255, 255), 25
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			var props *Props
			made, err := synthesizeInto(folder, func(codeFolder string) *Props {
				props = testProps(codeFolder)
				test.change(props)
				return props
			})
			if err != nil {
				t.Fatal(err)
			}
			holdQuotas(t, folder, made, props.Quotas.ManagedPoliciesPerRole)
			var yes, no []access
			for _, table := range props.Tables {
				arn := "arn:aws:dynamodb:" + or(props.Region, "us-east-1") + ":000000000000:table/" + table
				yes = append(yes,
					access{"plan/Role", "dynamodb:DescribeTable", arn}, access{"scan/Role", "dynamodb:Scan", arn}, access{"scan/Role", "dynamodb:Scan", arn + "/index/i"},
					access{"export/Role", "dynamodb:ExportTableToPointInTime", arn}, access{"export/Role", "dynamodb:DescribeExport", arn + "/export/e"},
					access{"StateMachine/Role", "dynamodb:DescribeExport", arn + "/export/e"})
				no = append(no, access{"scan/Role", "dynamodb:Scan", arn + "t"}, access{"export/Role", "dynamodb:ExportTableToPointInTime", arn + "-2"})
			}
			compareAccess(t, policies(t, made), yes[:60], no[:20])
			compareAccess(t, policies(t, made), yes[len(yes)-60:], no[len(no)-20:])
		})
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// If the region and the account of the tables are conditions, they are those of the tables.
func TestShortGrantsKeepTheirPlace(t *testing.T) {
	const eu, us = "arn:aws:dynamodb:eu-west-1:111111111111:table/", "arn:aws:dynamodb:us-east-1:111111111111:table/"
	got := allow(actions("dynamodb:Scan"), []string{eu + "a", us + "b", eu + "c/index/*"}).short()
	want := []grant{
		allow(actions("dynamodb:Scan"), []string{"arn:aws:dynamodb:*:*:table/a", "arn:aws:dynamodb:*:*:table/c/*"}).where(condition{
			"StringEquals": {"aws:RequestedRegion": {"eu-west-1"}}, "StringEqualsIfExists": {"aws:ResourceAccount": {"111111111111"}},
		}),
		allow(actions("dynamodb:Scan"), []string{"arn:aws:dynamodb:*:*:table/b"}).where(condition{
			"StringEquals": {"aws:RequestedRegion": {"us-east-1"}}, "StringEqualsIfExists": {"aws:ResourceAccount": {"111111111111"}},
		}),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, other := range []grant{
		allow(actions("dynamodb:ListExports"), []string{"*"}),
		allow(actions("s3:GetObject"), []string{"arn:aws:s3:::b/k"}),
		allow(actions("kms:Decrypt"), []string{"arn:aws:kms:eu-west-1:111111111111:key/k"}),
	} {
		if got := other.short(); fmt.Sprint(got) != fmt.Sprint([]grant{other}) {
			t.Errorf("got %v, want %v", got, other)
		}
	}
}

// The sizes that are computed before the synthesis are never smaller than the real ones, and not much larger.
func TestPoliciesAreMeasured(t *testing.T) {
	for name, made := range map[string]template{"test": synth(t), "full": synthFull(t)} {
		props := map[string]func(string) *Props{"test": testProps, "full": fullProps}[name]("")
		at := place{partition: "aws", region: "us-east-1", account: "000000000000"}
		for _, function := range props.functions() {
			role := string(function) + "/Role"
			text, err := json.Marshal(made.of(t, "AWS::IAM::Policy")[role+"/Permissions"].Properties["PolicyDocument"])
			if err != nil {
				t.Fatal(err)
			}
			measured := policyFrame
			for _, each := range props.policiesOf(at, function)[0] {
				measured += at.size(props, each)
			}
			others := 0
			for other, policy := range made.of(t, "AWS::IAM::Policy") {
				if policy.Properties["Roles"].([]any)[0] == role && other != role+"/Permissions" {
					text, err := json.Marshal(policy.Properties["PolicyDocument"])
					if err != nil {
						t.Fatal(err)
					}
					others += len(text)
				}
			}
			reserved := reservedInline
			if function == contract.FunctionPlan {
				reserved += 300
			}
			if size := len(text); measured < size || measured > size+size/8+20 || others > reserved {
				t.Errorf("%s: %s was measured as %d characters and has %d; its other policies have %d, and %d are reserved", name, function, measured, size, others, reserved)
			}
		}
	}
}

// A new table at the end of the list moves no permission to another policy: a moved permission can be missing for a moment, because
// CloudFormation changes one policy after the other.
func TestANewTableMovesNoPermission(t *testing.T) {
	policyOf := func(tables []string) map[access]int {
		props := testProps("")
		props.Tables, props.KMSKeys = tables, fullProps("").KMSKeys
		found := map[access]int{}
		for role, policies := range props.allPolicies(props.longest()) {
			for i, policy := range policies {
				for _, each := range policy {
					for _, resource := range each.resources {
						found[access{role, each.actions[0], resource}] = i
					}
				}
			}
		}
		return found
	}
	tables := tablesOf(500, 30, 40)
	for n := 45; n < len(tables); n += 13 {
		before, after := policyOf(tables[:n]), policyOf(tables[:n+1])
		for a, i := range before {
			if j, there := after[a]; there && i != j { // it is not there under the same name if the statements became shorter
				t.Errorf("table %d moves %v from policy %d to %d", n+1, a, i, j)
			}
		}
	}
}
