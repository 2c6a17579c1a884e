package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/plan"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/executions"
	"dynamodb-to-s3/local/testservers"
)

// lifecycle answers a question about the lifecycle rules of a bucket. The server of the tests knows no such rules: without an answer here, it
// answers NotImplemented.
type lifecycle struct {
	status int
	body   string
	asked  int
}

// Do implements the SDK's HTTP client.
func (l *lifecycle) Do(asked *http.Request) (*http.Response, error) {
	if !asked.URL.Query().Has("lifecycle") {
		return http.DefaultClient.Do(asked)
	}
	l.asked++
	if l.status == 0 {
		answer, err := http.DefaultClient.Do(asked)
		if err == nil && answer.StatusCode != http.StatusNotImplemented {
			err = fmt.Errorf("the server answers %s", answer.Status)
		}
		return answer, err
	}
	return &http.Response{StatusCode: l.status, Request: asked, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(l.body))}, nil
}

// Uploads are open from the start of a scan until its commit. A lifecycle rule that certainly aborts them refuses the run, and one that
// leaves a day is worth a line in the log. Without an answer there is neither. A scan of less than an hour does not ask.
func TestLifecycleRuleMustOutlastTheRun(t *testing.T) {
	t.Parallel()
	const (
		hour   = 8192 * 60 * 60 // the bytes that a pace of one unit a second reads in an hour
		day    = 24 * hour
		aborts = "readUnitsPerSecond: got 1, at which 259201 read units of the table take 3 days, want 1.01 units a second or more: the lifecycle rule \"sweep\" of the bucket aborts uploads 2 days after they begin, and the run completes them at its end. Or raise the days of the rule"
	)
	rule := func(where string, days int) string {
		return fmt.Sprintf("<Rule><ID>sweep</ID>%s<Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>%d</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>", where, days)
	}
	const everywhere = "<Filter></Filter>"
	slow := `, "readUnitsPerSecond": 1, "segments": 10, "prefix": "lake"`
	for _, test := range []struct {
		name, fields  string
		size          int64
		status        int
		rules         string
		refused, warn string
	}{
		{"a scan of three days, and a rule of two", slow, 3 * day, 200, rule(everywhere, 2), "", ""},
		{"a scan that is longer", slow, 3*day + 8192, 200, rule(everywhere, 2), aborts, ""},
		{"a rule of more days", slow, 3*day + 8192, 200, rule(everywhere, 3), "", ""},
		{"a rule for the prefix", slow, 3*day + 8192, 200, rule("<Filter><Prefix>lake/</Prefix></Filter>", 2), aborts, ""},
		{"a rule for the prefix and more", slow, 3*day + 8192, 200, rule("<Filter><And><Prefix>lake/AWSDynamoDB/a/</Prefix></And></Filter>", 2), aborts, ""},
		{"an old rule for the prefix", slow, 3*day + 8192, 200, rule("<Prefix>la</Prefix>", 2), aborts, ""},
		{"a rule for another prefix", slow, 3*day + 8192, 200, rule("<Filter><Prefix>lakes</Prefix></Filter>", 1), "", ""},
		{"a rule for another run", slow, 3*day + 8192, 200, rule("<Filter><Prefix>lake/AWSDynamoDB/b/</Prefix></Filter>", 1), "", ""},
		{"a rule for the lists", slow, 3*day + 8192, 200, rule("<Filter><Prefix>lake/AWSDynamoDB/a/_segments/</Prefix></Filter>", 1), "", ""},
		{"a rule for one segment", slow, 3*day + 8192, 200, rule("<Filter><Prefix>lake/AWSDynamoDB/a/data/000001</Prefix></Filter>", 1), "", "lake/AWSDynamoDB/a/data/000001"},
		{"the second of two rules", slow, 3*day + 8192, 200, rule(everywhere, 30) + rule(everywhere, 2), aborts, ""},
		{"a rule that is disabled", slow, 3*day + 8192, 200, strings.Replace(rule(everywhere, 2), "Enabled", "Disabled", 1), "", ""},
		{"a rule about objects", slow, 3*day + 8192, 200, "<Rule><ID>old</ID><Filter></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>", "", ""},
		{"no rule", slow, 3*day + 8192, 200, "", "", ""},
		{"a filter, so that the first upload may begin late", slow + `, "scan": {"FilterExpression": "attribute_exists(id)"}`, 3*day + 8192, 200, rule(everywhere, 2), "", ""},
		{"a transform that may leave out items", slow + `, "transform": "select(.id == 1)"`, 3*day + 8192, 200, rule(everywhere, 2), "", ""},
		{"a rule of a day", slow, hour, 200, rule(everywhere, 1), "", "daysAfterInitiation\":1"},
		{"a rule of two days", slow, hour, 200, rule(everywhere, 2), "", ""},
		{"a scan of less than an hour, and a rule of a day", slow, hour - 8192, 200, rule(everywhere, 1), "", ""},
		{"a scan without a pace, of an hour at the fastest", `, "segments": 1`, 3000 * hour, 200, rule(everywhere, 1), "", "daysAfterInitiation\":1"},
		{"a scan without a pace, of less", `, "segments": 1`, 3000 * (hour - 8192), 200, rule(everywhere, 1), "", ""},
		{"an export, which has no uploads", `, "mode": "EXPORT"`, 3*day + 8192, 200, rule(everywhere, 1), "", ""},
		{"no configuration", slow, 3*day + 8192, 404, "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>", "", ""},
		{"no right to read it", slow, 3*day + 8192, 403, "<Error><Code>AccessDenied</Code></Error>", "", ""},
		{"a server that fails", slow, 3*day + 8192, 500, "", "", ""},
		{"an answer that is no XML", slow, 3*day + 8192, 200, "not XML <", "", ""},
		{"a server without such rules", slow, 3*day + 8192, 0, "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := &lifecycle{status: test.status, body: test.rules}
			if test.status == http.StatusOK && test.rules != "not XML <" {
				answers.body = "<LifecycleConfiguration>" + test.rules + "</LifecycleConfiguration>"
			}
			read, write := testservers.Configs()
			read.HTTPClient = tables(func(table map[string]any) { table["TableSizeBytes"], table["ItemCount"] = test.size, 10 })
			write.HTTPClient = answers
			clients := awsclient.NewClients(read, write, read)
			var log bytes.Buffer
			p := plan.Step{
				Tables: clients.Tables, Objects: clients.Objects, Executions: &executions.Memory{Others: execution.Running}, Account: account,
				Log: slog.New(slog.NewJSONHandler(&log, nil)),
			}
			req := fmt.Sprintf(`{"table": %q, "bucket": %q%s}`, testservers.Orders(t, 1), testservers.Bucket(t), test.fields)
			_, err := p.Run(t.Context(), run.PlanInput{Request: json.RawMessage(req), Execution: run.Execution{ID: "arn:a", Name: "a", StartTime: time.Now()}})
			if test.refused == "" && err != nil || test.refused != "" && (failure.NameOf(err) != failure.InvalidRequest || !strings.Contains(err.Error(), test.refused)) {
				t.Errorf("got %v, want %q", err, test.refused)
			}
			if warned := log.String(); (warned == "") != (test.warn == "") || !strings.Contains(warned, test.warn) {
				t.Errorf("the log has %s, want %q", warned, test.warn)
			}
			asks := !strings.Contains(test.fields, "EXPORT") && !strings.Contains(test.name, " of less")
			if asks != (answers.asked == 1) {
				t.Errorf("S3 was asked %d times", answers.asked)
			}
		})
	}
}
