//go:build !race

package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// access is an action of a role on a resource.
type access struct{ role, action, resource string }

// allows reports whether a statement allows an access. It ignores conditions.
func allows(granted map[string][]statement, a access) bool {
	return slices.ContainsFunc(granted[a.role], func(s statement) bool {
		return s.Effect == "Allow" && slices.Contains(s.Action, a.action) &&
			slices.ContainsFunc(s.Resource, func(pattern string) bool { return covers(pattern, a.resource) })
	})
}

// compareAccess checks that the roles have one list of accesses and none of another. It ignores conditions.
func compareAccess(t *testing.T, granted map[string][]statement, yes, no []access) {
	t.Helper()
	for _, a := range yes {
		if !allows(granted, a) {
			t.Errorf("%s may not %s on %s", a.role, a.action, a.resource)
		}
	}
	for _, a := range no {
		if allows(granted, a) {
			t.Errorf("%s may %s on %s", a.role, a.action, a.resource)
		}
	}
}

// covers reports whether a pattern of IAM matches a resource. * matches any characters, also slashes, and ? matches one character.
func covers(pattern, resource string) bool {
	compiled := coverings[pattern]
	if compiled == nil {
		compiled = regexp.MustCompile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$")
		coverings[pattern] = compiled
	}
	return compiled.MatchString(resource)
}

// coverings are the compiled patterns.
var coverings = map[string]*regexp.Regexp{}

// statement is a statement of a policy.
type statement struct {
	Effect                                   string
	Action, Resource, NotAction, NotResource oneOrMore
	Principal                                map[string]oneOrMore
	Condition                                map[string]map[string]oneOrMore
}

// oneOrMore is a string or a list of strings: policies have both.
type oneOrMore []string

func (l *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// policies returns the statements of each role. It fails the test if a role has statements outside of its own policy.
func policies(t *testing.T, made template) map[string][]statement {
	t.Helper()
	for name, role := range made.of(t, "AWS::IAM::Role") {
		for _, property := range []string{"Policies", "ManagedPolicyArns"} {
			if role.Properties[property] != nil {
				t.Errorf("role %s has %s: %v", name, property, role.Properties[property])
			}
		}
	}
	statements := map[string][]statement{}
	for _, policy := range made.resources {
		if policy.Type != "AWS::IAM::Policy" && policy.Type != "AWS::IAM::ManagedPolicy" {
			continue
		}
		var body struct {
			PolicyDocument struct{ Statement []statement }
			Roles          []string
		}
		remarshal(t, policy.Properties, &body)
		for _, role := range body.Roles {
			statements[role] = append(statements[role], body.PolicyDocument.Statement...)
		}
	}
	return statements
}
