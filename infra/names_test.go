//go:build !race

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// scope is where a name must be unique.
type scope string

const (
	global  scope = "in an account, or in all of AWS"
	region  scope = "in an account and region"
	inside  scope = "inside another resource, which has a name of its own"
	noNames scope = "it names nothing that the stack makes"
)

// scopes are the scopes of the properties that are names or ids. CloudFormation chooses all other names, and makes them unique.
var scopes = map[string]scope{
	"AWS::CloudWatch::Dashboard DashboardName": global, // dashboards show metrics of all regions, so they belong to none
	"AWS::S3::Bucket BucketName":               global,
	"AWS::Scheduler::ScheduleGroup Name":       region,
	"AWS::Scheduler::Schedule Name":            inside, // its group
	"AWS::Scheduler::Schedule GroupName":       noNames,
	"AWS::IAM::Policy PolicyName":              inside, // its role
	"AWS::SNS::Topic DisplayName":              noNames,
	"AWS::SNS::Topic KmsMasterKeyId":           noNames,
	"AWS::CloudWatch::Alarm MetricName":        noNames,
	"AWS::Glue::Database CatalogId":            noNames, // the environment names the database
}

var naming = regexp.MustCompile(`Names?$|Ids?$|Identifier$|^Alias`)

// names returns the names in a template, by their scope. It fails the test for a name without a scope.
func names(t *testing.T, made template) map[scope][]string {
	t.Helper()
	found := map[scope][]string{}
	for id, each := range made.resources {
		for property, value := range each.Properties {
			if kind := each.Type + " " + property; naming.MatchString(property) {
				of, known := scopes[kind]
				if !known {
					t.Errorf("%s has %s %v: decide where it must be unique", id, kind, value)
				}
				found[of] = append(found[of], fmt.Sprintf("%s %v", kind, value))
			}
		}
	}
	return found
}

// The same environment can be deployed into several regions and accounts, and several environments into one region.
func TestDeploymentsStandBesideEachOther(t *testing.T) {
	places := map[string]map[scope][]string{}
	seen := map[string]bool{}
	for _, name := range []string{"one", "two"} {
		for _, where := range []string{"us-east-1", "eu-west-1"} {
			made, err := synthesizeStack(t.TempDir(), "stack-"+name, func(codeFolder string) *Props {
				props := fullProps(codeFolder)
				props.Name, props.Region, props.Bucket.Name = name, where, "replica-"+name+"-{account}-{region}"
				return props
			})
			if err != nil {
				t.Fatal(err)
			}
			places[name+" in "+where] = names(t, made)
			for kind := range scopes {
				for _, names := range places[name+" in "+where] {
					seen[kind] = seen[kind] || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, kind+" ") })
				}
			}
			for output, value := range made.outputs {
				if output == "BucketName" && value != "replica-"+name+"-000000000000-"+where {
					t.Errorf("the bucket is called %s", value)
				}
			}
		}
	}
	for kind := range scopes {
		if !seen[kind] {
			t.Errorf("no template has %s", kind)
		}
	}
	for one, names := range places {
		for other, others := range places {
			if one >= other {
				continue
			}
			for _, each := range names[global] {
				if slices.Contains(others[global], each) {
					t.Errorf("%s and %s: both have %s, which must be unique %s", one, other, each, global)
				}
			}
			_, oneRegion, _ := strings.Cut(one, " in ")
			_, otherRegion, _ := strings.Cut(other, " in ")
			for _, each := range names[region] {
				if oneRegion == otherRegion && slices.Contains(others[region], each) {
					t.Errorf("%s and %s: both have %s, which must be unique %s", one, other, each, region)
				}
			}
		}
	}
}

// Where the credentials of the deployment decide about the account and the region, the names have them too.
func TestNamesOfAnUnknownPlace(t *testing.T) {
	made, err := synthesize(func(codeFolder string) *Props {
		props := testProps(codeFolder)
		props.Bucket.Name, props.Bucket.Create = "replica-{account}-{region}", true
		return props
	})
	if err != nil {
		t.Fatal(err)
	}
	got := names(t, made)[global]
	slices.Sort(got)
	want := []string{"AWS::CloudWatch::Dashboard DashboardName stack-us-east-1", "AWS::S3::Bucket BucketName replica-000000000000-us-east-1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name, function := range made.of(t, "AWS::Lambda::Function") {
		if text := fmt.Sprint(function.Properties["Environment"]); !strings.Contains(text, `"bucket":"replica-000000000000-us-east-1"`) {
			t.Errorf("%s does not know its bucket: %s", name, text)
		}
	}
}
