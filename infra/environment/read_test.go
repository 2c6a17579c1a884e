package environment

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironmentIsCompleted(t *testing.T) {
	t.Parallel()
	got, err := parse("infra/environments/test-1.yaml", `
tables: [orders]
bucket: {name: replica, create: true}
schedules:
- {name: a, expression: rate(1 day), input: {table: orders}}
- {name: b, expression: rate(1 day), input: {table: orders}, retries: 0, timeZone: Asia/Tokyo, maximumEventAgeSeconds: 60, flexibleWindowMinutes: 5, disabled: true}
`)
	if err != nil {
		t.Fatal(err)
	}
	input := map[string]any{"table": "orders"}
	want := Environment{
		Name: "test-1", Tables: []string{"orders"}, Bucket: Bucket{Name: "replica", Create: true, AbortUploadsAfterDays: 21},
		Explain:   Explain{Metrics: new(true)},
		Functions: Functions{Architecture: "arm64"}, LogRetention: 30, Alarms: Alarms{Throttles: 1000}, Quotas: Quotas{ManagedPoliciesPerRole: 10},
		Schedules: []Schedule{
			{Name: "a", Expression: "rate(1 day)", TimeZone: "UTC", Retries: new(3), MaximumEventAgeSeconds: 3600, Input: input},
			{Name: "b", Expression: "rate(1 day)", TimeZone: "Asia/Tokyo", FlexibleWindowMinutes: 5, Retries: new(0), MaximumEventAgeSeconds: 60, Disabled: true, Input: input},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A boundary can be a policy of AWS, which is in no account.
func TestABoundaryOfAWSIsAccepted(t *testing.T) {
	t.Parallel()
	got, err := parse("test.yaml", "tables: [orders]\nbucket: {name: replica}\naccount: \"111122223333\"\nregion: eu-west-1\npermissionsBoundary: arn:aws:iam::aws:policy/PowerUserAccess")
	if err != nil || got.PermissionsBoundary == "" {
		t.Errorf("got %q, %v", got.PermissionsBoundary, err)
	}
}

func TestValuesAreTakenAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	got, err := parse("test.yaml", `
tables: [orders, "*-events", '2026', 'arn:aws:dynamodb:eu-west-1:012345678901:table/*']
bucket: {name: replica, owner: 012345678901}
prefix: ""
tags: {cost-center: 0815, version: 1.10, day: 2026-01-31, "on": "true", empty: ""}
alarms: {staleHours: {shop-events: 24}}
defaults:
  fileSizeBytes: 1048576
  scan:
    ConsistentRead: true
    FilterExpression: |
      #at > :at
    ExpressionAttributeNames: {"#at": at}
    ExpressionAttributeValues: {":at": {S: 2026-01-31T06:00:00Z}}
schedules:
- name: chain
  expression: rate(30 minutes)
  input: {table: arn:aws:dynamodb:eu-west-1:012345678901:table/orders, export: {from: last, to: 2026-01-31T06:00:00Z}}
`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bucket.Owner != "012345678901" {
		t.Errorf("got owner %q", got.Bucket.Owner)
	}
	tags := map[string]string{"cost-center": "0815", "version": "1.10", "day": "2026-01-31", "on": "true", "empty": ""}
	if diff := cmp.Diff(tags, got.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	defaults := map[string]any{"fileSizeBytes": int64(1048576), "scan": map[string]any{
		"ConsistentRead": true, "FilterExpression": "#at > :at\n", "ExpressionAttributeNames": map[string]any{"#at": "at"},
		"ExpressionAttributeValues": map[string]any{":at": map[string]any{"S": "2026-01-31T06:00:00Z"}},
	}}
	if diff := cmp.Diff(defaults, got.Defaults); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestNamesOfEnvironments(t *testing.T) {
	t.Parallel()
	for name, fit := range map[string]bool{
		"dev": true, "prod-eu-1": true, long(20): true,
		long(21): false, "Prod": false, "a_b": false, "a.b": false, "": false,
	} {
		_, err := parse("environments/"+name+".yaml", "tables: [orders]\nbucket: {name: replica}")
		if (err == nil) != fit {
			t.Errorf("%s: got %v, want it taken: %t", name, err, fit)
		}
		if err != nil && !strings.Contains(err.Error(), "want 1 to 20 of a-z 0-9 -") {
			t.Errorf("%s: got %q", name, err)
		}
	}
}

func TestEnvironmentThatDoesNotExist(t *testing.T) {
	t.Parallel()
	_, err := Find("../../examples/environments", "smalest")
	if err == nil || !strings.Contains(err.Error(), `there is no environment "smalest", did you mean "smallest"?; there are: accounts, catalog, network, parquet, schedules, smallest`) {
		t.Errorf("got %v", err)
	}
	if _, err := Find(t.TempDir(), "dev"); err == nil || !strings.Contains(err.Error(), "has no .yaml file") {
		t.Errorf("got %v", err)
	}
	for _, path := range []string{"../environments/smallest", "infra/environments/smallest.yaml", "smallest.yaml", "Smallest", "smallest "} {
		if _, err := Find("../../examples/environments", path); err == nil || !strings.Contains(err.Error(), `, did you mean "smallest"?; there are: `) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if _, err := Find("../../examples/environments", ""); err == nil || !strings.HasPrefix(err.Error(), "the name of the environment is missing: add ENV=NAME to make, or -c env=NAME to cdk; there are: accounts, ") {
		t.Errorf("got %v", err)
	}
	if _, err := Read("nowhere.yaml"); err == nil || !strings.HasPrefix(err.Error(), "read the environment: ") {
		t.Errorf("got %v", err)
	}
}

// The example has every field, so that none is forgotten in it: what is commented out there is taken in too.
func TestExampleHasEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../environments/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fieldsOf(Environment{}) {
		if !strings.Contains(string(text), field+":") {
			t.Errorf("example.yaml says nothing of %s", field)
		}
	}
	commented := strings.NewReplacer("# permissionsBoundary:", "permissionsBoundary:", "# vpc:", "vpc:", "#   ", "  ").Replace(string(text))
	got, err := parse("../environments/example.yaml", commented)
	if err != nil || got.VPC == nil || got.PermissionsBoundary == "" {
		t.Errorf("with its comments taken in: got %+v, %v", got, err)
	}
}

// fieldsOf returns the names of all fields of a struct and of those in it, as the file has them.
func fieldsOf(of any) []string {
	var names []string
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for field := range t.Fields() {
			if name := field.Tag.Get("json"); name != "-" {
				names = append(names, name)
				walk(field.Type)
			}
		}
	}
	walk(reflect.TypeOf(of))
	return names
}

// For any file, each problem is one line that begins with its place. The line is printable and not too long.
func FuzzParseEnvironment(f *testing.F) {
	files, err := filepath.Glob("../../examples/environments/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range []string{
		"", "tables: [*a", "? {a: b}\n: c", "a: &a [*a]", "<<: {tables: []}", "\xff", "tables: !!binary aGk=", "--- a\n--- b", "defaults: {a: .nan, 1: 0b1}",
		"schedules: [{name: a, expression: cron(* * * * ? *), input: {\"a\\nb\": 1, scan: {\";\": \": \"}}}]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := parse("test.yaml", text)
		if err == nil {
			return
		}
		for told := range strings.SplitSeq(err.Error(), "\n") {
			if i := strings.IndexFunc(told, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(told) || len(told) > 3000 {
				t.Errorf("%d bytes, not printable at %d: %.1000q", len(told), i, told)
			}
			rest, ok := strings.CutPrefix(told, "test.yaml:")
			number, _, _ := strings.Cut(rest, ":")
			if line, err := strconv.Atoi(number); !ok || err != nil || line < 1 {
				t.Errorf("got %q, want the file and the line first", told)
			}
		}
	})
}

// Editors put $schema into a file, and a request that somebody copies into a file has what others put into its input.
func TestMembersOfOthersAreAccepted(t *testing.T) {
	t.Parallel()
	got, err := parse("test.yaml", `
$schema: https://example.com/environment.json
tables: [orders]
bucket: {name: replica}
defaults: {$schema: ../docs/request.schema.json, compression: ZSTD}
schedules:
- name: a
  expression: rate(1 day)
  input: {$schema: ../docs/request.schema.json, table: orders, AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: "arn:x"}
`)
	if err != nil || got.Defaults["compression"] != "ZSTD" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = parse("test.yaml", "tables: [orders]\nbucket: {name: replica, $schema: x}\nAWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: x\n")
	for _, words := range []string{`bucket."$schema": unknown field`, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: unknown field"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %s", err, words)
		}
	}
}
