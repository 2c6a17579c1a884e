package plan_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// account is the account of dynalite's tables.
const account = "000000000000"

// tableWithIndexes creates a table of 400 read units with a local index, and a global index of 2,500.
func tableWithIndexes(t *testing.T) string {
	t.Helper()
	key := func(hash, sort string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: &hash, KeyType: types.KeyTypeHash}, {AttributeName: &sort, KeyType: types.KeyTypeRange},
		}
	}
	all := &types.Projection{ProjectionType: types.ProjectionTypeAll}
	var attributes []types.AttributeDefinition
	for _, attribute := range []string{"id", "at", "day"} {
		attributes = append(attributes, types.AttributeDefinition{AttributeName: &attribute, AttributeType: types.ScalarAttributeTypeS})
	}
	return testservers.Table(t, &dynamodb.CreateTableInput{
		KeySchema: key("id", "at"), AttributeDefinitions: attributes,
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(400), WriteCapacityUnits: aws.Int64(400)},
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{IndexName: aws.String("by-day-local"), KeySchema: key("id", "day"), Projection: all}},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("by-day"), KeySchema: key("day", "at"), Projection: all,
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(2500), WriteCapacityUnits: aws.Int64(400)},
		}},
	})
}

// clients returns clients of the test servers.
func clients() *awsclient.Clients {
	read, write := testservers.Configs()
	return awsclient.NewClients(read, write, read)
}

// planRun plans for an execution while all others run.
func planRun(t *testing.T, name, req string) (run.PlanOutput, error) {
	t.Helper()
	return runAmong(t, &executions.Memory{Others: execution.Running}, name, req)
}

// runAmong plans for an execution, with the given states of the others.
func runAmong(t *testing.T, others plan.Executions, name, req string) (run.PlanOutput, error) {
	t.Helper()
	return runFrom(t, time.Date(2026, 1, 31, 6, 7, 8, 0, time.UTC), others, name, req)
}

// runFrom plans for an execution that began at start.
func runFrom(t *testing.T, start time.Time, others plan.Executions, name, req string) (run.PlanOutput, error) {
	t.Helper()
	p := plan.Step{Tables: clients().Tables, Objects: clients().Objects, Executions: others, Account: account, Log: slog.New(slog.DiscardHandler)}
	return p.Run(t.Context(), run.PlanInput{
		Request:   json.RawMessage(req),
		Execution: run.Execution{ID: "arn:" + name, Name: name, StartTime: start},
	})
}

