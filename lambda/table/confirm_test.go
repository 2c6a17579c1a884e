package table_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// describing is DynamoDB's answer to DescribeTable. The local DynamoDB cannot change the indexes of a table.
type describing string

func (d describing) Do(asked *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: asked, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(d)))}, nil
}

func (d describing) client() *dynamodb.Client {
	return dynamodb.NewFromConfig(aws.Config{Region: "us-east-1", HTTPClient: d, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
}

// described is the answer for a table with the id and with one global index; index replaces texts of the index, in pairs.
func described(id string, index ...string) describing {
	definition := strings.NewReplacer(index...).Replace(`{"IndexName": "by-day", "IndexStatus": "ACTIVE", "ItemCount": 7, "IndexSizeBytes": 900,
		"KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
		"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total", "status"]},
		"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}`)
	return describing(fmt.Sprintf(`{"Table": {"TableName": "orders", "TableStatus": "ACTIVE", "TableId": %q, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "day", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "S"}],
		"GlobalSecondaryIndexes": [%s]}}`, id, definition))
}

// An index has no id. It is recognized by its definition.
func TestIndexIsConfirmedByItsDefinition(t *testing.T) {
	t.Parallel()
	planned, err := table.Describe(t.Context(), described("1").client(), request.Table{Name: "orders"}, request.Scan{IndexName: "by-day"})
	if err != nil {
		t.Fatal(err)
	}
	const text = `HASH "day" (S), RANGE "at" (S), projects INCLUDE, "status", "total"`
	if planned.Index != text {
		t.Errorf("the definition is %s, want %s", planned.Index, text)
	}
	plan := run.Plan{Table: "orders", TableID: planned.ID, Scan: &run.ScanPlan{Request: request.Scan{IndexName: "by-day"}, Index: planned.Index}}
	for _, test := range []struct {
		name  string
		now   describing
		want  failure.Name // "" if the index is the planned one
		words string
	}{
		{"the same", described("1"), "", ""},
		{"another capacity, status and size", described("1", `"ReadCapacityUnits": 5`, `"ReadCapacityUnits": 50`, "ACTIVE", "UPDATING", "900", "0", "7", "0"), "", ""},
		{"the projected attributes in another order", described("1", `"total", "status"`, `"status", "total"`), "", ""},
		{"another table", described("2"), failure.TableReplaced, `table "orders" was deleted and created again after the run began: its TableId was "1" and is "2"`},
		{"another partition key", described("1", `"day"`, `"week"`), failure.TableReplaced, `index "by-day" of table "orders" was deleted and created again after the run began: it was ` + text + `, and is HASH "week" ()`},
		{"no sort key", described("1", `, {"AttributeName": "at", "KeyType": "RANGE"}`, ""), failure.TableReplaced, `and is HASH "day" (S), projects`},
		{"another projection", described("1", "INCLUDE", "ALL", `, "NonKeyAttributes": ["total", "status"]`, ""), failure.TableReplaced, `and is HASH "day" (S), RANGE "at" (S), projects ALL. Nothing is committed`},
		{"another projected attribute", described("1", `"total"`, `"sum"`), failure.TableReplaced, `projects INCLUDE, "status", "sum"`},
		{"another type of the key", describing(strings.Replace(string(described("1")), `"day", "AttributeType": "S"`, `"day", "AttributeType": "N"`, 1)), failure.TableReplaced, `and is HASH "day" (N)`},
		{"being created", described("1", "ACTIVE", "CREATING"), failure.TableReplaced, `index "by-day" of table "orders" was deleted after the run began, and is being created again. Nothing is committed`},
		{"being deleted", described("1", "ACTIVE", "DELETING"), failure.TableNotReady, `index "by-day" of table "orders" is DELETING: it can be read once it is ACTIVE. It was there and ACTIVE when the run began. Nothing is committed`},
		{"gone", described("1", "by-day", "by-week"), failure.IndexNotFound, `table "orders" has no index "by-day": it has by-week. It was there and ACTIVE when the run began. Nothing is committed`},
		{"no description", describing("{}"), failure.MalformedAnswer, "the answer describes no table"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := table.Confirm(t.Context(), test.now.client(), plan)
			if test.want == "" && err == nil {
				return
			}
			if err == nil || failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %v, want %s with %s", err, test.want, test.words)
			}
		})
	}
}

// A table that is being deleted is still the plan's: what was read of it is its. A server that gives no TableId cannot tell two tables
// apart.
func TestTableIsConfirmedByItsID(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		planned, now, status string
		want                 failure.Name
	}{
		{"1", "1", "ACTIVE", ""},
		{"1", "1", "DELETING", ""},
		{"1", "2", "CREATING", failure.TableReplaced},
		{"1", "", "ACTIVE", failure.TableReplaced},
		{"", "", "ACTIVE", ""},
	} {
		body, err := json.Marshal(map[string]any{"Table": map[string]any{"TableName": "orders", "TableStatus": test.status, "TableId": test.now, "CreationDateTime": 1.7e9}})
		if err != nil {
			t.Fatal(err)
		}
		err = table.Confirm(t.Context(), describing(body).client(), run.Plan{Table: "orders", TableID: test.planned, Scan: &run.ScanPlan{}})
		if test.want == "" && err != nil || test.want != "" && (err == nil || failure.NameOf(err) != test.want) {
			t.Errorf("%+v: got %v", test, err)
		}
	}
}
