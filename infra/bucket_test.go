//go:build !race

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"

	"github.com/google/go-cmp/cmp"
)

// A new bucket is private and encrypted, has lifecycle rules, and stays when the stack is destroyed.
func TestBucket(t *testing.T) {
	made := synthFull(t)
	bucket := made.of(t, "AWS::S3::Bucket")["Bucket"]
	want := map[string]any{
		"BucketName": "replica",
		"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{
			"BucketKeyEnabled":              true,
			"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": fullProps("").KMSKeys[0]},
		}}},
		"LifecycleConfiguration": map[string]any{"Rules": []any{
			map[string]any{"Id": "AbortUnfinishedUploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": 30.0}},
			map[string]any{
				"Id": "RemoveOldVersions", "Status": "Enabled", "ExpiredObjectDeleteMarker": true,
				"NoncurrentVersionExpiration": map[string]any{"NoncurrentDays": 30.0},
			},
		}},
		"OwnershipControls": map[string]any{"Rules": []any{map[string]any{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"PublicAccessBlockConfiguration": map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
		"VersioningConfiguration": map[string]any{"Status": "Enabled"},
	}
	if diff := cmp.Diff(want, bucket.Properties); diff != "" {
		t.Errorf("the bucket (-want +got):\n%s", diff)
	}
	// The bucket stays when the stack is destroyed or the bucket is replaced. It is removed only if its creation fails.
	if bucket.DeletionPolicy != "RetainExceptOnCreate" || bucket.UpdateReplacePolicy != "Retain" {
		t.Errorf("got the deletion policy %q and the update policy %q", bucket.DeletionPolicy, bucket.UpdateReplacePolicy)
	}
	tlsOnly(t, made.of(t, "AWS::S3::BucketPolicy")["Bucket/Policy"], "s3:*", "arn:aws:s3:::Bucket", "arn:aws:s3:::Bucket/*")
}

// The template does not contain an existing bucket.
func TestNoBucket(t *testing.T) {
	made := synth(t)
	for name, each := range made.resources {
		if each.Type == "AWS::S3::Bucket" || each.Type == "AWS::S3::BucketPolicy" {
			t.Errorf("the stack has %s", name)
		}
	}
	for _, each := range []template{made, synthFull(t)} {
		if policy := each.outputs["BucketPolicy"]; policy != "" {
			t.Errorf("the bucket is in the stack's own account, but there is an output with its policy: %s", policy)
		}
	}
}

// Without a key in the environment, S3 encrypts with its own key. Without versioning there is no rule that removes versions.
func TestPlainBucket(t *testing.T) {
	made, err := synthesize(func(codeFolder string) *Props {
		props := testProps(codeFolder)
		props.Bucket.Create = true
		props.Environment = props.WithDefaults()
		return props
	})
	if err != nil {
		t.Fatal(err)
	}
	bucket := made.of(t, "AWS::S3::Bucket")["Bucket"]
	var got struct {
		BucketEncryption struct {
			ServerSideEncryptionConfiguration []struct {
				ServerSideEncryptionByDefault struct{ SSEAlgorithm string }
			}
		}
		LifecycleConfiguration struct {
			Rules []struct {
				ID                             string `json:"Id"`
				AbortIncompleteMultipartUpload struct{ DaysAfterInitiation int }
			}
		}
		VersioningConfiguration any
	}
	remarshal(t, bucket.Properties, &got)
	if got.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm != "AES256" || got.VersioningConfiguration != nil {
		t.Errorf("got %+v", got)
	}
	if rules := got.LifecycleConfiguration.Rules; len(rules) != 1 || rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation != 21 {
		t.Errorf("got the rules %+v", rules)
	}
}

// The output for the owner of a bucket in another account has exactly what the functions' policies allow.
func TestBucketPolicyOfOwner(t *testing.T) {
	const owner = "444444444444"
	made, err := synthesize(func(codeFolder string) *Props {
		props := testProps(codeFolder)
		props.Bucket.Owner = owner
		return props
	})
	if err != nil {
		t.Fatal(err)
	}
	var policy struct{ Statement []statement }
	if err := json.Unmarshal([]byte(made.outputs["BucketPolicy"]), &policy); err != nil {
		t.Fatalf("%v\n%s", err, made.outputs["BucketPolicy"])
	}
	if size, most := len(made.outputs["BucketPolicy"]), 20<<10; size > most {
		t.Errorf("the policy has %d bytes, S3 allows %d", size, most)
	}
	var want []statement
	roles := policies(t, made)
	for _, function := range contract.Functions() {
		role := string(function) + "/Role"
		for _, s := range roles[role] {
			if s.Condition["StringEquals"]["aws:ResourceAccount"] == nil {
				continue
			}
			if account := s.Condition["StringEquals"]["aws:ResourceAccount"]; !slices.Equal(account, oneOrMore{owner}) {
				t.Errorf("%s: %v on a bucket of %v", role, s.Action, account)
			}
			if delete(s.Condition, "StringEquals"); len(s.Condition) == 0 {
				s.Condition = nil
			}
			s.Principal = map[string]oneOrMore{"AWS": {"arn:aws:iam::000000000000:role/" + role}}
			want = append(want, s)
		}
	}
	if diff := cmp.Diff(single(want), single(policy.Statement)); diff != "" {
		t.Errorf("the bucket's policy (-functions +told):\n%s", diff)
	}
	if len(want) < 10 {
		t.Errorf("got %d statements", len(want))
	}
	for name, function := range made.of(t, "AWS::Lambda::Function") {
		var got struct {
			Environment struct{ Variables map[string]string }
		}
		remarshal(t, function.Properties, &got)
		req, err := request.Parse(json.RawMessage(`{"table":"orders"}`), json.RawMessage(got.Environment.Variables[contract.EnvDefaults]))
		if err != nil || req.BucketOwner != owner {
			t.Errorf("%s: the bucket's owner is %q by default, %v", filepath.Dir(name), req.BucketOwner, err)
		}
	}
}

// single returns statements with one action and one resource each, sorted. The CDK merges and sorts the statements of a policy.
func single(statements []statement) []string {
	var all []string
	for _, s := range statements {
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				all = append(all, fmt.Sprint(s.Effect, s.Principal, action, resource, s.NotAction, s.NotResource, s.Condition))
			}
		}
	}
	slices.Sort(all)
	return all
}

// tlsOnly checks that a resource policy has one statement, which denies everything without TLS.
func tlsOnly(t *testing.T, policy resource, actions string, resources ...string) {
	t.Helper()
	var got struct {
		PolicyDocument struct{ Statement []statement }
	}
	remarshal(t, policy.Properties, &got)
	want := []statement{{
		Effect: "Deny", Action: oneOrMore{actions}, Resource: resources, Principal: map[string]oneOrMore{"AWS": {"*"}},
		Condition: map[string]map[string]oneOrMore{"Bool": {"aws:SecureTransport": {"false"}}},
	}}
	if diff := cmp.Diff(want, got.PolicyDocument.Statement); diff != "" {
		t.Errorf("want TLS only (-want +got):\n%s", diff)
	}
}
