package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/environment"
)

// testProps are the inputs of a stack with few fields and with its code in the given folder.
func testProps(codeFolder string) *Props {
	of := environment.Environment{Name: "test", Bucket: environment.Bucket{Name: "replica"}, Prefix: "dynamodb/{table}", Tables: []string{"orders", "customers"}}
	return &Props{Environment: of.WithDefaults(), CodeFolder: codeFolder}
}

// fullProps are the inputs of a stack with every field.
func fullProps(codeFolder string) *Props {
	const (
		key    = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
		remote = "arn:aws:kms:eu-west-1:222222222222:key/66666666-7777-8888-9999-000000000000"
	)
	of := environment.Environment{
		Name: "full", Account: "000000000000", Region: "us-east-1",
		Tables: []string{
			"orders", "sales-*", "arn:aws:dynamodb:eu-west-1:000000000000:table/remote", "arn:aws:dynamodb:us-east-1:222222222222:table/foreign-*",
		},
		Bucket:           environment.Bucket{Name: "replica", Create: true, Versioning: true, AbortUploadsAfterDays: 30},
		Prefix:           "dynamodb/{table}",
		KMSKeys:          []string{key, remote},
		DefaultKMSKey:    true,
		SourceRoles:      []string{"arn:aws:iam::222222222222:role/reader"},
		DestinationRoles: []string{"arn:aws:iam::333333333333:role/writer"},
		Defaults:         map[string]any{"compression": "ZSTD", "segments": 4},
		Functions: environment.Functions{
			Architecture: "x86_64",
			Limits:       map[string]environment.FunctionLimits{"scan": {MemoryMiB: 3008, TimeoutSeconds: 600}, "plan": {TimeoutSeconds: 90}, "convert": {MemoryMiB: 1024}},
		},
		Catalog:      &environment.Catalog{Database: "replica", Create: true},
		Prices:       map[string]float64{"readUnitsPerMillion": 0.25, "lambdaX86PerGBSecond": 0.00002},
		Retention:    &environment.Retention{KeepRuns: 7, KeepDays: 30, Tables: []string{"orders", "sales-*"}},
		LogRetention: 90,
		Schedules: []environment.Schedule{
			{Name: "hourly", Expression: "rate(1 hour)", Input: map[string]any{"table": "orders"}},
			{
				Name: "nightly", Expression: "cron(0 3 * * ? *)", TimeZone: "Europe/Berlin", FlexibleWindowMinutes: 15, Retries: new(int),
				MaximumEventAgeSeconds: 60, Disabled: true, Input: map[string]any{"table": "sales-1", "export": map[string]any{"exportType": "FULL"}},
			},
		},
		Notifications:       environment.Notifications{CreateTopic: true, Emails: []string{"on-call@example.com"}},
		Alarms:              environment.Alarms{StaleHours: map[string]int{"orders": 26, "sales-1": 168}, Throttles: 500},
		PermissionsBoundary: "arn:aws:iam::000000000000:policy/boundary",
		VPC: &environment.VPC{
			ID: "vpc-0123456789abcdef0", Subnets: []string{"subnet-11111111111111111", "subnet-22222222222222222"}, SecurityGroups: []string{"sg-33333333333333333"},
		},
		Tracing: true,
	}
	return &Props{Environment: of.WithDefaults(), CodeFolder: codeFolder}
}