func TestPlanRefusesWhatCannotBeReplicated(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	for _, test := range []struct {
		name, run, fields string
		want              failure.Name
		words             string
	}{
		{"a table that is not there", "", `"table": "nowhere"`, failure.TableNotFound, `there is no table "nowhere" in region us-east-1 of this account`},
		{"an export of another region", "", `"mode": "EXPORT", "table": "arn:aws:dynamodb:eu-west-1:000000000000:table/` + table + `"`, failure.TableInOtherRegion, "is in region eu-west-1, and the functions run in us-east-1, the only region that they can export from: deploy the stack in eu-west-1, or use mode SCAN"},
		{"an export of another account", "", `"mode": "EXPORT", "table": "arn:aws:dynamodb:us-east-1:123456789012:table/` + table + `"`, failure.TableInOtherAccount, "deploy the stack in the table's account and give the bucket's owner as export.s3BucketOwner"},
		{"a table of another account", "", `"table": "arn:aws:dynamodb:us-east-1:123456789012:table/` + table + `"`, failure.TableInOtherAccount, "is of account 123456789012, the functions run in 000000000000: give sourceRoleArn, a role of account 123456789012"},
		{"a table of another account than the role's", "", `"sourceRoleArn": "arn:aws:iam::210987654321:role/reader", "table": "arn:aws:dynamodb:us-east-1:123456789012:table/` + table + `"`, failure.TableInOtherAccount, "is of account 123456789012, sourceRoleArn is of 210987654321: give a role of the table's account"},
		{"a table of another account than the role's, by its functions' ARN", "", `"sourceRoleArn": "arn:aws:iam::210987654321:role/reader", "table": "arn:aws:dynamodb:us-east-1:000000000000:table/` + table + `"`, failure.TableInOtherAccount, "is of account 000000000000, sourceRoleArn is of 210987654321"},
		{"an index that is not there", "", `"table": "` + table + `", "scan": {"IndexName": "by-night"}`, failure.IndexNotFound, `has no index "by-night": it has by-day, by-day-local`},
		{"consistent reads of a global index", "", `"table": "` + table + `", "scan": {"IndexName": "by-day", "ConsistentRead": true}`, failure.InvalidRequest, "scan.ConsistentRead: got true"},
		{"a transform that is not an expression", "", `"table": "` + table + `", "transform": "{id: .id"`, failure.InvalidRequest, `invalid request: transform: unexpected EOF at byte 8 of 8, after "{id: .id"`},
		{"a transform that reads the clock", "", `"table": "` + table + `", "transform": ".at = now"`, failure.InvalidRequest, `invalid request: transform: now is refused`},
		{"an encoder that is not built in", "", `"table": "` + table + `", "encoder": "xlm"`, failure.InvalidRequest, `invalid request: encoder: got "xlm", want an encoder that the functions have (xml), did you mean "xml"? `},
		{"a bucket that is not there", "", `"table": "` + table + `", "bucket": "nowhere-at-all"`, failure.BucketNotFound, `there is no bucket "nowhere-at-all"`},
		{"a bucket of another owner", "", `"table": "` + table + `", "bucketOwner": "123456789012"`, failure.AccessDenied, "s3:PutObject on s3://"},
		{"a name that makes no key", "../x", `"table": "` + table + `"`, failure.InvalidRequest, `the execution's name: got "../x"`},
		{"a key that is too long", strings.Repeat("r", 80), `"table": "` + table + `", "prefix": "` + strings.Repeat("{runId}/", 20) + `"`, failure.InvalidRequest, "want a shorter one: S3 allows 1024"},
		{"a plan that no state can carry", "", `"table": "` + table + `", "segments": 10000, "scan": {"FilterExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "` + strings.Repeat("<", 100<<10) + `"}}}`, failure.InvalidRequest, "196608 are allowed, of the 262144 that Step Functions carries"},
		{"a plan that only the state of the second pass cannot carry", "", `"table": "` + table + `", "format": "PARQUET", "columns": {` + pins(110) + `}`, failure.InvalidRequest, "196608 are allowed, of the 262144 that Step Functions carries: shorten the expressions and their values, or name fewer columns"},
		{"columns that no file can have", "", `"table": "` + table + `", "format": "PARQUET", "columns": {"a": {"type": "txt"}, "b": {"name": "_REST"}, "c": {"name": "id"}, "d": {"name": "ID"}}`, failure.InvalidRequest, `invalid request: 3 problems: columns.a.type: got "txt", want `},
		{"columns that no file of an export can have", "", `"table": "` + table + `", "format": "PARQUET", "export": {}, "columns": {"b": {"name": "_REST"}}`, failure.InvalidRequest, `invalid request: columns.b.name: got "_REST", want another name`},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := "{" + test.fields + "}"
			if !strings.Contains(test.fields, `"bucket":`) {
				req = `{"bucket": "` + bucket + `", ` + test.fields + "}"
			}
			name := test.run
			if name == "" {
				name = "run-1"
			}
			_, err := planRun(t, name, req)
			if err == nil || failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %s: %v\nwant %s with %q", failure.NameOf(err), err, test.want, test.words)
			}
		})
	}
	if keys := testservers.Keys(t, bucket, ""); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}
}

