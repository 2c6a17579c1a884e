package definition

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/finalize"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
)

// states returns every state of the embedded definition, also the states inside the Maps.
func states(t *testing.T) map[string]state {
	t.Helper()
	var m machine
	if err := json.Unmarshal(JSON, &m); err != nil {
		t.Fatalf("the definition is not JSON: %v", err)
	}
	all := map[string]state{}
	var add func(machine)
	add = func(m machine) {
		for name, s := range m.States {
			if _, twice := all[name]; twice {
				t.Errorf("there are two states %q", name)
			}
			all[name] = s
			if s.ItemProcessor != nil {
				add(*s.ItemProcessor)
			}
		}
	}
	add(m)
	return all
}

func TestStatesAreThoseOfContract(t *testing.T) {
	t.Parallel()
	want := constants(t, "contract/contract.go", func(name string) bool { return strings.HasPrefix(name, "State") })
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(states(t)))); diff != "" {
		t.Errorf("states (-constants of contract +definition):\n%s", diff)
	}
}

func TestTasksAreFunctionsOfContract(t *testing.T) {
	t.Parallel()
	function := func(function contract.Function) string {
		return "arn:aws:lambda:us-east-1:000000000000:function:" + string(function)
	}
	want := map[string]string{
		contract.StatePlan: function(contract.FunctionPlan), contract.StateScanSegment: function(contract.FunctionScan),
		contract.StateStartExport: function(contract.FunctionExport), contract.StateFinalize: function(contract.FunctionFinalize),
		contract.StateCompleteBatch: function(contract.FunctionFinalize),
		contract.StateColumns:       function(contract.FunctionColumns), contract.StateConvertSegment: function(contract.FunctionConvert),
		contract.StateCatalog: function(contract.FunctionCatalog), contract.StatePrune: function(contract.FunctionPrune),
		contract.StateDescribeExport: "arn:aws:states:::aws-sdk:dynamodb:describeExport", // not a function
	}
	got := map[string]string{}
	for name, s := range states(t) {
		if s.Type == "Task" {
			got[name] = s.Resource
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tasks and what they call (-want +got):\n%s", diff)
	}
	for _, each := range contract.Functions() {
		if !slices.Contains(slices.Collect(maps.Values(got)), function(each)) {
			t.Errorf("no task calls the function %s", each)
		}
	}
}

func TestErrorNamesArePermanentOrTransient(t *testing.T) {
	t.Parallel()
	var got []string
	for _, name := range failure.Names() {
		got = append(got, string(name))
	}
	slices.Sort(got)
	want := constants(t, "failure/failure.go", func(string) bool { return true })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error names (-constants of failure +Names):\n%s", diff)
	}
}

