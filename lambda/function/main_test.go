package function_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/local/testservers"
)

// envFunction makes the test's own binary the program of a function.
const envFunction = "HANDLER_TEST_FUNCTION"

func TestMain(m *testing.M) {
	if step := os.Getenv(envFunction); step != "" {
		function.Main(contract.Function(step))
		return
	}
	testservers.Main(m)
}

// A function that is started like Lambda starts it asks the runtime API for an invocation, and answers there. An error has the name
// that Step Functions matches.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func TestFunctionAnswersLambdasRuntime(t *testing.T) {
	t.Parallel()
	table, bucket := testservers.Orders(t, 10), testservers.Bucket(t)
	tokens := startSTS(t)
	plan := `{"request": %s, "execution": {"id": "arn:x", "name": "x", "startTime": "2026-01-31T06:07:08.123Z"}}`
	for _, test := range []struct{ name, function, payload, path, says string }{
		{"an answer", "plan", fmt.Sprintf(plan, `{"table": "`+table+`"}`), "/2018-06-01/runtime/invocation/1/response", `"segments":[0],"concurrency":1,"export":{"inProgress":false,"exports":[],"until":null,"reason":""},"committed":false}`},
		{"an error", "plan", fmt.Sprintf(plan, `{"tabel": "orders"}`), "/2018-06-01/runtime/invocation/1/error", `{"errorMessage":"invalid request: 2 problems: tabel: unknown field, did you mean \"table\"?; table: missing: give the name or the ARN of the table","errorType":"InvalidRequest"}`},
		{"a payload of another version", "finalize", `{"paln": {}}`, "/2018-06-01/runtime/invocation/1/error", `"errorType":"InvalidRequest"`},
		{"a role that is not listed", "plan", fmt.Sprintf(plan, `{"table": "`+table+`", "sourceRoleArn": "`+writer+`"}`), "/2018-06-01/runtime/invocation/1/error", `sourceRoles (` + reader + `): add it there and deploy","errorType":"RoleNotListed"}`},
		{"a role that is listed", "plan", fmt.Sprintf(plan, `{"table": "`+table+`", "prefix": "role", "sourceRoleArn": "`+reader+`"}`), "/2018-06-01/runtime/invocation/1/response", `"sourceRoleArn":"` + reader + `"`},
		{"a bucket that is not there", "scan", `{"plan": {"version": 1, "mode": "SCAN", "table": "nowhere", "bucket": "nowhere", "scan": {"format": "ION", "compression": "GZIP"}}, "segment": 0}`, "/2018-06-01/runtime/invocation/1/error", `"errorType":"BucketNotFound"`},
		{"a plan of another version", "scan", `{"plan": {"version": 2, "runId": "r"}, "segment": 0}`, "/2018-06-01/runtime/invocation/1/error", `"errorMessage":"the functions cannot read the plan of run \"r\": its version is 2, and these functions read version 1. Start a new execution under another name","errorType":"InvalidRequest"`},
		{"a plan of the other mode", "export", `{"plan": {"version": 1, "mode": "SCAN", "runId": "r", "scan": {}}}`, "/2018-06-01/runtime/invocation/1/error", `"errorMessage":"invalid payload: the plan of run \"r\" is not for mode EXPORT","errorType":"InvalidRequest"`},
		{"a payload without a plan", "finalize", `{}`, "/2018-06-01/runtime/invocation/1/error", `its version is 0, and these functions read version 1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answered := make(chan string, 1)
			asked := 0
			runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/next") {
					if asked++; asked > 1 { // there is one invocation
						<-r.Context().Done()
						return
					}
					w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
					w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
					_, _ = io.WriteString(w, test.payload) // a failure of the function shows below
					return
				}
				body, err := io.ReadAll(r.Body)
				answered <- fmt.Sprint(r.URL.Path, " ", string(body), err)
				w.WriteHeader(http.StatusAccepted)
			}))
			t.Cleanup(runtime.Close)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			source, destination := testservers.Configs()
			credentials, err := destination.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			function := exec.CommandContext(t.Context(), self)
			function.Env = []string{
				envFunction + "=" + test.function, "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"),
				"AWS_ENDPOINT_URL_DYNAMODB=" + *source.BaseEndpoint, "AWS_ENDPOINT_URL_S3=" + *destination.BaseEndpoint, "AWS_REGION=us-east-1",
				"AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
				"AWS_ENDPOINT_URL_STS=" + tokens.URL, contract.EnvAssumableRoles + `={"source": ["` + reader + `"], "destination": []}`,
				contract.EnvDefaults + `={"bucket": "` + bucket + `"}`, contract.EnvAccount + "=" + account, contract.EnvName + "=prod", contract.EnvScanMemory + "=255",
			}
			var output bytes.Buffer
			function.Stdout = &output
			if err := function.Start(); err != nil {
				t.Fatal(err)
			}
			path, answer, _ := strings.Cut(<-answered, " ")
			if path != test.path || !strings.Contains(answer, test.says) {
				t.Errorf("%s was sent\n%s\nwant %s with\n%s", path, answer, test.path, test.says)
			}
			_ = function.Process.Kill() // it waits for another invocation
			_ = function.Wait()
			// Lambda keeps each line as one event, and CloudWatch reads the lines with metrics.
			var levels, metrics int
			for _, line := range decoded(t, output.String()) {
				if line["level"] != nil {
					levels++
				}
				if line["_aws"] != nil && line["Environment"] == "prod" {
					metrics++
				}
			}
			if levels == 0 || metrics == 0 {
				t.Errorf("%d lines of log and %d of metrics:\n%s", levels, metrics, output.String())
			}
			if planned := strings.HasSuffix(test.path, "/response"); planned != strings.Contains(output.String(), `"memoryMiB":255`) {
				t.Errorf("plan does not know the memory of scan:\n%s", output.String())
			}
		})
	}
}
