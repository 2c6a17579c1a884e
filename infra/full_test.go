//go:build !race

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"

	"github.com/google/go-cmp/cmp"
)

func TestFunctionsOfAnEnvironment(t *testing.T) {
	functions := synthFull(t).of(t, "AWS::Lambda::Function")
	want := map[contract.Function]struct{ memory, timeout float64 }{
		contract.FunctionPlan: {256, 90}, contract.FunctionScan: {3008, 600}, contract.FunctionExport: {256, 300},
		contract.FunctionColumns: {1769, 900}, contract.FunctionConvert: {1024, 900}, contract.FunctionFinalize: {1769, 900},
		contract.FunctionCatalog: {1769, 900}, contract.FunctionPrune: {512, 900},
	}
	for _, function := range contract.Functions() {
		var got struct {
			Architectures       []string
			MemorySize, Timeout float64
			TracingConfig       struct{ Mode string }
			VpcConfig           map[string][]string
			Environment         struct{ Variables map[string]string }
		}
		made := functions[string(function)+"/Function"]
		remarshal(t, made.Properties, &got)
		if got.MemorySize != want[function].memory || got.Timeout != want[function].timeout {
			t.Errorf("%s has %g MiB and %g s, want %v", function, got.MemorySize, got.Timeout, want[function])
		}
		if memory := got.Environment.Variables[contract.EnvScanMemory]; memory != "3008" {
			t.Errorf("%s gets %q as the memory of scan", function, memory)
		}
		if diff := cmp.Diff([]string{"x86_64"}, got.Architectures); diff != "" || got.TracingConfig.Mode != "Active" {
			t.Errorf("%s: %s %+v", function, diff, got.TracingConfig)
		}
		vpc := fullProps("").VPC
		if diff := cmp.Diff(map[string][]string{"SubnetIds": vpc.Subnets, "SecurityGroupIds": vpc.SecurityGroups}, got.VpcConfig); diff != "" {
			t.Errorf("%s is placed elsewhere (-want +got):\n%s", function, diff)
		}
		if policy := string(function) + "/Role/Permissions"; !strings.Contains(strings.Join(made.DependsOn, " "), policy) {
			t.Errorf("%s may be made, and called, before its role has %s: it depends on %v", function, policy, made.DependsOn)
		}
		req, err := request.Parse(json.RawMessage(`{"table":"orders"}`), json.RawMessage(got.Environment.Variables[contract.EnvDefaults]))
		if err != nil || req.Compression != request.CompressionZSTD || *req.Segments != 4 || req.KMSKeyID != fullProps("").KMSKeys[0] {
			t.Errorf("%s: the request's defaults give %+v, %v", function, req, err)
		}
		prices, err := price.Parse(got.Environment.Variables[contract.EnvPrices])
		if diff := cmp.Diff(price.Prices{price.ReadUnits: 0.25, price.LambdaX86: 0.00002}, prices); diff != "" || err != nil {
			t.Errorf("%s: prices, %v (-want +got):\n%s", function, err, diff)
		}
		roles, err := request.ParseAssumableRoles(got.Environment.Variables[contract.EnvAssumableRoles])
		if diff := cmp.Diff(&request.AssumableRoles{Source: fullProps("").SourceRoles, Destination: fullProps("").DestinationRoles}, roles); diff != "" || err != nil {
			t.Errorf("%s: assumable roles, %v (-want +got):\n%s", function, err, diff)
		}
	}
}

func TestLogsOfAnEnvironmentEnd(t *testing.T) {
	for name, group := range synthFull(t).of(t, "AWS::Logs::LogGroup") {
		if strings.HasSuffix(name, "/Logs") && group.Properties["RetentionInDays"] != 90.0 {
			t.Errorf("log group %s: got %v days, want 90", name, group.Properties["RetentionInDays"])
		}
	}
}

// A Task waits longer than the timeout of its function.
func TestTasksOutwaitFunctions(t *testing.T) {
	for name, machine := range synthFull(t).of(t, "AWS::StepFunctions::StateMachine") {
		if diff := cmp.Diff(map[string]any{"Enabled": true}, machine.Properties["TracingConfiguration"]); diff != "" {
			t.Errorf("%s: tracing (-want +got):\n%s", name, diff)
		}
		if name != "StateMachine" {
			continue // it calls no functions
		}
		type state struct {
			TimeoutSeconds float64
			ItemProcessor  struct {
				States map[string]struct{ TimeoutSeconds float64 }
			}
		}
		var definition struct{ States map[string]state }
		text, _ := machine.Properties["DefinitionString"].(string)
		if err := json.Unmarshal([]byte(text), &definition); err != nil {
			t.Fatal(err)
		}
		if len(text) > 1<<20 {
			t.Errorf("the definition has %d bytes, Step Functions allows 1 MiB", len(text))
		}
		for name, want := range map[string]float64{contract.StatePlan: 120, contract.StateStartExport: 330, contract.StateFinalize: 930} {
			if got := definition.States[name].TimeoutSeconds; got != want {
				t.Errorf("%s waits %g s, want %g", name, got, want)
			}
		}
		if got := definition.States[contract.StateScanSegments].ItemProcessor.States[contract.StateScanSegment].TimeoutSeconds; got != 630 {
			t.Errorf("ScanSegment waits %g s, want 630", got)
		}
	}
}