// Only the first Retry that matches applies.
func TestPermanentErrorsAreNotRetried(t *testing.T) {
	t.Parallel()
	var permanent []string
	for _, name := range failure.Names() {
		if name.Permanent() {
			permanent = append(permanent, string(name))
		}
	}
	function := func(attempts int) []retrier {
		return []retrier{
			{ErrorEquals: permanent, MaxAttempts: new(0)},
			{ErrorEquals: []string{"States.ALL"}, MaxAttempts: new(attempts)},
		}
	}
	want := map[string][]retrier{
		contract.StatePlan: function(3), contract.StateScanSegment: function(6), contract.StateStartExport: function(6), contract.StateFinalize: function(6),
		contract.StateCompleteBatch: function(6), contract.StateColumns: function(6), contract.StateConvertSegment: function(6),
		contract.StateCatalog: function(6), contract.StatePrune: function(6),
		// An error without its own exception in the SDK for Java is a DynamoDbException.
		contract.StateDescribeExport: {
			{ErrorEquals: []string{"DynamoDb.ExportNotFoundException"}, MaxAttempts: new(0)},
			{ErrorEquals: []string{
				"DynamoDb.ThrottlingException", "DynamoDb.RequestLimitExceededException", "DynamoDb.LimitExceededException",
				"DynamoDb.ProvisionedThroughputExceededException", "DynamoDb.DynamoDbException",
			}, MaxAttempts: new(5)},
			{ErrorEquals: []string{"States.ALL"}, MaxAttempts: new(3)},
		},
	}
	got := map[string][]retrier{}
	for name, s := range states(t) {
		if s.Type == "Task" || len(s.Retry) > 0 {
			got[name] = s.Retry
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Retry by state (-want +got):\n%s", diff)
	}
}

// Any other Catch would lead to a Fail state. A redrive would enter the Fail state again, and the scanned segments would be lost. The Catch
// of a check leads to the end of its child, so the export function makes the check.
func TestOnlyPlanAndChecksAreCaught(t *testing.T) {
	t.Parallel()
	var names []string
	for _, name := range failure.Names() {
		names = append(names, string(name))
	}
	want := map[string][]catcher{
		contract.StatePlan: {
			{ErrorEquals: names, Next: contract.StateReadCause, ResultPath: new("$")},
			{ErrorEquals: []string{"States.ALL"}, Next: contract.StateAWSCause, ResultPath: new("$")},
		},
		contract.StateDescribeExport: {{ErrorEquals: []string{"States.ALL"}, Next: contract.StateCheckFailed, ResultPath: new("$.error")}},
	}
	got := map[string][]catcher{}
	for name, s := range states(t) {
		if len(s.Catch) > 0 {
			got[name] = s.Catch
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Catch by state (-want +got):\n%s", diff)
	}
}

// The functions refuse a payload with an unknown field.
func TestPayloadsAreWhatFunctionsTake(t *testing.T) {
	t.Parallel()
	all := states(t)
	scan := maps.Clone(all[contract.StateScanSegments].ItemSelector)
	checkpoint, _ := strings.CutPrefix(*all[contract.StateScanSegment].ResultPath, "$.")
	scan[checkpoint] = nil
	convert := maps.Clone(all[contract.StateConvertSegments].ItemSelector)
	checkpoint, _ = strings.CutPrefix(*all[contract.StateConvertSegment].ResultPath, "$.")
	convert[checkpoint] = nil
	followed := all[contract.StateFollowExports]
	if followed.ItemSelector != nil || *followed.ResultPath != followed.ItemsPath {
		t.Errorf("%s: got ItemSelector %v, ItemsPath %s and ResultPath %s, want the items without changes, and the outputs of the children in their place",
			contract.StateFollowExports, followed.ItemSelector, followed.ItemsPath, *followed.ResultPath)
	}
	for _, test := range []struct {
		state   string
		payload map[string]json.RawMessage
		into    any
	}{
		{contract.StatePlan, all[contract.StatePlan].Parameters, run.PlanInput{}},
		{contract.StatePlan + " execution", object(t, all[contract.StatePlan].Parameters["execution"]), run.Execution{}},
		{contract.StateScanSegment, scan, run.ScanInput{}},
		{contract.StateStartExport, all[contract.StateStartExport].Parameters, run.ExportInput{}},
		{contract.StateColumns, all[contract.StateColumns].Parameters, run.ColumnsInput{}},
		{contract.StateConvertSegment, convert, run.ConvertInput{}},
		{contract.StateCountCheck, all[contract.StateCountCheck].Parameters, run.FollowedExport{}},
		{contract.StateCheckFailed, all[contract.StateCheckFailed].Parameters, run.FollowedExport{}},
		{contract.StateCatalog, all[contract.StateCatalog].Parameters, run.CatalogInput{}},
		{contract.StatePrune, all[contract.StatePrune].Parameters, run.PruneInput{}},
		{contract.StateFinalize, with(all[contract.StateFinalize].Parameters, "batch"), run.FinalizeInput{}},
		{contract.StateCompleteBatch, with(all[contract.StateCompleteBatch].Parameters, "export"), run.FinalizeInput{}},
	} {
		var got []string
		for name := range test.payload {
			got = append(got, strings.TrimSuffix(name, ".$"))
		}
		slices.Sort(got)
		if diff := cmp.Diff(fields(test.into), got); diff != "" {
			t.Errorf("%s: fields (-%T +payload):\n%s", test.state, test.into, diff)
		}
	}
	for _, each := range []string{contract.StateScanSegment, contract.StateConvertSegment} {
		if own := all[each].Parameters; own != nil {
			t.Errorf("%s: got Parameters %v, want the state's whole input", each, own)
		}
	}
	// The answer of Columns replaces the state, so it must have what the states after it read.
	if path := all[contract.StateColumns].ResultPath; path != nil {
		t.Errorf("%s: got the ResultPath %s, want none", contract.StateColumns, *path)
	}
	if diff := cmp.Diff([]string{"concurrency", "export", "plan", "segments"}, fields(run.ColumnsOutput{})); diff != "" {
		t.Errorf("the answer of %s (-want +got):\n%s", contract.StateColumns, diff)
	}
}

func TestMostSegmentsFitAPayload(t *testing.T) {
	t.Parallel()
	// The longest possible names, and expressions of the maximum size of DynamoDB.
	long := func(n int) string { return strings.Repeat("x", n) }
	total := int64(request.MaxSegments)
	plan := run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: long(81), ExecutionID: "arn:aws:states:ap-southeast-2:123456789012:execution:" + long(80) + ":" + long(80),
		StartTime: time.Date(2026, 1, 31, 23, 59, 59, 123_000_000, time.UTC),
		Table:     long(255), TableARN: "arn:aws:dynamodb:ap-southeast-2:123456789012:table/" + long(255), TableID: long(36),
		Bucket: long(63), BucketOwner: "123456789012", KMSKeyID: long(100), Root: long(900),
		Scan: &run.ScanPlan{
			SourceRoleARN: long(2048), DestinationRoleARN: long(2048), TableRegion: long(14),
			Request: request.Scan{
				IndexName: long(255), FilterExpression: long(4096), ProjectionExpression: long(4096), TotalSegments: &total,
				ExpressionAttributeNames:  map[string]string{"#a": long(255)},
				ExpressionAttributeValues: map[string]request.AttributeValue{":a": json.RawMessage(`{"S":"` + long(4096) + `"}`)},
			},
			TotalSegments: request.MaxSegments, Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP, FileSizeBytes: request.MaxFileSize,
		},
	}
	segments := plan.Scan.Segments()
	output, err := json.Marshal(run.PlanOutput{Plan: plan, Segments: segments, Concurrency: request.MaxSegments})
	if err != nil {
		t.Fatal(err)
	}
	if len(segments) != request.MaxSegments || len(output) > quota.MaxPayloadBytes {
		t.Errorf("the plan of %d segments has %d bytes, Step Functions carries %d", len(segments), len(output), quota.MaxPayloadBytes)
	}
	t.Logf("plan of %d segments: %d bytes of %d", request.MaxSegments, len(output), quota.MaxPayloadBytes)
	// The batches of Finalize come beside the plan.
	last := request.MaxSegments - 1
	batches, err := json.Marshal(run.FinalizeOutput{Batches: slices.Repeat([]run.Batch{{First: last, Last: last}}, finalize.MostBatches)})
	if err != nil {
		t.Fatal(err)
	}
	if len(output)+len(batches) > quota.MaxPayloadBytes {
		t.Errorf("the plan has %d bytes and the batches %d, Step Functions carries %d", len(output), len(batches), quota.MaxPayloadBytes)
	}
	// The Maps collect the outputs of their children before they drop them.
	for _, end := range []string{contract.StateSegmentEnd, contract.StateBatchEnd, contract.StateConvertEnd} {
		if gathered := (len(states(t)[end].Result) + len(",")) * request.MaxSegments; gathered > quota.MaxPayloadBytes {
			t.Errorf("%s: the outputs of %d children have %d bytes, Step Functions carries %d", end, request.MaxSegments, gathered, quota.MaxPayloadBytes)
		}
	}
}

// with returns the payload of a state with a field that only another state gives to the function.
func with(payload map[string]json.RawMessage, field string) map[string]json.RawMessage {
	payload = maps.Clone(payload)
	payload[field] = nil
	return payload
}

// constants returns the sorted values of the string constants in a file below lambda/ whose names are wanted.
func constants(t *testing.T, file string, wanted func(name string) bool) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "../../lambda/"+file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, declaration := range parsed.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			literal, ok := constant.Values[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING || !wanted(constant.Names[0].Name) {
				continue
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

// fields returns the sorted JSON names of the fields of a struct.
func fields(of any) []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(of)) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func object(t *testing.T, raw json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	return members
}
