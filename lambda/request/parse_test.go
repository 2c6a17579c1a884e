package request_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

// invalid lists requests with the problems that each must cause, in order.
var invalid = []struct {
	name     string
	request  string
	problems []string
}{
	{"nothing at all", ``, []string{`not valid JSON: unexpected end of JSON input`}},
	{"more than one value", `{"table":"orders","bucket":"b-1"} {}`, []string{`not valid JSON: invalid character '{' after top-level value`}},
	{"not an object", `["orders"]`, []string{`got a list, want an object`}},
	{"not JSON", `{"table": "orders",}`, []string{`not valid JSON: `}},
	{"an empty object", `{}`, []string{`table: missing: give the name or the ARN of the table`, `bucket: missing: give the bucket to write to`}},
	{"a null", `{"table": null, "bucket": "b-1"}`, []string{`table: is empty: leave it out, or give a value`}},
	{"a misspelled field", `{"table":"orders","bucket":"b-1","segmets":3}`, []string{`segmets: unknown field, did you mean "segments"?`}},
	{"a field in the wrong case", `{"Table":"orders","bucket":"b-1"}`, []string{`Table: unknown field, did you mean "table"?`, `table: missing: give the name`}},
	{"a field unlike all others", `{"table":"orders","bucket":"b-1","colour":"red"}`, []string{`colour: unknown field`}},
	{"a field given twice", `{"table":"orders","table":"other","bucket":"b-1"}`, []string{`table: given twice`}},
	{"a misspelled scan parameter", `{"table":"orders","bucket":"b-1","scan":{"indexName":"by-day"}}`, []string{`scan.indexName: unknown field, did you mean "IndexName"?`}},
	{"a scan parameter that a run sets itself", `{"table":"orders","bucket":"b-1","scan":{"ExclusiveStartKey":{}}}`, []string{`scan.ExclusiveStartKey: unknown field: for ExclusiveStartKey of the Scan API, leave it out: a run always reads whole segments. To continue after a failure, redrive the execution`}},
	{"the table among the scan parameters", `{"table":"orders","bucket":"b-1","scan":{"TableName":"orders"}}`, []string{`scan.TableName: unknown field: for TableName of the Scan API, use table`}},
	{"wrong types", `{"table":7,"bucket":["b-1"],"segments":"8","scan":[],"fileSizeBytes":1.5}`, []string{
		`table: got 7, want a string: put it in quotes`, `bucket: got a list, want a string`, `segments: got "8", want a whole number`,
		`scan: got a list, want an object`, `fileSizeBytes: got 1.5, want a whole number`,
	}},
	{"a table's name that is too short", `{"table":"ab","bucket":"b-1"}`, []string{`table: got "ab", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders`}},
	{"the ARN of a bucket as the table", `{"table":"arn:aws:s3:::orders","bucket":"b-1"}`, []string{`table: got "arn:aws:s3:::orders", want a table's name, 3 to 255 of a-z A-Z 0-9 _ . -, or an ARN such as arn:aws:dynamodb:eu-west-1:123456789012:table/orders`}},
	{"the ARN of an index", `{"table":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders/index/by-day","bucket":"b-1"}`, []string{`table: got "arn:`, `table: this is the ARN of an index: give the table here, and "by-day" as scan.IndexName`}},
	{"an invalid name of a bucket", `{"table":"orders","bucket":"My_Bucket"}`, []string{`bucket: got "My_Bucket", want the name of an S3 bucket: 3 to 63 of a-z 0-9 . -, first and last a letter or digit`}},
	{"a bucket like an address", `{"table":"orders","bucket":"192.168.0.1"}`, []string{`bucket: got "192.168.0.1", want a name that is not an IP address`}},
	{"a prefix with ..", `{"table":"orders","bucket":"b-1","prefix":"a/../b"}`, []string{`prefix: got "a/../b", want a prefix without the folder ".."`}},
	{"a prefix that begins with a slash", `{"table":"orders","bucket":"b-1","prefix":"/a"}`, []string{`prefix: got "/a", want a prefix that does not begin with / and has no //`}},
	{"a prefix with two slashes", `{"table":"orders","bucket":"b-1","prefix":"a//b"}`, []string{`prefix: got "a//b", want a prefix that does not begin with / and has no //`}},
	{"a prefix that already has the run's folder", `{"table":"orders","bucket":"b-1","prefix":"x/AWSDynamoDB"}`, []string{`prefix: got "x/AWSDynamoDB", want a prefix without AWSDynamoDB, which the run adds itself`}},
	{"a prefix with a control character", `{"table":"orders","bucket":"b-1","prefix":"a\u0007"}`, []string{`prefix: got "a\a", want letters, digits, spaces, !-_.*'()/=@:+,&$;? and placeholders`}},
	{"a prefix that is too long", `{"table":"orders","bucket":"b-1","prefix":"` + strings.Repeat("a", 513) + `"}`, []string{`prefix: got 513 bytes, want at most 512 bytes`}},
	{"a misspelled placeholder", `{"table":"orders","bucket":"b-1","prefix":"{tabel}/x"}`, []string{`prefix: got "{tabel}/x", want one of {table} {date} {year} {month} {day} {hour} {runId} in place of "{tabel}", did you mean "table"?`}},
	{"a placeholder without its closing brace", `{"table":"orders","bucket":"b-1","prefix":"{table"}`, []string{`prefix: got "{table", want a } after each {`}},
	{"a placeholder without its opening brace", `{"table":"orders","bucket":"b-1","prefix":"table}"}`, []string{`prefix: got "table}", want a { before each }`}},
	{"numbers out of their bounds", `{"table":"orders","bucket":"b-1","segments":0,"concurrency":10001,"fileSizeBytes":1023}`, []string{
		`segments: got 0, want 1 to 10000`, `concurrency: got 10001, want 1 to 10000`, `fileSizeBytes: got 1023, want 1024 to 5368709120`,
	}},
	{"a pace of 0", `{"table":"orders","bucket":"b-1","readUnitsPerSecond":0,"concurrency":3}`, []string{`readUnitsPerSecond: got 0, want more than 0`}},
	{"a pace as text", `{"table":"orders","bucket":"b-1","readUnitsPerSecond":"many"}`, []string{`readUnitsPerSecond: got "many", want a decimal number`}},
	{"more than 100 percent", `{"table":"orders","bucket":"b-1","readPercent":100.5}`, []string{`readPercent: got 100.5, want more than 0 and at most 100`}},
	{"two paces", `{"table":"orders","bucket":"b-1","readPercent":50,"readUnitsPerSecond":12.5}`, []string{`readPercent: given together with readUnitsPerSecond: both set the pace, give one`}},
	{"a pace of an export", `{"table":"orders","bucket":"b-1","mode":"EXPORT","readPercent":50}`, []string{`readPercent: not allowed in mode EXPORT: leave it out: an export does not use the table's capacity`}},
	{"an unknown mode", `{"table":"orders","bucket":"b-1","mode":"scan"}`, []string{`mode: got "scan", want one of SCAN, EXPORT, did you mean "SCAN"?`}},
	{"an unknown format", `{"table":"orders","bucket":"b-1","format":"CSV"}`, []string{`format: got "CSV", want one of DYNAMODB_JSON, ION, JSON`}},
	{"an unknown compression", `{"table":"orders","bucket":"b-1","compression":"GZ"}`, []string{`compression: got "GZ", want one of GZIP, ZSTD, SNAPPY, NONE, did you mean "GZIP"?`}},
	{"a transform that is too long", `{"table":"orders","bucket":"b-1","transform":"` + strings.Repeat("a", 8193) + `"}`, []string{`transform: got 8193 bytes, want at most 8192 bytes`}},
	{"an empty transform", `{"table":"orders","bucket":"b-1","transform":""}`, []string{`transform: is empty: leave it out, or give a value`}},
	{"a transform into another format", `{"table":"orders","bucket":"b-1","transform":".","format":"DYNAMODB_JSON"}`, []string{`format: got "DYNAMODB_JSON", want JSON or PARQUET, which transform makes: leave format out, or set it to one of them`}},
	{"a transform and an encoder", `{"table":"orders","bucket":"b-1","transform":".","encoder":"csv"}`, []string{`encoder: given together with transform: both make records of items, give one`}},
	{"an encoder and a format", `{"table":"orders","bucket":"b-1","format":"JSON","encoder":"csv"}`, []string{`format: given together with encoder, which decides how items are written: leave format out`}},
	{"an invalid name of an encoder", `{"table":"orders","bucket":"b-1","encoder":"../csv"}`, []string{`encoder: got "../csv", want 1 to 64 of a-z A-Z 0-9 _ -, the first a letter`}},
	{"a transform of an export", `{"table":"orders","bucket":"b-1","mode":"EXPORT","transform":".","encoder":"csv"}`, []string{
		`transform: not allowed in mode EXPORT: an export writes items as they are: set mode to SCAN`, `encoder: not allowed in mode EXPORT: an export writes items as they are: set mode to SCAN`,
	}},
	{"an owner that is not an account", `{"table":"orders","bucket":"b-1","bucketOwner":"me"}`, []string{`bucketOwner: got "me", want an AWS account of 12 digits`}},
	{"an empty key", `{"table":"orders","bucket":"b-1","kmsKeyId":""}`, []string{`kmsKeyId: is empty: leave it out, or give a value`}},
	{"an invalid time", `{"table":"orders","bucket":"b-1","scheduledTime":"yesterday"}`, []string{`scheduledTime: got "yesterday", want a time such as 2026-01-31T06:00:00Z`}},
	{"segments and TotalSegments", `{"table":"orders","bucket":"b-1","segments":4,"scan":{"TotalSegments":4}}`, []string{`segments: given together with scan.TotalSegments: both set the number of segments, give one`}},
	{"a segment without its total", `{"table":"orders","bucket":"b-1","scan":{"Segment":4}}`, []string{`scan.Segment: given without scan.TotalSegments`}},
	{"a segment beyond its total", `{"table":"orders","bucket":"b-1","scan":{"Segment":4,"TotalSegments":4}}`, []string{`scan.Segment: got 4, want 0 to 3, less than scan.TotalSegments`}},
	{"a negative segment", `{"table":"orders","bucket":"b-1","scan":{"Segment":-1,"TotalSegments":4}}`, []string{`scan.Segment: got -1, want 0 to 999999`}},
	{"more segments than a run has", `{"table":"orders","bucket":"b-1","scan":{"TotalSegments":10001}}`, []string{`scan.TotalSegments: got 10001, want at most 10000 for one run, or one scan.Segment and several executions`}},
	{"a limit of 0", `{"table":"orders","bucket":"b-1","scan":{"Limit":0}}`, []string{`scan.Limit: got 0, want 1 to 2147483647`}},
	{"a count", `{"table":"orders","bucket":"b-1","scan":{"Select":"COUNT"}}`, []string{`scan.Select: got "COUNT", want one of ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES, SPECIFIC_ATTRIBUTES`}},
	{"specific attributes without a projection", `{"table":"orders","bucket":"b-1","scan":{"Select":"SPECIFIC_ATTRIBUTES"}}`, []string{`scan.Select: SPECIFIC_ATTRIBUTES needs a scan.ProjectionExpression`}},
	{"all attributes and a projection", `{"table":"orders","bucket":"b-1","scan":{"Select":"ALL_ATTRIBUTES","ProjectionExpression":"a"}}`, []string{`scan.Select: ALL_ATTRIBUTES contradicts the projection, which allows only SPECIFIC_ATTRIBUTES`}},
	{"projected attributes without an index", `{"table":"orders","bucket":"b-1","scan":{"Select":"ALL_PROJECTED_ATTRIBUTES"}}`, []string{`scan.Select: ALL_PROJECTED_ATTRIBUTES needs a scan.IndexName`}},
	{"an empty expression", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":""}}`, []string{`scan.FilterExpression: is empty: leave it out, or give a value`}},
	{"an expression that is too long", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"` + strings.Repeat("a", 4097) + `"}}`, []string{`scan.FilterExpression: got 4097 bytes, want at most 4096 bytes`}},
	{"a value that is not defined", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"#s = :s"}}`, []string{
		`scan.ExpressionAttributeNames: does not define #s, which an expression uses`, `scan.ExpressionAttributeValues: does not define :s, which an expression uses`,
	}},
	{"a value that is not used", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":{"S":"x"},":b":{"S":"x"}}}}`, []string{`scan.ExpressionAttributeValues.:b: no expression uses it`}},
	{"substitutes without # and :", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"a = b","ExpressionAttributeNames":{"s":"status"},"ExpressionAttributeValues":{":":{"S":"x"}}}}`, []string{
		`scan.ExpressionAttributeNames.s: must begin with "#" and have a name after it`, `scan.ExpressionAttributeValues.":": must begin with ":" and have a name after it`,
	}},
	{"values that are not attribute values", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":":a :b :c :d :e :f :g","ExpressionAttributeValues":{
		":a":"x",":b":{},":c":{"S":1},":d":{"N":"one"},":e":{"B":"?"},":f":{"SS":[]},":g":{"Str":"x"}}}}`, []string{
		`scan.ExpressionAttributeValues.:a: got a string, want an object`,
		`scan.ExpressionAttributeValues.:b: has 0 members, want one whose name is the type, such as {"S":"text"}`,
		`scan.ExpressionAttributeValues.:c.S: got a number, want a string`,
		`scan.ExpressionAttributeValues.:d.N: want a number in a string`,
		`scan.ExpressionAttributeValues.:e.B: want binary data in base64`,
		`scan.ExpressionAttributeValues.:f.SS: is an empty set`,
		`scan.ExpressionAttributeValues.:g.Str: unknown attribute type, did you mean "S"?`,
	}},
	{"a value that is nested too deep", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"a = :a","ExpressionAttributeValues":{":a":` +
		strings.Repeat(`{"L":[`, 34) + `{"S":"x"}` + strings.Repeat(`]}`, 34) + `}}}`, []string{`has more than the 32 levels of lists and maps that DynamoDB allows`}},
	{"legacy parameters with expressions", `{"table":"orders","bucket":"b-1","scan":{"FilterExpression":"a = b","AttributesToGet":["a"]}}`, []string{`scan: AttributesToGet, ScanFilter and ConditionalOperator cannot be mixed with expressions: use the expressions alone`}},
	{"a legacy condition without its operator", `{"table":"orders","bucket":"b-1","scan":{"ScanFilter":{"a":{}}}}`, []string{`scan.ScanFilter.a.ComparisonOperator: missing: give one of EQ, NE, IN, LE, LT, GE, GT, BETWEEN, NOT_NULL, NULL, CONTAINS, NOT_CONTAINS, BEGINS_WITH`}},
	{"a legacy condition with an unknown operator", `{"table":"orders","bucket":"b-1","scan":{"ScanFilter":{"a":{"ComparisonOperator":"="}}}}`, []string{`scan.ScanFilter.a.ComparisonOperator: got "="`}},
	{"a legacy operator with nothing to combine", `{"table":"orders","bucket":"b-1","scan":{"ConditionalOperator":"AND"}}`, []string{`scan.ConditionalOperator: given without scan.ScanFilter, whose conditions it combines`}},
	{"an invalid name of an index", `{"table":"orders","bucket":"b-1","scan":{"IndexName":"a b"}}`, []string{`scan.IndexName: got "a b", want 3 to 255 of a-z A-Z 0-9 _ . -`}},
	{"several faults at once", `{"table":"a","bucket":"B","prefix":"..","segments":0,"compression":"LZ4","scan":{"Limit":-1}}`, []string{
		`table: got "a"`, `bucket: got "B"`, `scan.Limit: got -1`, `segments: got 0`, `compression: got "LZ4"`, `prefix: got ".."`,
	}},
	{"a missing field and an unknown one", `{"segmets":3}`, []string{`segmets: unknown field`, `table: missing`, `bucket: missing`}},
	{"a wrong type and a bad value", `{"table":"orders","bucket":"b-1","segments":"many","compression":"LZ4","scan":{"Limit":"x","TotalSegments":0}}`, []string{
		`segments: got "many", want a whole number`, `scan.Limit: got "x", want a whole number`,
		`scan.TotalSegments: got 0, want 1 to 1000000`, `compression: got "LZ4", want one of`, `segments: given together with scan.TotalSegments`,
	}},
	{"several faults of one prefix", `{"table":"orders","bucket":"b-1","prefix":"/a/{tabel}/{days}/../x}"}`, []string{
		`prefix: got "/a/{tabel}/{days}/../x}", want a prefix that does not begin with /`, `want a prefix without the folder ".."`,
		`in place of "{tabel}"`, `in place of "{days}"`, `want a { before each }`,
	}},
	{"values of a wrong type", `{"table":["orders"],"bucket":7,"mode":"EXPORT","export":{"from":1,"viewType":"NEW_IMAGE","filter":{"FilterExpression":5,"ExpressionAttributeValues":{":a":{"S":"x"}}}}}`, []string{
		`table: got a list, want a string`, `bucket: got 7, want a string`, `export.from: got 1, want a string`, `export.filter.FilterExpression: got 5, want a string`,
	}},
	{"a parameter of a wrong type", `{"table":"orders","bucket":"b-1","scan":{"Segment":5,"TotalSegments":"many","Select":"SPECIFIC_ATTRIBUTES","AttributesToGet":"a","ConditionalOperator":"AND","ScanFilter":{"a":5}}}`, []string{
		`scan.TotalSegments: got "many", want a whole number`, `scan.AttributesToGet: got a string, want a list`, `scan.ScanFilter.a: got a number, want an object`,
	}},
	{"an unknown mode, with fields of EXPORT", `{"table":"orders","bucket":"b-1","mode":"EXPROT","export":{"format":"JSON"}}`, []string{
		`mode: got "EXPROT", want one of SCAN, EXPORT, did you mean "EXPORT"?`, `export.format: got "JSON", want one of DYNAMODB_JSON, ION`,
	}},
	{"a request that is too large", `{"table":"` + strings.Repeat("a", 128<<10) + `"}`, []string{`got 131084 bytes, want at most 131072 bytes`}},
}

func TestParseNamesEveryProblemOfAnInvalidRequest(t *testing.T) {
	for _, test := range invalid {
		t.Run(test.name, func(t *testing.T) { wantProblems(t, test.request, test.problems) })
	}
}

// wantProblems fails the test unless the request causes exactly these problems, in this order.
func wantProblems(t *testing.T, req string, problems []string) {
	t.Helper()
	_, err := request.Parse(json.RawMessage(req), nil)
	if failure.NameOf(err) != failure.InvalidRequest || err == nil {
		t.Fatalf("got %v, want an InvalidRequest", err)
	}
	got, _ := errors.AsType[problem.List](err)
	for i, problem := range got[:min(len(got), len(problems))] {
		if !strings.Contains(problem.String(), problems[i]) {
			t.Errorf("got %s\nwant %s", problem, problems[i])
		}
	}
	if len(got) != len(problems) {
		t.Errorf("%d problems, want %d: %s", len(got), len(problems), err)
	}
}

func TestParseFillsInDefaults(t *testing.T) {
	req, err := request.Parse(json.RawMessage(`{"table":"orders"}`), json.RawMessage(`{"bucket":"b-1","prefix":"x/{table}","compression":"ZSTD"}`))
	if err != nil {
		t.Fatal(err)
	}
	if req.Bucket != "b-1" || req.Prefix != "x/{table}" || req.Compression != request.CompressionZSTD ||
		req.Format != request.FormatDynamoDBJSON || req.Mode != request.ModeScan || *req.FileSize != 128<<20 {
		t.Errorf("got %+v", req)
	}
	t.Run("the request overrides a default", func(t *testing.T) {
		req, err := request.Parse(json.RawMessage(` {"table":"orders","compression":"NONE"}`), json.RawMessage(`{"bucket":"b-1","compression":"ZSTD"}`))
		if err != nil || req.Compression != request.CompressionNone {
			t.Errorf("got %+v, %v", req, err)
		}
	})
	t.Run("a pace in the request replaces the other way to give it", func(t *testing.T) {
		req, err := request.Parse(json.RawMessage(`{"table":"orders","readPercent":12.5}`), json.RawMessage(`{"bucket":"b-1","readUnitsPerSecond":100}`))
		if err != nil || req.ReadUnits != nil || *req.ReadPercent != 12.5 {
			t.Errorf("got %+v, %v", req, err)
		}
	})
	t.Run("a fault of the defaults names the deployment", func(t *testing.T) {
		_, err := request.Parse(json.RawMessage(`{"table":"orders"}`), json.RawMessage(`[]`))
		if err == nil || err.Error() != `invalid request: the deployment's REQUEST_DEFAULTS: got a list, want an object` {
			t.Errorf("got %v", err)
		}
	})
}

