package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"
)

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// itemsOf returns the items of a table in DynamoDB, sorted by the text of their key id. The members of sets are sorted.
func itemsOf(t *testing.T, table, key string) []map[string]types.AttributeValue {
	t.Helper()
	var items []map[string]types.AttributeValue
	for pages := dynamodb.NewScanPaginator(testservers.DynamoDB(), &dynamodb.ScanInput{TableName: &table}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return ordered(items, key)
}

// ordered puts items, and the elements of their sets, in order.
func ordered(items []map[string]types.AttributeValue, key string) []map[string]types.AttributeValue {
	slices.SortFunc(items, func(a, b map[string]types.AttributeValue) int {
		return strings.Compare(a[key].(*types.AttributeValueMemberS).Value, b[key].(*types.AttributeValueMemberS).Value)
	})
	for _, item := range items {
		for _, value := range item {
			switch v := value.(type) {
			case *types.AttributeValueMemberSS:
				slices.Sort(v.Value)
			case *types.AttributeValueMemberNS:
				slices.Sort(v.Value)
			case *types.AttributeValueMemberBS:
				slices.SortFunc(v.Value, bytes.Compare)
			}
		}
	}
	return items
}

// Each form of a file gives the same table, and the run of the table is verified.
func TestLoadReplicatesOwnItems(t *testing.T) {
	t.Parallel()
	const plain = `{"id":"a","n":12345678901234567890.123456789012345678,"list":[1.5,null,true,{"S":"x"}]}` + "\n" + `{"id":"b","v":""}` + "\n"
	const typed = `{"id":{"S":"a"},"n":{"N":"12345678901234567890.123456789012345678"},"list":{"L":[{"N":"1.5"},{"NULL":true},{"BOOL":true},{"M":{"S":{"S":"x"}}}]}}` + "\n" + `{"id":{"S":"b"},"v":{"S":""}}` + "\n"
	const exported = `{"Item":` + `{"id":{"S":"b"},"v":{"S":""}}}` + "\n" + `{"Item":{"id":{"S":"a"},"n":{"N":"12345678901234567890.123456789012345678"},"list":{"L":[{"N":"1.5"},{"NULL":true},{"BOOL":true},{"M":{"S":{"S":"x"}}}]}}}`
	const ion = `$ion_1_0 {Item:{id:"a",n:12345678901234567890.123456789012345678,list:[1.5,null,true,{S:"x"}]}}` + "\n" + `$ion_1_0 {Item:{id:"b",v:""}}` + "\n"
	var gzipped, zstandard bytes.Buffer
	g := gzip.NewWriter(&gzipped)
	_, _ = g.Write([]byte(plain)) // a buffer never fails
	_ = g.Close()
	z, _ := zstd.NewWriter(&zstandard) // no option can be wrong
	_, _ = z.Write([]byte(typed))
	_ = z.Close()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	want := []map[string]types.AttributeValue{
		{
			"id": text("a"), "n": &types.AttributeValueMemberN{Value: "12345678901234567890.123456789012345678"},
			"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{
				&types.AttributeValueMemberN{Value: "1.5"}, &types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberBOOL{Value: true},
				&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"S": text("x")}},
			}},
		},
		{"id": text("b"), "v": text("")},
	}
	definition := file(t, "table.json", []byte(`{"Table":{"TableName":"elsewhere","TableStatus":"ACTIVE","ItemCount":7,
		"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
		"GlobalSecondaryIndexes":[{"IndexName":"again","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}}`))
	for i, test := range []struct {
		name    string
		content []byte
		stdin   bool
		key     []string
	}{
		{"plain.jsonl", []byte(plain), false, []string{"--key", "id"}},
		{"plain-from-stdin", []byte(plain), true, []string{"--key", "id"}},
		{"plain.jsonl.gz", gzipped.Bytes(), false, []string{"--table-definition", definition}},
		{"typed.json", []byte(typed), false, []string{"--table-definition", definition}},
		{"typed.json.zst", zstandard.Bytes(), true, []string{"--key", "id"}},
		{"exported.json", []byte(exported), false, []string{"--key", "id"}},
		{"exported.ion", []byte(ion), false, []string{"--key", "id"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table, bucket := fmt.Sprintf("loaded-%d", i), testservers.Bucket(t)
			path := file(t, test.name, test.content)
			args := append([]string{"run", "--verify", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)), "--load", path}, test.key...)
			cmd := program(t.Context(), t, args...)
			if test.stdin {
				cmd.Args[slices.Index(cmd.Args, path)] = "-"
				cmd.Stdin = bytes.NewReader(test.content)
			}
			o := outcomeOf(t, cmd)
			succeeds(t, o)
			says(t, o, "loading the table "+table+": 100 %, 2 of 2 items\n", "replicating "+table+": 100 %, 2 of about 2 items, ", "verified: the 1 object holds exactly the 2 items of the table")
			if got := itemsOf(t, table, "id"); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// download copies the objects below a prefix into a folder, as aws s3 sync does.
func download(t *testing.T, bucket, prefix string) string {
	t.Helper()
	folder := t.TempDir()
	for _, key := range testservers.Keys(t, bucket, prefix+"/") {
		answer, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(key, prefix+"/")))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// A run's folder gives the table again, in each format that keeps the types.
func TestLoadBringsBackARun(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 500)
	want := itemsOf(t, table, "orderId")
	for i, fields := range []string{
		`"format": "DYNAMODB_JSON"`, `"format": "DYNAMODB_JSON", "compression": "NONE"`, `"format": "ION"`, `"format": "ION", "compression": "ZSTD"`,
		`"mode": "EXPORT", "export": {"checkIntervalSeconds": 1}`,
	} {
		t.Run(fields, func(t *testing.T) {
			t.Parallel()
			bucket, again := testservers.Bucket(t), fmt.Sprintf("again-%d", i)
			flags := []string{"--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "lake/{table}", %s}`, table, bucket, fields))}
			if strings.Contains(fields, "EXPORT") {
				flags = append(flags, "--local-exports", "--export-delay", "0s")
			}
			first := runProgram(t, flags...)
			if first.code != 0 {
				t.Fatalf("exit %d: %+v\n%s", first.code, first.failed, first.stderr)
			}
			folder := download(t, bucket, strings.TrimSuffix(strings.TrimPrefix(first.result.Manifest, "s3://"+bucket+"/"), "/manifest-summary.json"))
			second := runProgram(t, "--load", folder, "--key", "orderId", "--verify",
				"--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "format": "ION", "segments": 3}`, again, bucket)))
			succeeds(t, second)
			if got := itemsOf(t, again, "orderId"); second.result.Items != 500 || !reflect.DeepEqual(got, want) {
				t.Errorf("%d items; they differ from the first table's", second.result.Items)
			}
		})
	}
}

// If one item is wrong, nothing is created, loaded or replicated.
func TestLoadRefusesWrongItems(t *testing.T) {
	t.Parallel()
	bucket := testservers.Bucket(t)
	input := requestFile(t, fmt.Sprintf(`{"table": "refused", "bucket": %q}`, bucket))
	for _, test := range []struct{ text, says string }{
		{`{"id":"a"}` + "\n" + `{"id":"Hunter2",}` + "\n" + `{"id":"a"}`, "error: --load: 2 of 3 items in PATH cannot be loaded, so nothing was done:\n" +
			"  PATH, line 2: invalid JSON at byte 17: want a member name\n  PATH, line 3: the item has the same key as the one in line 1: a table has only one item of a key\n"},
		{"", "error: --load: PATH has no items\n"},
		{`[{"id":"Hunter2"}]`, "error: --load: PATH: is one JSON array: want one item per line. To make such lines: jq -c '.[]' FILE > items.jsonl\n"},
	} {
		path := file(t, "items.jsonl", []byte(test.text))
		o := runProgram(t, "--load", path, "--key", "id", "--input", input)
		if o.code != 1 || !strings.HasSuffix(o.stderr, strings.ReplaceAll(test.says, "PATH", path)) || strings.Contains(o.stderr, "Hunter2") {
			t.Errorf("exit %d:\n%s", o.code, o.stderr)
		}
	}
	o := runProgram(t, "--load", t.TempDir(), "--key", "id", "--input", input)
	if o.code != 1 || !strings.Contains(o.stderr, " has no manifest-summary.json: give the folder of a complete run") {
		t.Errorf("exit %d:\n%s", o.code, o.stderr)
	}
	if _, err := testservers.DynamoDB().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("refused")}); err == nil {
		t.Error("the table was created")
	}
	if keys := testservers.Keys(t, bucket, ""); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}
}

