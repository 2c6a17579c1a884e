package function_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// learning is the request of a run whose scan learns.
func learning(table, bucket, fields string) string {
	return fmt.Sprintf(`{"table": %q, "bucket": %q, "catalog": {"table": "orders"}, %s}`, table, bucket, fields)
}

// learn calls the function catalog for a committed run, and returns the schema that it has decided.
func (e execution) learn(plan run.Plan) (decided run.Schema, err error) {
	e.t.Helper()
	shown, err := call[run.Cataloged](e, contract.FunctionCatalog, run.CatalogInput{Plan: plan})
	if err != nil {
		return decided, err
	}
	if err := json.Unmarshal([]byte(get(e.t, plan.Bucket, plan.Final().Schema())), &decided); err != nil {
		e.t.Fatal(err)
	}
	if decided.Count() == 0 { // the reason says that there is no table
		return decided, nil
	}
	want := &run.LearnedSchema{
		Object: "s3://" + plan.Bucket + "/" + plan.Final().Schema(), Columns: decided.Count(), Rest: decided.Rest, Last: decided.Last, Drift: decided.Drift,
	}
	if len(want.Rest) > 100 && shown.Schema != nil && len(shown.Schema.Rest) <= 101 { // the result has the first ones
		want.Rest = shown.Schema.Rest
	}
	if diff := cmp.Diff(want, shown.Schema, cmpopts.EquateEmpty()); diff != "" || shown.SQL == nil {
		e.t.Errorf("catalog returns %+v (-want +got):\n%s", shown, diff)
	}
	return decided, nil
}

// learned runs the execution to its end, and returns the schema.
func (e execution) learned() (run.Plan, run.Schema) {
	e.t.Helper()
	planned := e.scanned()
	_, err := e.finalize(planned.Plan)
	var decided run.Schema
	if err == nil {
		decided, err = e.learn(planned.Plan)
	}
	if err != nil {
		e.t.Fatal(err)
	}
	return planned.Plan, decided
}

// data returns the bytes of the objects of a run, one after the other.
func data(t *testing.T, plan run.Plan) string {
	t.Helper()
	var all strings.Builder
	for _, key := range testservers.Keys(t, plan.Bucket, plan.Layout().DataPrefix()) {
		all.WriteString(get(t, plan.Bucket, key))
	}
	return all.String()
}

// tree returns what the only segment of a run has learned.
func tree(t *testing.T, plan run.Plan) string {
	t.Helper()
	list, err := run.ParseSegmentList([]byte(get(t, plan.Bucket, plan.Layout().SegmentEnd(0))))
	if err != nil {
		t.Fatal(err)
	}
	return string(list.Schema)
}

