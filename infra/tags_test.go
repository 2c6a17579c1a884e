//go:build !race

package main

import (
	"testing"

	"dynamodb-to-s3/lambda/version"

	"github.com/google/go-cmp/cmp"
)

func taggedProps(codeFolder string) *Props {
	props := fullProps(codeFolder)
	props.Tags = map[string]string{"cost-center": "4711", "team": "data-platform"}
	return props
}

// Every resource that costs money is tagged, except dashboards: CloudFormation does not support their tags everywhere.
func TestTagsAreOnResources(t *testing.T) {
	made, err := synthesize(taggedProps)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"Key": "cost-center", "Value": "4711"}, map[string]any{"Key": "team", "Value": "data-platform"}}
	for _, kind := range []string{
		"AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::SQS::Queue",
		"AWS::SNS::Topic", "AWS::IAM::Role", "AWS::CloudWatch::Alarm", "AWS::Scheduler::ScheduleGroup",
	} {
		resources := made.of(t, kind)
		if len(resources) == 0 {
			t.Errorf("there is no %s", kind)
		}
		for name, resource := range resources {
			if diff := cmp.Diff(want, resource.Properties["Tags"]); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", kind, name, diff)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"cost-center": "4711", "team": "data-platform", "dynamodb-to-s3:version": version.Number}, made.tags); diff != "" {
		t.Errorf("the stack (-want +got):\n%s", diff)
	}
	for name, dashboard := range made.of(t, "AWS::CloudWatch::Dashboard") {
		if dashboard.Properties["Tags"] != nil {
			t.Errorf("dashboard %s has tags", name)
		}
	}
}