func TestLoadNeverWritesIntoATableThatExists(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 3), testservers.Bucket(t)
	o := runProgram(t, "--load", file(t, "items.jsonl", []byte(`{"orderId":"order-00000000"}`)), "--key", "orderId", "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, bucket)))
	if o.code != 1 || !strings.Contains(o.stderr, "error: the table "+table+" exists already. Loading never writes into a table that it has not created: name another table, or delete this one first\n") {
		t.Errorf("exit %d:\n%s", o.code, o.stderr)
	}
	if items := itemsOf(t, table, "orderId"); len(items) != 3 || len(items[0]) == 1 {
		t.Errorf("got %v", items)
	}
}

func TestWrongFlagsOfLoad(t *testing.T) {
	t.Parallel()
	items, input := file(t, "items.jsonl", []byte(`{"id":"a"}`)), requestFile(t, `{"table": "orders", "bucket": "lake"}`)
	wrong := file(t, "table.json", []byte(`{"KeySchma": []}`))
	for _, test := range []struct {
		endpoint string // of DynamoDB; "" for the one of the tests
		args     []string
		says     string
	}{
		{"", []string{"--load", items}, "--load needs the key of the table: add --table-definition FILE, with the output of aws dynamodb describe-table, or --key NAME"},
		{"", []string{"--key", "id"}, "--table-definition and --key are for --load: add --load FILE"},
		{"", []string{"--load", items, "--key", "id", "--table-definition", wrong}, "--table-definition and --key contradict each other"},
		{"", []string{"--load", items, "--table-definition", wrong}, "--table-definition: " + wrong + ": 2 problems: KeySchma: unknown field, did you mean \"KeySchema\"?; KeySchema: want"},
		{"", []string{"--load", items, "--table-definition", "nowhere.json"}, "--table-definition: nowhere.json: open nowhere.json"},
		{"", []string{"--load", items, "--key", "a,b,c"}, `--key: got "a,b,c", want the name of the partition key`},
		{"", []string{"--load", "-", "--key", "id", "--input", "-"}, "--input - and --load - contradict each other"},
		{"", []string{"--format", "PARQUET", "--input", input}, "--input and --format contradict each other: write the format into the request"},
		{"https://dynamodb.us-east-1.amazonaws.com", []string{"--load", items, "--key", "id"}, `--load writes only to a DynamoDB on this computer, but AWS_ENDPOINT_URL_DYNAMODB names "dynamodb.us-east-1.amazonaws.com"`},
		{"http://10.0.0.7:8000", []string{"--load", items, "--key", "id"}, `names "10.0.0.7"`},
		{"::", []string{"--load", items, "--key", "id"}, `AWS_ENDPOINT_URL_DYNAMODB is not a URL`},
		{"aws", []string{"--load", items, "--key", "id"}, "--aws and --load contradict each other"},
	} {
		args := append([]string{"run"}, test.args...)
		if !slices.Contains(args, "--input") {
			args = append(args, "--input", input)
		}
		cmd := program(t.Context(), t, args...)
		switch test.endpoint {
		case "":
		case "aws":
			cmd.Args = append(cmd.Args, "--aws")
			cmd.Env = slices.DeleteFunc(cmd.Env, func(variable string) bool { return strings.HasPrefix(variable, "AWS_ENDPOINT_URL") })
		default:
			cmd.Env = append(cmd.Env, envDynamoDBEndpoint+"="+test.endpoint)
		}
		if said, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(said), test.says) {
			t.Errorf("%v: %v: %s", test.args, err, said)
		}
	}
}