// A scan that learns writes the same bytes as one that does not. It decides the same columns as a run of the same records in PARQUET.
func TestScanLearnsInItsOnlyPass(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 400)
	for _, test := range []struct{ name, fields, parquet string }{
		{"JSON", `"format": "JSON"`, `"format": "PARQUET"`},
		{"ION", `"format": "ION"`, `"format": "PARQUET"`},
		{"several segments", `"format": "JSON", "segments": 3`, `"format": "PARQUET"`},
		{
			"a transform", `"transform": ".orderId as $id | .lines[] | {id: $id, sku, price, tags: [.sku]}"`,
			`"format": "PARQUET", "transform": ".orderId as $id | .lines[] | {id: $id, sku, price, tags: [.sku]}"`,
		},
		{"a transform of nothing", `"transform": "empty"`, `"format": "PARQUET", "transform": "empty"`},
		{"some items", `"format": "JSON", "scan": {"FilterExpression": "contains(orderId, :a)", "ExpressionAttributeValues": {":a": {"S": "1"}}}`, `"format": "PARQUET", "scan": {"FilterExpression": "contains(orderId, :a)", "ExpressionAttributeValues": {":a": {"S": "1"}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			plan, decided := execution{t: t, name: "learns", request: learning(table, bucket, test.fields)}.learned()
			plain := execution{t: t, name: "plain", request: fmt.Sprintf(`{"table": %q, "bucket": %q, %s}`, table, bucket, test.fields)}
			planned := plain.scanned()
			if _, err := plain.finalize(planned.Plan); err != nil {
				t.Fatal(err)
			}
			if data(t, plan) != data(t, planned.Plan) || !plan.Learns() || planned.Plan.Learns() {
				t.Error("a scan that learns writes other bytes")
			}
			made, err := execution{t: t, name: "parquet", request: parquetRequest(table, bucket, strings.TrimPrefix(strings.TrimPrefix(test.parquet, `"format": "PARQUET"`), ", "))}.run()
			if err != nil {
				t.Fatal(err)
			}
			var want run.Schema
			if err := json.Unmarshal([]byte(get(t, bucket, made.Root+"/_schema.json")), &want); err != nil {
				t.Fatal(err)
			}
			if string(decided.Columns) != string(want.Columns) || decided.Items != want.Items || decided.Items != made.Records {
				t.Errorf("of %d records, got %s, want %d and %s", decided.Items, decided.Columns, want.Items, want.Columns)
			}
		})
	}
}

// Each list continues with the tree of the list before. However often the scan is cut, the segment has learned the same in the end.
func TestCutScanLearnsTheSame(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, begunItems)
	for _, records := range []string{`"format": "JSON"`, `"format": "ION"`, `"transform": "{orderId, lines}"`} {
		t.Run(records, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			fields := records + `, "segments": 1, "scan": {"Limit": 50}`
			whole, want := execution{t: t, name: "whole", request: learning(table, bucket, fields)}.learned()
			cut, got := execution{t: t, name: "cut", hurry: 4 * time.Minute, request: learning(table, bucket, fields)}.learned()
			if lists := testservers.Keys(t, bucket, cut.Layout().SegmentLists()); len(lists) < 4 {
				t.Errorf("the scan was cut into %d parts only", len(lists))
			}
			if tree(t, cut) != tree(t, whole) || tree(t, whole) == "" {
				t.Errorf("in parts, the segment has learned %s, and in one piece %s", tree(t, cut), tree(t, whole))
			}
			if string(got.Columns) != string(want.Columns) || got.Items != begunItems {
				t.Errorf("got %d items and %s, want %s", got.Items, got.Columns, want.Columns)
			}
		})
	}
}

// The execution dies after each of its writes, also after those of the schema, and another one takes the run over. The schema is that of a run without
// a fault.
func TestTakenOverScanLearnsTheSame(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 60)
	const fields = `"format": "JSON", "segments": 2, "scan": {"Limit": 15}, ` + firing
	_, want := execution{t: t, name: "whole", request: learning(table, testservers.Bucket(t), fields)}.learned()
	ended, writes := false, 1
	for ; !ended; writes++ {
		states, bucket := testservers.StartStepFunctions(t), testservers.Bucket(t)
		e := execution{t: t, name: "e-1", states: states, hurry: 5 * time.Minute, objects: &wire{cut: true, writes: writes}, request: learning(table, bucket, fields)}
		planned, committed, err := e.plannedAndCommitted()
		if err == nil {
			_, err = e.learn(planned.Plan)
		}
		ended = err == nil
		e.objects = nil
		if !committed {
			states.Set(e.id(), status.Failed, long())
			e.name = "e-2"
			if planned, _, err = e.plannedAndCommitted(); err != nil && planned.Duplicate == nil {
				t.Fatalf("after %d writes: %v", writes, err)
			}
			if planned.Duplicate != nil { // the run was committed, and the answer was lost: a redrive of its owner goes on
				e.name = "e-1"
				if planned, committed, err = e.plannedAndCommitted(); err != nil || !committed {
					t.Fatalf("after %d writes, its owner fails: %v", writes, err)
				}
			}
		}
		for range 2 { // the second time, the step is repeated
			got, err := e.learn(planned.Plan)
			if err != nil || string(got.Columns) != string(want.Columns) || got.Items != want.Items || !maps.Equal(got.Rest, want.Rest) {
				t.Fatalf("after %d writes: %v, got %d items and %s, want %d and %s", writes, err, got.Items, got.Columns, want.Items, want.Columns)
			}
			if last := lastSchema(t, bucket); last.RunID != planned.Plan.RunID {
				t.Errorf("after %d writes, the last schema is that of %s", writes, last.RunID)
			}
		}
	}
	if writes < 15 {
		t.Errorf("the run has %d writes, and has many more", writes)
	}
}

// plannedAndCommitted plays a run up to its commit.
func (e execution) plannedAndCommitted() (planned run.PlanOutput, committed bool, err error) {
	if planned, err = e.plan(); err != nil || planned.Duplicate != nil {
		return planned, false, err
	}
	if !planned.Committed {
		if err := e.scanAll(planned); err != nil {
			return planned, false, err
		}
	}
	_, err = e.finalize(planned.Plan)
	return planned, err == nil, err
}

// A run compares its columns with those of the last run in the same format. The values that a column does not hold are counted, because a table over
// JSON or ION has no column for them.
func TestLearningScanShowsWhatHasChanged(t *testing.T) {
	t.Parallel()
	table, add := shelves(t)
	bucket := testservers.Bucket(t)
	add("a", map[string]types.AttributeValue{"count": number("1"), "old": words("x")})
	e := func(name string, n int, fields string) execution {
		return execution{t: t, name: name, start: day(n), request: learning(table, bucket, fields)}
	}
	if _, first := e("json-1", 1, `"format": "JSON"`).learned(); first.Last != "" || first.Drift != nil || len(first.Rest) > 0 {
		t.Errorf("the first run has %+v", first)
	}
	add("a", map[string]types.AttributeValue{"count": number("1.5")})
	add("b", map[string]types.AttributeValue{"count": words("many")})
	add("c", map[string]types.AttributeValue{"count": number("2")})
	_, second := e("json-2", 2, `"format": "JSON"`).learned()
	var drift schema.Drift
	if err := json.Unmarshal(second.Drift, &drift); err != nil {
		t.Fatal(err)
	}
	want := []schema.Change{
		{Column: "count", Attribute: "count", Kind: schema.Widened, From: "bigint", To: "decimal(18,1)"},
		{Column: "old", Attribute: "old", Kind: schema.Removed, From: "string"},
	}
	if diff := cmp.Diff(want, drift.Changes); diff != "" || second.Last != "json-1" || !maps.Equal(second.Rest, map[string]int64{"count": 1}) {
		t.Errorf("compared with %q, the rest is %v (-want +got):\n%s", second.Last, second.Rest, diff)
	}
	for _, fields := range []string{`"format": "ION"`, `"transform": "{id}"`, `"format": "JSON", "prefix": "elsewhere"`} {
		if _, other := e(fmt.Sprint("other-", len(fields)), 3, fields).learned(); other.Last != "" {
			t.Errorf("a run with %s is compared with %s", fields, other.Last)
		}
	}
	if made, err := (execution{t: t, name: "parquet", start: day(4), request: parquetRequest(table, bucket, "")}).run(); err != nil || made.Schema.Last != "" {
		t.Errorf("a run in PARQUET is compared with %+v, %v", made.Schema, err)
	}
}

// What the scan has learned stays bounded, however many names the items have: the list of each invocation, and the schema.
func TestTreeOfTenThousandNamesIsBounded(t *testing.T) {
	t.Parallel()
	table, add := shelves(t)
	for item := range 25 {
		attributes := map[string]types.AttributeValue{}
		for i := range 400 {
			attributes[fmt.Sprintf("name-of-an-attribute-%05d", 400*item+i)] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"a": number("1"), "b": words("x")}}
		}
		add(fmt.Sprint(item), attributes)
	}
	for _, format := range []string{"JSON", "ION"} {
		bucket := testservers.Bucket(t)
		plan, decided := execution{t: t, name: "run-1", hurry: 4 * time.Minute, request: learning(table, bucket, fmt.Sprintf(`"format": %q, "scan": {"Limit": 5}`, format))}.learned()
		lists := testservers.Keys(t, bucket, plan.Layout().SegmentLists())
		for _, key := range lists {
			if size := len(get(t, bucket, key)); size > 3<<20 {
				t.Errorf("%s: %s has %d bytes", format, key, size)
			}
		}
		if n, size := decided.Count(), len(run.Marshal(decided)); len(lists) < 2 || n < 500 || n > 1500 || size > 3<<20 || decided.Items != 25 {
			t.Errorf("%s: after %d lists, %d items have %d columns, in %d bytes", format, len(lists), decided.Items, n, size)
		}
	}
}

// A record that no table can show fails the run, and says what to do. A run without a catalog writes it.
func TestRecordThatNoTableShowsIsRefused(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	const fields = `"transform": "reduce range(80) as $i ({orderId}; {deep: .})"`
	e := execution{t: t, name: "run-1", request: learning(table, bucket, fields)}
	_, err := e.run()
	wantName(t, err, failure.ItemNotEncodable, "set catalog to false")
	e.name, e.request = "run-2", fmt.Sprintf(`{"table": %q, "bucket": %q, "catalog": false, %s}`, table, bucket, fields)
	if result, err := e.run(); err != nil || result.Records != 10 {
		t.Errorf("without a catalog: %+v, %v", result, err)
	}
}

// If somebody has changed a list after the commit, no schema is made of it.
func TestSpoiledListsMakeNoSchema(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 20)
	for name, spoil := range map[string]func(t *testing.T, plan run.Plan){
		"a list is gone": func(t *testing.T, plan run.Plan) { remove(t, plan.Bucket, plan.Layout().SegmentEnd(1)) },
		"a list without its schema": func(t *testing.T, plan run.Plan) {
			key := plan.Layout().SegmentEnd(1)
			put(t, plan.Bucket, key, strings.Replace(get(t, plan.Bucket, key), `"schema"`, `"x"`, 1))
		},
		"a schema of other items": func(t *testing.T, plan run.Plan) {
			key := plan.Layout().SegmentEnd(1)
			put(t, plan.Bucket, key, strings.Replace(get(t, plan.Bucket, key), `"schema":{"items":`, `"schema":{"items":1`, 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			e := execution{t: t, name: "run-1", request: learning(table, bucket, `"format": "JSON", "segments": 2`)}
			planned, _, err := e.plannedAndCommitted()
			if err != nil {
				t.Fatal(err)
			}
			spoil(t, planned.Plan)
			before := testservers.Keys(t, bucket, "")
			_, err = e.learn(planned.Plan)
			wantName(t, err, failure.ListsInconsistent)
			if after := testservers.Keys(t, bucket, ""); !slices.Equal(before, after) {
				t.Errorf("there is %v, and there was %v", after, before)
			}
		})
	}
}
