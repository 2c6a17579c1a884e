//go:build !race

package main

import (
	stdcmp "cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"

	"github.com/google/go-cmp/cmp"
)

func TestOutputs(t *testing.T) {
	role := func(function string) string { return "arn:aws:iam::000000000000:role/" + function + "/Role" }
	want := map[string]string{
		"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:StateMachine", "BucketName": "replica",
		"PlanRoleArn": role("plan"), "ScanRoleArn": role("scan"), "ExportRoleArn": role("export"),
		"ColumnsRoleArn": role("columns"), "ConvertRoleArn": role("convert"), "FinalizeRoleArn": role("finalize"), "CatalogRoleArn": role("catalog"),
		"LogGroups": "plan/Logs scan/Logs export/Logs columns/Logs convert/Logs finalize/Logs catalog/Logs",
	}
	got := maps.Clone(synth(t).outputs)
	delete(got, "RunEndedEventPattern") // it has a test of its own
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a small environment (-want +got):\n%s", diff)
	}
	got = maps.Clone(synthFull(t).outputs)
	delete(got, "RunEndedEventPattern")
	want["PruneRoleArn"], want["CatalogDatabase"] = role("prune"), "replica"
	want["LogGroups"] += " prune/Logs"
	want["TopicArn"], want["UndeliveredQueueUrl"] = "arn:aws:sns:us-east-1:000000000000:Notifications/Topic", "Schedules/Undelivered"
	trust := func(functions ...string) string {
		var roles []string
		for _, function := range functions {
			roles = append(roles, role(function))
		}
		return fmt.Sprintf(`{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":["%s"]}}],"Version":"2012-10-17"}`, strings.Join(roles, `","`))
	}
	want["SourceRoleTrustPolicy"], want["DestinationRoleTrustPolicy"] = trust("plan", "scan"), trust("plan", "scan", "columns", "convert", "finalize", "catalog", "prune")
	want["KeyPolicy"] = got["KeyPolicy"] // below
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an environment with every field (-want +got):\n%s", diff)
	}
}

// The output for the policies of keys allows what the functions' own policies allow. In the policy of a key, * is the key.
func TestKeyPolicy(t *testing.T) {
	full := synthFull(t)
	var policy struct{ Statement []statement }
	if err := json.Unmarshal([]byte(full.outputs["KeyPolicy"]), &policy); err != nil {
		t.Fatalf("%v\n%s", err, full.outputs["KeyPolicy"])
	}
	var want []statement
	roles := policies(t, full)
	for _, function := range contract.Functions() {
		role := string(function) + "/Role"
		for _, s := range roles[role] {
			if s.Condition["StringEquals"]["kms:ViaService"] != nil {
				s.Resource, s.Principal = oneOrMore{"*"}, map[string]oneOrMore{"AWS": {"arn:aws:iam::000000000000:role/" + role}}
				want = append(want, s)
			}
		}
	}
	if diff := cmp.Diff(want, policy.Statement); diff != "" || len(want) < 8 {
		t.Errorf("the policy of the keys (-functions +told):\n%s", diff)
	}
}

// The documentation lists every output once, and names no output that does not exist.
func TestOutputsAreDocumented(t *testing.T) {
	outputs := map[string]bool{"BucketPolicy": true} // TestBucketPolicyOfOwner checks it, in a stack of its own
	for _, each := range []template{synth(t), synthFull(t), synthEncrypted(t)} {
		for name := range each.outputs {
			outputs[name] = true
		}
	}
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	mention := regexp.MustCompile("(?:outputs? `|, `|and `|output )([A-Z][a-z]+[A-Z]\\w+)\\b")
	named := 0
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../examples/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "output") {
				continue
			}
			for _, found := range mention.FindAllStringSubmatch(line, -1) {
				if named++; !outputs[found[1]] {
					t.Errorf("%s names the output %s, which does not exist", page, found[1])
				}
			}
		}
		if filepath.Base(page) != "operations.md" {
			continue
		}
		_, list, _ := strings.Cut(string(text), "## Outputs of the stack")
		list, _, _ = strings.Cut(list, "\n## ")
		var listed []string
		for _, row := range regexp.MustCompile("(?m)^\\| (`.+?`) \\|").FindAllStringSubmatch(list, -1) {
			for name := range strings.SplitSeq(strings.ReplaceAll(row[1], "`", ""), ", ") {
				listed = append(listed, name)
			}
		}
		slices.Sort(listed)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(outputs)), listed); diff != "" {
			t.Errorf("operations.md lists the outputs (-stack +page):\n%s", diff)
		}
	}
	if named < 10 {
		t.Errorf("the pages name %d outputs", named)
	}
}

// The page about deployments lists every service that a deployment needs rights for.
func TestServicesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "in the services ")
	list, _, _ = strings.Cut(list, ".")
	listed := map[string]bool{}
	for _, found := range regexp.MustCompile("`([a-z0-9]+)`").FindAllStringSubmatch(list, -1) {
		listed[found[1]] = true
	}
	actions := map[string]string{"StepFunctions": "states"} // where the prefix of the actions is another word than the resource type's
	for name, each := range synthFull(t).resources {
		service := strings.Split(each.Type, "::")[1]
		if prefix := stdcmp.Or(actions[service], strings.ToLower(service)); !listed[prefix] {
			t.Errorf("%s, a %s, needs the service %s, which docs/deploy.md does not list", name, each.Type, prefix)
		}
	}
}