// The functions read tables in other regions. They read tables of other accounts only through roles, and export only the stack's own tables.
func TestAccessToTables(t *testing.T) {
	const (
		own     = "arn:aws:dynamodb:us-east-1:000000000000:table/"
		remote  = "arn:aws:dynamodb:eu-west-1:000000000000:table/remote"
		foreign = "arn:aws:dynamodb:us-east-1:222222222222:table/foreign-1"
	)
	yes, no := []access{
		{"plan/Role", "sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"},
		{"plan/Role", "sts:AssumeRole", "arn:aws:iam::333333333333:role/writer"},
		{"scan/Role", "sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"},
		{"scan/Role", "sts:AssumeRole", "arn:aws:iam::333333333333:role/writer"},
		{"finalize/Role", "sts:AssumeRole", "arn:aws:iam::333333333333:role/writer"},
	}, []access{
		{"finalize/Role", "sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"},
		{"plan/Role", "sts:AssumeRole", "arn:aws:iam::222222222222:role/admin"},
		{"scan/Role", "sts:AssumeRole", "arn:aws:iam::000000000000:role/admin"},
		{"export/Role", "sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"},
		{"export/Role", "sts:AssumeRole", "arn:aws:iam::333333333333:role/writer"},
	}
	for _, table := range []string{own + "orders", own + "sales-eu", remote} {
		yes = append(yes, access{"plan/Role", "dynamodb:DescribeTable", table}, access{"scan/Role", "dynamodb:Scan", table}, access{"scan/Role", "dynamodb:Scan", table + "/index/i"})
	}
	for _, table := range []string{foreign, own + "sale", own + "remote", own + "foreign-1"} {
		no = append(no, access{"plan/Role", "dynamodb:DescribeTable", table}, access{"scan/Role", "dynamodb:Scan", table})
	}
	for _, table := range []string{own + "orders", own + "sales-eu"} {
		yes = append(yes, access{"export/Role", "dynamodb:ExportTableToPointInTime", table},
			access{"export/Role", "dynamodb:DescribeExport", table + "/export/e"}, access{"StateMachine/Role", "dynamodb:DescribeExport", table + "/export/e"})
	}
	for _, table := range []string{remote, foreign} {
		no = append(no, access{"export/Role", "dynamodb:ExportTableToPointInTime", table},
			access{"export/Role", "dynamodb:DescribeExport", table + "/export/e"}, access{"StateMachine/Role", "dynamodb:DescribeExport", table + "/export/e"})
	}
	for _, key := range fullProps("").KMSKeys {
		for _, role := range []string{"plan/Role", "scan/Role", "export/Role", "finalize/Role"} {
			yes = append(yes, access{role, "kms:Decrypt", key}, access{role, "kms:GenerateDataKey", key})
			no = append(no, access{role, "kms:Decrypt", key + "0"}, access{role, "kms:Encrypt", key})
		}
	}
	compareAccess(t, policies(t, synthFull(t)), yes, no)
}

// The code of a function may not do what Lambda does with its role to connect the function to the VPC.
func TestCodeMayNotChangeTheNetwork(t *testing.T) {
	made := policies(t, synthFull(t))
	for _, function := range contract.Functions() {
		allowed, denied := map[string]bool{}, map[string]bool{}
		for _, s := range made[string(function)+"/Role"] {
			for _, action := range s.Action {
				switch {
				case !strings.HasPrefix(action, "ec2:"):
				case s.Effect == "Allow":
					allowed[action] = true
				case s.Resource[0] == "*" && s.Condition["ArnLike"]["lambda:SourceFunctionArn"][0] == "arn:aws:lambda:us-east-1:000000000000:function:*":
					denied[action] = true
				}
			}
		}
		if diff := cmp.Diff(allowed, denied); diff != "" || len(allowed) == 0 {
			t.Errorf("%s (-allowed +denied):\n%s", function, diff)
		}
		subnet, another := fullProps("").VPC.Subnets[0], "subnet-99999999999999999"
		const shared = "arn:aws:ec2:us-east-1:444444444444:subnet/"
		compareAccess(t, made,
			[]access{{string(function) + "/Role", "ec2:CreateNetworkInterface", shared + subnet}},
			[]access{{string(function) + "/Role", "ec2:CreateNetworkInterface", shared + another}})
	}
}
