package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/export"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// refusing is a network that gives the same error to each call, in the protocol of the service. S3 refuses only writes.
type refusing struct {
	service string
	status  int
	code    string
	only    string // the only operation that is refused; "" refuses all
}

// beforeAnExport has the answers to the calls that a start of an export needs.
var beforeAnExport = map[string]string{
	"DescribeTable": `{"Table":{"TableName":"orders","TableStatus":"ACTIVE"}}`,
	"DescribeContinuousBackups": `{"ContinuousBackupsDescription":{"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED",` +
		`"EarliestRestorableDateTime":1767225600,"LatestRestorableDateTime":1769860800}}}`,
	"ListExports": `{}`,
}

func (r refusing) Do(asked *http.Request) (*http.Response, error) {
	if asked.Body != nil {
		if _, err := io.Copy(io.Discard, asked.Body); err != nil {
			return nil, err
		}
	}
	status, body := r.status, fmt.Sprintf(`{"__type":"com.amazonaws.any#%s","message":"no way"}`, r.code)
	switch {
	case r.service == "sts":
		body = fmt.Sprintf("<ErrorResponse><Error><Code>%s</Code><Message>no way</Message></Error></ErrorResponse>", r.code)
	case r.service == "s3":
		body = fmt.Sprintf("<Error><Code>%s</Code><Message>no way</Message></Error>", r.code)
	case asked.Method == http.MethodGet && strings.HasSuffix(asked.URL.Path, "/_started"): // the claim
		status, body = http.StatusOK, fmt.Sprintf(`{"version":%d}`, run.Version)
	case asked.Method == http.MethodGet: // S3 beside DynamoDB: the journal of a new run
		status, body = http.StatusNotFound, "<Error><Code>NoSuchKey</Code></Error>"
	case asked.Method == http.MethodPut:
		status, body = http.StatusOK, ""
	case r.only != "":
		if _, operation, _ := strings.Cut(asked.Header.Get("X-Amz-Target"), "."); operation != r.only {
			status, body = http.StatusOK, beforeAnExport[operation]
		}
	}
	header := http.Header{"Etag": {`"e"`}}
	return &http.Response{StatusCode: status, Request: asked, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (r refusing) config() aws.Config {
	return aws.Config{
		Region: "eu-west-1", HTTPClient: r, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }, RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	}
}

var scanned = run.Plan{Version: run.Version, Table: "orders", Bucket: "b", Scan: &run.ScanPlan{TotalSegments: 1}}

func scan(t *testing.T, cfg aws.Config, plan run.Plan) error {
	t.Helper()
	reader, err := table.NewReader(awsclient.NewClients(cfg, cfg, cfg).Tables(plan), plan, 0)
	if err != nil {
		t.Fatal(err)
	}
	return reader.Next(t.Context(), nil, new(table.Page))
}

// calls has a call of each kind, with the column in the decisions of its service.
var calls = []struct {
	service, operations, decisions string
	column                         int
	call                           func(t *testing.T, cfg aws.Config) error
}{
	{"s3", "*", decisionsS3, 2, func(t *testing.T, cfg aws.Config) error {
		_, err := bucket.New(awsclient.S3(cfg), scanned).Put(t.Context(), "k", nil)
		return err
	}},
	{"dynamodb", "Scan", decisionsDynamoDB, 2, func(t *testing.T, cfg aws.Config) error { return scan(t, cfg, scanned) }},
	{"dynamodb", "DescribeTable", decisionsDynamoDB, 3, func(t *testing.T, cfg aws.Config) error {
		_, err := table.Describe(t.Context(), awsclient.DynamoDB(cfg), request.Table{Name: "orders"}, request.Scan{})
		return err
	}},
	{"dynamodb", "ExportTableToPointInTime", decisionsDynamoDB, 4, func(t *testing.T, cfg aws.Config) error {
		network := cfg.HTTPClient.(refusing)
		network.only = "ExportTableToPointInTime"
		cfg.HTTPClient = network
		step := export.Step{DynamoDB: awsclient.DynamoDB(cfg), S3: awsclient.S3(cfg), Log: slog.New(slog.DiscardHandler)}
		plan := run.Plan{Version: run.Version, Mode: request.ModeExport, RunID: "r", Table: "orders", Bucket: "b", Root: "p", Export: &run.ExportPlan{
			Request: request.Export{ExportType: request.ExportFull, Format: request.FormatDynamoDBJSON, CheckInterval: new(int64(30)), MaxAttempts: new(int64(60))},
		}}
		_, err := step.Run(t.Context(), run.ExportInput{Plan: plan})
		return err
	}},
	{"sts", "AssumeRole", decisionsSTS, 2, func(t *testing.T, cfg aws.Config) error {
		plan, as := scanned, *scanned.Scan
		as.SourceRoleARN, plan.Scan = "arn:aws:iam::123456789012:role/reader", &as
		return scan(t, cfg, plan)
	}},
	{"sfn", "DescribeExecution", decisionsStepFunctions, 2, func(t *testing.T, cfg aws.Config) error {
		state, err := awsclient.NewExecutions(cfg).Describe(t.Context(), "arn:aws:states:eu-west-1:123456789012:execution:m:e")
		if err == nil && state.Status == execution.Unknown {
			return errAnswer
		}
		return err
	}},
	{"glue", "UpdateTable", decisionsGlue, 2, func(t *testing.T, cfg aws.Config) error {
		in := &glue.UpdateTableInput{DatabaseName: aws.String("lake"), TableInput: &types.TableInput{Name: aws.String("orders")}}
		_, err := awsclient.Glue(cfg).UpdateTable(t.Context(), in)
		return fault.GlueCall{Action: "glue:UpdateTable", Database: "lake", Table: "orders", Function: "catalog", Refused: failure.CatalogFailed}.Named(err)
	}},
}

var errAnswer = errors.New("an answer, not a failure")

// Every code ends under the name that is decided for it, and never under a name that contradicts the Retry of the state machine.
func TestEveryCodeEndsUnderItsName(t *testing.T) {
	t.Parallel()
	names := append(failure.Names(), "answer")
	for _, c := range calls {
		for line := range strings.Lines(c.decisions) {
			fields := strings.Fields(line)
			if len(fields) == 0 || fields[0] == "#" {
				continue
			}
			code, want := fields[0], failure.Name(fields[c.column])
			status, err := strconv.Atoi(fields[1])
			if err != nil || !slices.Contains(names, want) {
				t.Fatalf("%q: %v", line, err)
			}
			err = c.call(t, refusing{service: c.service, status: status, code: code}.config())
			got := failure.NameOf(err)
			if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrChanged) || errors.Is(err, errAnswer) {
				got = "answer"
			}
			if err == nil || got != want || want != "answer" && !strings.Contains(err.Error(), "no way") && want != failure.TableNotFound && want != failure.BucketNotFound {
				t.Errorf("%s %s: %s ends as %s, want %s: %v", c.service, c.operations, code, got, want, err)
			}
			if _, throttles := retry.DefaultThrottleErrorCodes[code]; (throttles || status >= 500) && got.Permanent() {
				t.Errorf("%s %s: %s is permanent, but another try can help", c.service, c.operations, code)
			}
		}
	}
}

