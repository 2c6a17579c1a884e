//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"dynamodb-to-s3/lambda/contract"
)

// The sizes that are computed before the synthesis are never smaller than the real ones, and not much larger. No policy is so large that
// the CDK moves it into a managed policy.
func TestPoliciesAreMeasured(t *testing.T) {
	large := func(codeFolder string) *Props {
		props := fullProps(codeFolder)
		for i := range 40 {
			props.Tables = append(props.Tables, fmt.Sprintf("a-table-of-a-service-%03d", i))
		}
		props.KMSKeys, props.DefaultKMSKey, props.Schedules = nil, false, nil
		return props
	}
	madeLarge, err := synthesize(large)
	if err != nil {
		t.Fatal(err)
	}
	for name, made := range map[string]template{"test": synth(t), "full": synthFull(t), "large": madeLarge} {
		props := map[string]func(string) *Props{"test": testProps, "full": fullProps, "large": large}[name]
		sizes := map[string]int{}
		for _, policy := range made.of(t, "AWS::IAM::Policy") {
			text, err := json.Marshal(policy.Properties["PolicyDocument"])
			if err != nil {
				t.Fatal(err)
			}
			for _, role := range policy.Properties["Roles"].([]any) {
				sizes[role.(string)] += len(text)
			}
		}
		for role, size := range sizes {
			if size > maxPolicies {
				t.Errorf("%s: the policies of %s have %d characters, IAM allows %d", name, role, size, maxPolicies)
			}
		}
		for _, function := range contract.Functions() {
			at := place{partition: "aws", region: "us-east-1", account: "000000000000"}
			measured, size := policySize(at, function, props("")), sizes[string(function)+"/Role"]
			if measured < size || measured > size+1500 {
				t.Errorf("%s: %s was measured as %d characters, and has %d", name, function, measured, size)
			}
		}
		policies(t, made) // fails if a role has others
	}
}