// AddStack reports every problem before it adds anything, so this test needs no scope and no jsii.
func TestPropsAreChecked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Props)
		want   []string
	}{
		{"nothing is built", func(p *Props) { p.CodeFolder = "nowhere" }, []string{
			"the Lambda program is not built: nowhere/lambda.zip is missing, run `make build`",
		}},
		{"a folder in place of a program", func(p *Props) { replace(t, filepath.Join(p.CodeFolder, "lambda.zip")) }, []string{"lambda.zip is missing, run `make build`"}},
		{"too many tables", func(p *Props) { p.Tables = tablesOf(500, 255, 255) }, []string{
			"tables, kmsKeys, sourceRoles, destinationRoles: got 500 tables, 0 keys and 0 roles, which need 49 managed policies for the role of the function export, " +
				"want at most 10 managed policies of 6144 characters, which is the quota of IAM: the first 113 tables fit. Name similar tables by one pattern",
			"set quotas.managedPoliciesPerRole",
		}},
		{"one table too many", func(p *Props) { p.Tables = tablesOf(114, 255, 255) }, []string{"got 114 tables", "the first 113 tables fit"}},
		{"one table too many for the highest quota", func(p *Props) {
			p.Tables, p.Quotas.ManagedPoliciesPerRole = tablesOf(264, 255, 255), 25
		}, []string{"got 264 tables", "at most 25 managed policies", "the first 263 tables fit"}},
		{"too many keys", func(p *Props) {
			for i := range 500 {
				p.KMSKeys = append(p.KMSKeys, fmt.Sprintf("arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-%012d", i))
			}
		}, []string{"got 2 tables, 500 keys and 0 roles", "for the role of the function plan", "list fewer keys and roles"}},
		{"too many roles", func(p *Props) {
			for i := range 50 {
				p.SourceRoles = append(p.SourceRoles, fmt.Sprintf("arn:aws:iam::222222222222:role/a-path-that-is-rather-long/a-role-whose-name-is-long-as-well-%02d", i))
			}
		}, []string{"defaults, sourceRoles, destinationRoles: got environment variables of", "want at most 4096, which is the quota of Lambda: list fewer roles"}},
		{"a schedule's input", func(p *Props) {
			p.Schedules = []environment.Schedule{{Name: "s", Input: map[string]any{"prefix": strings.Repeat("p", 256<<10)}}}
		}, []string{"schedules: got 262221 bytes as the input of s, want at most 262144, which is the quota of Step Functions"}},
		{"too many schedules", func(p *Props) {
			p.Schedules = make([]environment.Schedule, 1999)
			p.Alarms.StaleHours = map[string]int{"orders": 1, "customers": 1}
		}, []string{"schedules, alarms.staleHours: got 1999 schedules, one for each table of a schedule, and 2 alarms, want at most 2000 together"}},
		{"all at once", func(p *Props) { p.Tables, p.CodeFolder = tablesOf(500, 255, 255), "nowhere" }, []string{"tables", "run `make build`"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := build(folder); err != nil {
				t.Fatal(err)
			}
			props := testProps(folder)
			test.change(props)
			err := AddStack(nil, "stack", props)
			if err == nil {
				t.Fatal("the stack was accepted")
			}
			for _, want := range append(test.want, "environment test: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if lines := strings.Count(err.Error(), "\n") + 1; lines > 2 {
				t.Errorf("got %d lines, want one for each kind of fault:\n%v", lines, err)
			}
		})
	}
}

// Alarms that are disabled do not count.
func TestAsManySchedulesAsCloudFormationChangesFit(t *testing.T) {
	t.Parallel()
	props := testProps(t.TempDir())
	props.Schedules, props.Alarms.StaleHours, props.Alarms.Disabled = make([]environment.Schedule, 2000), map[string]int{"orders": 1}, true
	if err := props.checkQuotas(); err != nil {
		t.Error(err)
	}
}

// In a place that is unknown before the deployment, a role has as many policies as in the region of aws with the longest name.
func TestAnUnknownPlaceCountsWithTheLongestNames(t *testing.T) {
	t.Parallel()
	for n := 60; n < 300; n += 8 {
		unknown, known := testProps(""), testProps("")
		unknown.Tables, known.Tables = tablesOf(n, 30, 40), tablesOf(n, 30, 40)
		known.Account, known.Region = "123456789012", "ap-northeast-3"
		for role, want := range known.allPolicies(known.longest()) {
			if got := unknown.allPolicies(unknown.longest())[role]; len(got) != len(want) {
				t.Errorf("%d tables: %s has %d policies, want %d", n, role, len(got), len(want))
			}
		}
	}
}

// tablesOf returns n names of tables, with lengths that go from shortest to longest again and again.
func tablesOf(n, shortest, longest int) []string {
	var tables []string
	for i := range n {
		name := fmt.Sprintf("service-%03d-", i)
		tables = append(tables, name+strings.Repeat("t", shortest+i%(longest-shortest+1)-len(name)))
	}
	return tables
}

// replace replaces a file by a folder.
func replace(t *testing.T, program string) {
	t.Helper()
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(program, 0o755); err != nil {
		t.Fatal(err)
	}
}

// build writes a file in the place of the program that `make build` writes. The CDK looks only at its name and content.
func build(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "lambda.zip"), []byte("a program"), 0o644)
}
