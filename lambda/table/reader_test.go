package table_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// answer is a test server's answer to one request.
type answer struct {
	status int // 0 means 200
	body   string
	spoil  func(h http.Header, body []byte) []byte // damage on the way
}

// wire is a server that gives its answers in turn and repeats the last one. It keeps the requests.
type wire struct {
	mu      sync.Mutex
	answers []answer
	asked   []string
	accepts []string // the header Accept-Encoding of each request
}

func (s *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	// If an answer comes before the SDK has finished its request, the SDK drops the connection.
	time.Sleep(2 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.Header.Get("X-Amz-Target")+" "+string(req))
	s.accepts = append(s.accepts, r.Header.Get("Accept-Encoding"))
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	body := []byte(a.body)
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if a.spoil != nil {
		body = a.spoil(w.Header(), body)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	if _, err := w.Write(body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func clientOf(t *testing.T, s *wire) *dynamodb.Client {
	t.Helper()
	return awsclient.DynamoDB(configOf(t, s))
}

// configOf returns the configuration of functions in eu-west-1.
func configOf(t *testing.T, s *wire) aws.Config {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	cfg, err := awsclient.Config(t.Context(), config.WithRegion("eu-west-1"), config.WithBaseEndpoint(server.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func ptr[T any](v T) *T { return new(v) }

func TestScanHasTheRequestsParameters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		plan    run.Plan
		segment int
		key     string
		want    string
	}{
		{
			"nothing but the table",
			run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1}},
			0, "",
			`{"ReturnConsumedCapacity":"TOTAL","TableName":"orders"}`,
		},
		{
			"a segment from a key",
			run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 8}},
			7, `{"id":{"S":"a\u0001ü"},"at":{"N":"-1.50"},"b":{"B":"AAEC"}}`,
			`{"ExclusiveStartKey":{"at":{"N":"-1.50"},"b":{"B":"AAEC"},"id":{"S":"a\u0001ü"}},"ReturnConsumedCapacity":"TOTAL","Segment":7,"TableName":"orders","TotalSegments":8}`,
		},
		{
			"everything of today",
			run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1, Request: request.Scan{
				IndexName: "by-day", FilterExpression: "#s = :s", ProjectionExpression: "#s", ExpressionAttributeNames: map[string]string{"#s": "status"},
				ExpressionAttributeValues: map[string]request.AttributeValue{":s": json.RawMessage(`{"M":{"l":{"L":[{"NULL":true},{"BOOL":false},{"NS":["1"]},{"BS":["AA=="]}]}}}`)},
				ConsistentRead:            ptr(true), Select: "SPECIFIC_ATTRIBUTES", Limit: ptr(int64(5)),
			}}},
			0, "",
			`{"ConsistentRead":true,"ExpressionAttributeNames":{"#s":"status"},"ExpressionAttributeValues":{":s":{"M":{"l":{"L":[{"NULL":true},{"BOOL":false},{"NS":["1"]},{"BS":["AA=="]}]}}}},` +
				`"FilterExpression":"#s = :s","IndexName":"by-day","Limit":5,"ProjectionExpression":"#s","ReturnConsumedCapacity":"TOTAL","Select":"SPECIFIC_ATTRIBUTES","TableName":"orders"}`,
		},
		{
			"everything of old",
			run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1, Request: request.Scan{
				AttributesToGet: []string{"a"}, ConditionalOperator: "OR",
				ScanFilter: map[string]request.Condition{"n": {ComparisonOperator: "BETWEEN", AttributeValueList: []request.AttributeValue{[]byte(`{"N":"1"}`), []byte(`{"N":"2"}`)}}},
			}}},
			0, "",
			`{"AttributesToGet":["a"],"ConditionalOperator":"OR","ReturnConsumedCapacity":"TOTAL","ScanFilter":{"n":{"AttributeValueList":[{"N":"1"},{"N":"2"}],"ComparisonOperator":"BETWEEN"}},"TableName":"orders"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &wire{answers: []answer{{body: `{"Count":0,"Items":[],"ScannedCount":0}`}}}
			reader, err := table.NewReader(clientOf(t, s), test.plan, test.segment)
			if err != nil {
				t.Fatal(err)
			}
			var p table.Page
			if err := reader.Next(t.Context(), json.RawMessage(test.key), &p); err != nil {
				t.Fatal(err)
			}
			target, sent, _ := strings.Cut(s.asked[0], " ")
			var got, want any
			if err := json.Unmarshal([]byte(sent), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || target != "DynamoDB_20120810.Scan" {
				t.Errorf("sent %s %s\nwant %s", target, sent, test.want)
			}
		})
	}
}

func TestPageHasTheItemsAndTheAnswersNumbers(t *testing.T) {
	t.Parallel()
	s := &wire{answers: []answer{
		{body: `{"ConsumedCapacity":{"CapacityUnits":12.5,"TableName":"orders"},"Count":2,"Items":[{"id":{"S":"a"}},{"id":{"S":"b \u00fc"}}],"LastEvaluatedKey":{"id":{"S":"b \u00fc"}},"ScannedCount":9}`},
		{body: `{"Count":0,"Items":[],"LastEvaluatedKey":{"id":{"S":"c"}},"ScannedCount":3}`},
		{body: `{"Count":1,"Items":[{"id":{"S":"` + strings.Repeat("d", 400<<10) + `"}}],"ScannedCount":1}`},
	}}
	reader, err := table.NewReader(clientOf(t, s), run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var p table.Page // one page for all, as the engine has it
	var key json.RawMessage
	for i, want := range []struct {
		items   []string
		key     string
		scanned int64
		units   float64
	}{
		{[]string{`{"id":{"S":"a"}}`, `{"id":{"S":"b \u00fc"}}`}, `{"id":{"S":"b ü"}}`, 9, 12.5},
		{nil, `{"id":{"S":"c"}}`, 3, 0},
		{[]string{`{"id":{"S":"` + strings.Repeat("d", 400<<10) + `"}}`}, ``, 1, 0},
	} {
		bytes := int64(len(s.answers[0].body))
		if err := reader.Next(t.Context(), key, &p); err != nil {
			t.Fatal(err)
		}
		key = p.LastEvaluatedKey
		if err := p.Parse(); err != nil {
			t.Fatal(err)
		}
		var items []string
		for j := range p.Items.Len() {
			items = append(items, string(p.Items.Item(j)))
		}
		if fmt.Sprint(items) != fmt.Sprint(want.items) || string(p.LastEvaluatedKey) != want.key || p.Scanned != want.scanned || p.ReadUnits != want.units || p.Bytes != bytes {
			t.Errorf("page %d: got %.200v, key %s, %d scanned, %v units, %d bytes", i, items, p.LastEvaluatedKey, p.Scanned, p.ReadUnits, p.Bytes)
		}
	}
}

func TestDamagedAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	const whole = `{"Count":1,"Items":[{"id":{"S":"a"}}],"ScannedCount":1}`
	for name, damaged := range map[string]answer{
		"a wrong checksum": {body: whole, spoil: checksum("1")},
		"a checksum of 0":  {body: whole, spoil: checksum("0")},
		"no number":        {body: whole, spoil: checksum("abc")},
		"gzip":             {body: whole, spoil: gzipped},
		"a changed byte":   {body: whole, spoil: func(_ http.Header, body []byte) []byte { body[27] = 'b'; return body }},
		"a cut body":       {body: whole, spoil: func(_ http.Header, body []byte) []byte { return body[:30] }},
		"no JSON":          {body: `{"Count":1,"Items":[{"id":{"S":"a"}}`},
		"a broken item":    {body: `{"Count":1,"Items":[{"id":{"S":"a"]}],"ScannedCount":1}`},
		"a fault":          {status: 500, body: `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`},
		"a throttle":       {status: 400, body: `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &wire{answers: []answer{damaged, {body: whole}}}
			reader, err := table.NewReader(clientOf(t, s), run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1}}, 0)
			if err != nil {
				t.Fatal(err)
			}
			var p table.Page
			if err := reader.Next(t.Context(), nil, &p); err != nil {
				t.Fatal(err)
			}
			if len(s.asked) != 2 || p.Items.Len() != 1 || string(p.Items.Item(0)) != `{"id":{"S":"a"}}` {
				t.Errorf("asked %d times, got %d items", len(s.asked), p.Items.Len())
			}
		})
	}
}