// A transform or an encoder in the request replaces a default format. A format or an encoder in the request does not replace a default
// transform, because the transform may be there to leave something out.
func TestRequestReplacesDefaultFormatOnly(t *testing.T) {
	for _, test := range []struct{ name, request, defaults, want, problem string }{
		{"a transform alone", `"transform":"."`, ``, `JSON|.|`, ``},
		{"a transform, and its format", `"transform":".","format":"JSON"`, ``, `JSON|.|`, ``},
		{"an encoder alone", `"encoder":"csv"`, ``, `||csv`, ``},
		{"a transform over a format", `"transform":"."`, `"format":"DYNAMODB_JSON"`, `JSON|.|`, ``},
		{"an encoder over a format", `"encoder":"csv"`, `"format":"JSON"`, `||csv`, ``},
		{"a transform over another", `"transform":"."`, `"transform":"del(.email)"`, `JSON|.|`, ``},
		{"a transform by default", ``, `"transform":"del(.email)"`, `JSON|del(.email)|`, ``},
		{"a transform by default, in an export", `"mode":"EXPORT"`, `"transform":"del(.email)"`, `||`, ``},
		{"a format over a transform", `"format":"DYNAMODB_JSON"`, `"transform":"del(.email)"`, ``, `format: got "DYNAMODB_JSON", want JSON or PARQUET, which transform makes`},
		{"an encoder over a transform", `"encoder":"csv"`, `"transform":"del(.email)"`, ``, `encoder: given together with transform`},
		{"a contradiction in the defaults", ``, `"format":"DYNAMODB_JSON","transform":"."`, ``, `format: got "DYNAMODB_JSON", want JSON or PARQUET, which transform makes`},
	} {
		t.Run(test.name, func(t *testing.T) {
			members := strings.TrimSuffix(`{"table":"orders","bucket":"b-1",`+test.request, ",")
			r, err := request.Parse(json.RawMessage(members+"}"), json.RawMessage("{"+test.defaults+"}"))
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("got %v, want %s", err, test.problem)
				}
				return
			}
			if got := string(r.Format) + "|" + r.Transform + "|" + r.Encoder; err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestParseAcceptsEveryFieldOfAScan(t *testing.T) {
	_, err := request.Parse(json.RawMessage(`{
		"table": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders", "bucket": "my.bucket-1", "prefix": "Grüße/{table}/year={year}/{runId}/",
		"mode": "SCAN", "concurrency": 5, "fileSizeBytes": 1024, "format": "JSON", "compression": "NONE",
		"bucketOwner": "123456789012", "kmsKeyId": "alias/x", "scheduledTime": "2026-01-31T06:00:00+01:00",
		"scan": {"IndexName": "by-day", "FilterExpression": "#s IN (:a, :b)", "ProjectionExpression": "#s, total", "ExpressionAttributeNames": {"#s": "status"},
			"ExpressionAttributeValues": {":a": {"S": ""}, ":b": {"M": {"l": {"L": [{"N": "-1.5E+10"}, {"B": "AQID"}, {"BOOL": false}, {"NULL": true}, {"SS": ["a"]}, {"NS": ["1"]}, {"BS": [""]}]}}}},
			"ConsistentRead": true, "Select": "SPECIFIC_ATTRIBUTES", "Limit": 10, "TotalSegments": 1000000, "Segment": 999999}}`), nil)
	if err != nil {
		t.Error(err)
	}
	_, err = request.Parse(json.RawMessage(`{"table":"orders","bucket":"b-1","scan":{"AttributesToGet":["a"],"ConditionalOperator":"OR",
		"ScanFilter":{"a":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"N":"1"},{"N":"2"}]},"b":{"ComparisonOperator":"NOT_NULL"}}}}`), nil)
	if err != nil {
		t.Error(err)
	}
}

func TestDifferentRequestsHaveDifferentDigests(t *testing.T) {
	digest := func(req, defaults string) string {
		t.Helper()
		parsed, err := request.Parse(json.RawMessage(req), json.RawMessage(defaults))
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Digest()
	}
	base := digest(`{"table":"orders","bucket":"b-1"}`, ``)
	if other := digest(`{"bucket":"b-1","mode":"SCAN","table":"orders"}`, ``); other != base {
		t.Error("the same request, in another order, has another digest")
	}
	if other := digest(`{"table":"orders"}`, `{"bucket":"b-1"}`); other != base {
		t.Error("the same request, with a field from the deployment's defaults, has another digest")
	}
	if other := digest(`{"table":"orders","bucket":"b-1","maxReadUnits":5,"maxDollars":1,"explain":true}`, ``); other != base {
		t.Error("the same request with limits has another digest, so that a higher limit cannot continue its run")
	}
	for _, req := range []string{
		`{"table":"other","bucket":"b-1"}`, `{"table":"orders","bucket":"b-2"}`, `{"table":"orders","bucket":"b-1","segments":1}`,
		`{"table":"orders","bucket":"b-1","transform":"."}`, `{"table":"orders","bucket":"b-1","encoder":"csv"}`,
		`{"table":"orders","bucket":"b-1","scan":{"Limit":5}}`, `{"table":"orders","bucket":"b-1","scheduledTime":"2026-01-31T06:00:00Z"}`,
	} {
		if digest(req, ``) == base {
			t.Errorf("%s has the digest of another request", req)
		}
	}
}

// mostWords is the most bytes of a cause that Step Functions keeps.
const mostWords = 32_768

// For every input, an error is an InvalidRequest that a console can show. An accepted request is accepted again, with the same digest.
func FuzzParse(f *testing.F) {
	for _, test := range invalid {
		f.Add([]byte(test.request))
	}
	f.Fuzz(func(t *testing.T, req []byte) {
		parsed, err := request.Parse(req, nil)
		if err != nil {
			words := err.Error()
			hidden := func(r rune) bool { return !unicode.IsPrint(r) }
			if failure.NameOf(err) != failure.InvalidRequest || len(words) > mostWords || !utf8.ValidString(words) || strings.ContainsFunc(words, hidden) {
				t.Errorf("%s, %d bytes: %.1000q", failure.NameOf(err), len(words), words)
			}
			return
		}
		again, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := request.Parse(again, nil); err != nil || second.Digest() != parsed.Digest() {
			t.Errorf("Parse does not accept its own result %s: %v", again, err)
		}
	})
}