// The SDK's models list no error of the functions' calls that is not decided above. A new version of the SDK fails here until somebody
// decides.
func TestEveryErrorOfTheSDKIsDecided(t *testing.T) {
	t.Parallel()
	for service, operations := range operationsOfTheFunctions(t) {
		errorsOf := modelled(t, service, operations)
		if len(errorsOf) < 3 {
			t.Errorf("%s: found the errors %q", service, errorsOf)
		}
		decided := false
		for _, c := range calls {
			if c.service != service {
				continue
			}
			decided = true
			for _, code := range errorsOf {
				if !regexp.MustCompile(`(?m)^\s+` + regexp.QuoteMeta(code) + ` `).MatchString(c.decisions) {
					t.Errorf("%s: no decision about %s: add it to decisions_test.go", service, code)
				}
			}
		}
		if !decided {
			t.Errorf("the functions call %s %q, and there are no decisions about its errors", service, operations)
		}
	}
}

// operationsOfTheFunctions returns the operations that the code of the functions mentions, by service.
func operationsOfTheFunctions(t *testing.T) map[string][]string {
	t.Helper()
	operations := map[string][]string{"sts": {"AssumeRole"}} // by stscreds
	input := regexp.MustCompile(`\b(\w+)\.([A-Z]\w+)Input\{`)
	sources, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range input.FindAllSubmatch(text, -1) {
			if !strings.HasSuffix(path, "_test.go") && bytes.Contains(text, []byte("aws-sdk-go-v2/service/"+string(found[1])+`"`)) {
				operations[string(found[1])] = append(operations[string(found[1])], string(found[2]))
			}
		}
	}
	if !slices.Contains(operations["dynamodb"], "Scan") || !slices.Contains(operations["s3"], "PutObject") || !slices.Contains(operations["sfn"], "DescribeExecution") {
		t.Fatalf("found only %v", operations)
	}
	delete(operations, "cloudwatch") // explain never fails because of CloudWatch: it says that it knows less
	return operations
}

// modelled returns the codes that the SDK's source lists for operations. For a service of the SDK's newer form, it lists only those of all
// operations.
func modelled(t *testing.T, service string, operations []string) []string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/"+service).Output()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return string(text)
	}
	var codes []string
	add := func(text, pattern string) {
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			codes = append(codes, found[1])
		}
	}
	if decoders := read("deserializers.go"); decoders != "" {
		for _, operation := range operations {
			_, body, found := strings.Cut(decoders, "_deserializeOpError"+operation+"(response *")
			if !found {
				t.Errorf("the SDK's %s has no decoder for the errors of %s", service, operation)
			}
			body, _, _ = strings.Cut(body, "\n}\n")
			add(body, `EqualFold\("([^"]+)", errorCode\)`)
		}
		return codes
	}
	add(read("types/errors.go"), `ErrorCode\(\) string \{[^}]*return "([^"]+)"`)
	return codes
}