// The request has the smaller one of the scan's own limit and the page's.
func TestPageHasALimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		own   *int64
		limit int32
		want  string
	}{
		{nil, 0, ""},
		{nil, 7, `"Limit":7`},
		{new(int64(5)), 0, `"Limit":5`},
		{new(int64(5)), 7, `"Limit":5`},
		{new(int64(9)), 7, `"Limit":7`},
	} {
		s := &wire{answers: []answer{{body: `{"Count":0,"Items":[],"ScannedCount":0}`}}}
		reader, err := table.NewReader(clientOf(t, s), run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1, Request: request.Scan{Limit: test.own}}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Next(t.Context(), nil, &table.Page{Limit: test.limit}); err != nil {
			t.Fatal(err)
		}
		if got := s.asked[0]; strings.Contains(got, `"Limit"`) != (test.want != "") || !strings.Contains(got, test.want) {
			t.Errorf("%v, %d: asked for %s, want %s", test.own, test.limit, got, test.want)
		}
	}
}

func TestReaderNamesItsErrors(t *testing.T) {
	t.Parallel()
	fault := func(kind, message string) answer {
		return answer{status: 400, body: fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, kind, message)}
	}
	for _, test := range []struct {
		answer answer
		want   failure.Name
		says   string
	}{
		{fault("ResourceNotFoundException", "x"), failure.TableNotFound, `there is no table "orders" in region eu-west-1 of this account`},
		{fault("AccessDeniedException", "no, no"), failure.AccessDenied, `dynamodb:Scan on table "orders" is not allowed: check the role that reads: the function's role or sourceRoleArn (AccessDeniedException: no, no)`},
		{fault("ValidationException", "bad #s"), failure.ScanRefused, `DynamoDB refused the scan of table "orders": bad #s`},
		{answer{body: `{"Count":2,"Items":[{"id":{"S":"a"}}],"ScannedCount":2}`}, failure.MalformedAnswer, `dynamodb:Scan on table "orders": the answer counts 2 items and holds 1`},
	} {
		t.Run(string(test.want), func(t *testing.T) {
			t.Parallel()
			reader, err := table.NewReader(clientOf(t, &wire{answers: []answer{test.answer}}), run.Plan{Table: "orders", Scan: &run.ScanPlan{TotalSegments: 1}}, 0)
			if err != nil {
				t.Fatal(err)
			}
			var p table.Page
			err = reader.Next(t.Context(), nil, &p)
			if err == nil || failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %s: %v", failure.NameOf(err), err)
			}
		})
	}
}

func TestDescribeRefusesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, table string
		want        failure.Name
		says        string
	}{
		{"a table that is being created", `"TableStatus":"CREATING"`, failure.TableNotReady, `table "orders" is CREATING: it can be read once it is ACTIVE`},
		{"a table that is being deleted", `"TableStatus":"DELETING"`, failure.TableNotReady, `table "orders" is DELETING`},
		{"an index that is being created", `"TableStatus":"UPDATING","TableName":"orders","GlobalSecondaryIndexes":[{"IndexName":"by-day","IndexStatus":"CREATING"}]`, failure.TableNotReady, `index "by-day" of table "orders" is CREATING`},
		{"no such index", `"TableStatus":"ACTIVE","TableName":"orders"`, failure.IndexNotFound, `table "orders" has no index "by-day": it has none`},
		{"a table of another account", `"TableStatus":"ACTIVE","TableArn":"arn:aws:dynamodb:eu-west-1:111111111111:table/orders"`, failure.TableInOtherAccount, `of account 222222222222, but the table found here is of account 111111111111`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := clientOf(t, &wire{answers: []answer{{body: `{"Table":{` + test.table + `}}`}}})
			_, err := table.Describe(t.Context(), c, request.Table{Name: "orders", Account: "222222222222"}, request.Scan{IndexName: "by-day"})
			if err == nil || failure.NameOf(err) != test.want || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %s: %v", failure.NameOf(err), err)
			}
		})
	}
}

func TestDescribeKnowsTheCapacityThatApplies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, table string
		want        float64
	}{
		{"provisioned", `"ProvisionedThroughput":{"ReadCapacityUnits":400},"WarmThroughput":{"ReadUnitsPerSecond":12000}`, 400},
		{"on demand with a maximum", `"ProvisionedThroughput":{"ReadCapacityUnits":0},"OnDemandThroughput":{"MaxReadRequestUnits":5000},"WarmThroughput":{"ReadUnitsPerSecond":12000}`, 5000},
		{"on demand without one", `"OnDemandThroughput":{"MaxReadRequestUnits":-1},"WarmThroughput":{"ReadUnitsPerSecond":12000}`, 12000},
		{"nothing known", `"TableSizeBytes":1`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := clientOf(t, &wire{answers: []answer{{body: `{"Table":{"TableStatus":"ACTIVE",` + test.table + `}}`}}})
			got, err := table.Describe(t.Context(), c, request.Table{Name: "orders"}, request.Scan{})
			if err != nil || got.ReadUnits != test.want {
				t.Errorf("got %v, %v, want %v", got.ReadUnits, err, test.want)
			}
		})
	}
}