// A DynamoDB in a container has a name without dots. DynamoDB's own names have dots.
func TestOnlyThisComputerIsLoaded(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"http://localhost:8000": true, "http://127.0.0.2:8000": true, "http://[::1]:8000": true, "http://dynamodb-local:8000": true, "http://host.docker.internal:8000": true,
		"https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com": false, "http://192.168.0.4:8000": false, "http://[2600::1]": false, "http://": false, "http://dynamodb.eu-west-1.api.aws": false,
	} {
		t.Setenv(envDynamoDBEndpoint, endpoint)
		if err := localOnly(); (err == nil) != ok {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// Each process loads the items into a DynamoDB of its own. The same items are the same table, so an interrupted run continues. Other
// items are another table.
func TestInterruptedRunContinuesOnTheSameItems(t *testing.T) {
	t.Parallel()
	bucket := testservers.Bucket(t)
	var lines bytes.Buffer
	for i := range 2000 {
		fmt.Fprintf(&lines, "{\"id\":\"item-%d\"}\n", i)
	}
	input := requestFile(t, fmt.Sprintf(`{"table": "items", "bucket": %q, "fileSizeBytes": 2048, "scan": {"Limit": 5}}`, bucket))
	command := func(items []byte) *exec.Cmd {
		cmd := program(t.Context(), t, "run", "--name", "loaded", "--verify", "--input", input, "--load", file(t, "items.jsonl", items), "--key", "id")
		cmd.Env = slices.DeleteFunc(cmd.Env, func(variable string) bool { return strings.HasPrefix(variable, envDynamoDBEndpoint+"=") })
		return cmd
	}
	killInRun(t, command(lines.Bytes()), bucket, "loaded")
	if o := outcomeOf(t, command(append(slices.Clone(lines.Bytes()), `{"id":"one more"}`...))); o.code != 1 || o.failed.Error != string(failure.TableReplaced) {
		t.Errorf("with one more item: exit %d: %+v\n%s", o.code, o.failed, o.stderr)
	}
	if o := outcomeOf(t, command(lines.Bytes())); o.code != 0 || o.result.Items != 2000 {
		t.Errorf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
	}
}