// pins names so many columns. In the plan, each needs about 1,500 bytes, because it has < as an escape of six characters.
func pins(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"%s%03d": {"name": "column%[2]d", "type": "string"}`, strings.Repeat("<", 247), i))
	}
	return strings.Join(all, ", ")
}

func TestPlanKeepsWhatMakesRecords(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	req := `{"bucket": "` + bucket + `", "table": "` + table + `", `
	got, err := planRun(t, "run-1", req+`"transform": ".at"}`)
	if err != nil || got.Plan.Scan.Transform != ".at" || got.Plan.Scan.Encoder != nil || got.Plan.Scan.Format != request.FormatJSON || !slices.Equal(got.Plan.Scan.KeyNames, []string{"id", "at"}) {
		t.Errorf("got %+v, %v", got.Plan, err)
	}
	got, err = planRun(t, "run-2", req+`"encoder": "xml", "scan": {"IndexName": "by-day"}}`)
	if err != nil || *got.Plan.Scan.Encoder != (run.Encoder{Name: "xml", Extension: ".xml"}) || got.Plan.Scan.Format != "" || !slices.Equal(got.Plan.Scan.KeyNames, []string{"id", "at"}) {
		t.Errorf("got %+v, %v", got.Plan, err)
	}
}

func init() {
	encoder.Register(encoder.Format{Name: "xml", Extension: ".xml", New: func() (encoder.Encoder, error) { return nil, nil }}) //nolint:nilnil // no item is read
}

func TestPlanDecidesFromTheTable(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	for i, test := range []struct {
		name, fields          string
		segments, concurrency int
		root                  string
	}{
		{"a small table", ``, 1, 1, "AWSDynamoDB/"},
		{"segments that are given", `, "segments": 7`, 7, 1, "AWSDynamoDB/"},
		{"an index with more capacity", `, "segments": 7, "scan": {"IndexName": "by-day"}`, 7, 3, "AWSDynamoDB/"},
		{"a local index, which shares the table's capacity", `, "segments": 7, "scan": {"IndexName": "by-day-local", "ConsistentRead": true}`, 7, 1, "AWSDynamoDB/"},
		{"concurrency that is given", `, "segments": 7, "concurrency": 5`, 7, 5, "AWSDynamoDB/"},
		{"never more at the same time than there are", `, "segments": 7, "concurrency": 50`, 7, 7, "AWSDynamoDB/"},
		{"segments as the API has them", `, "scan": {"TotalSegments": 3}`, 3, 1, "AWSDynamoDB/"},
		{"one segment of many", `, "scan": {"TotalSegments": 300000, "Segment": 299999}`, 1, 1, "AWSDynamoDB/"},
		{"a prefix by the start", `, "prefix": "a/{table}/{year}/{month}/{day}/{hour}"`, 1, 1, "a/" + table + "/2026/01/31/06/AWSDynamoDB/"},
		{"a prefix by the schedule, in UTC", `, "prefix": "{date}T{hour}/", "scheduledTime": "2026-03-01T00:30:00+01:00"`, 1, 1, "2026-02-28T23/AWSDynamoDB/"},
		{"the table by its ARN", `, "table": "arn:aws:dynamodb:us-east-1:000000000000:table/` + table + `"`, 1, 1, "AWSDynamoDB/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := `{"bucket": "` + bucket + `"` + test.fields
			if !strings.Contains(test.fields, `"table":`) {
				req += `, "table": "` + table + `"`
			}
			name := fmt.Sprintf("run-%d", i)
			got, err := planRun(t, name, req+"}")
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Segments) != test.segments || got.Concurrency != test.concurrency || got.Plan.Root != test.root+name ||
				got.Plan.Table != table || got.Plan.TableARN != "arn:aws:dynamodb:us-east-1:000000000000:table/"+table || got.Committed {
				t.Errorf("got %d segments, concurrency %d, %+v", len(got.Segments), got.Concurrency, got.Plan)
			}
		})
	}
}

func TestPlanIsMadeOnce(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	first, err := planRun(t, "run-1", `{"table": "`+table+`", "bucket": "`+bucket+`", "segments": 4}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testservers.DynamoDB().UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
		TableName: &table, ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(4000), WriteCapacityUnits: aws.Int64(400)},
	}); err != nil {
		t.Fatal(err)
	}
	again, err := planRun(t, "run-1", `{"bucket": "`+bucket+`", "segments": 4, "table": "`+table+`"}`)
	if err != nil || show(t, again) != show(t, first) {
		t.Errorf("got %+v, %v\nwant %+v", again, err, first)
	}
	other, err := planRun(t, "run-2", `{"bucket": "`+bucket+`", "segments": 4, "table": "`+table+`"}`)
	if err != nil || other.Concurrency == first.Concurrency {
		t.Errorf("the table's new capacity is not seen: %+v, %v", other, err)
	}
}

// Step Functions names the state machine that started an execution in its input. A repeat that another one starts is the same request.
func TestRunIsTheSameForEveryParent(t *testing.T) {
	table, bucket := tableWithIndexes(t), testservers.Bucket(t)
	startedBy := func(parent string) string {
		return `{"table": "` + table + `", "bucket": "` + bucket + `", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": ` + parent + `}`
	}
	first, err := planRun(t, "run-1", startedBy(`"arn:aws:states:us-east-1:000000000000:execution:nightly:1"`))
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{startedBy(`"arn:aws:states:us-east-1:000000000000:execution:nightly:2"`), startedBy(`null`), `{"$schema": "x", "table": "` + table + `", "bucket": "` + bucket + `"}`} {
		if again, err := planRun(t, "run-1", input); err != nil || show(t, again) != show(t, first) {
			t.Errorf("%s: got %+v, %v\nwant %+v", input, again, err, first)
		}
	}
}

func TestLargestPlanFitsIntoAState(t *testing.T) {
	bucket, table := testservers.Bucket(t), tableWithIndexes(t)
	got, err := planRun(t, strings.Repeat("r", 80), `{"table": "`+table+`", "bucket": "`+bucket+`", "segments": 10000, "prefix": "`+strings.Repeat("p/", 250)+
		`", "scan": {"FilterExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "`+strings.Repeat("v", 100<<10)+`"}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(got)
	if err != nil || len(body) > quota.MaxPayloadBytes || len(got.Segments) != 10_000 {
		t.Errorf("%d bytes for %d segments, %v", len(body), len(got.Segments), err)
	}
}
