package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/cmd/ddb2s3/deployment"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/testdeployment"
	"dynamodb-to-s3/local/testservers"
)

// aged returns the address of a deployment whose executions ended so long ago that no function is at work.
func aged(t *testing.T, d *testdeployment.Deployed) string {
	t.Helper()
	to, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			var answer map[string]any
			if json.Unmarshal(body, &answer) == nil && answer["stopDate"] != nil {
				answer["stopDate"] = answer["stopDate"].(float64) - status.QuietAfter.Seconds()
				if body, err = json.Marshal(answer); err != nil {
					return err
				}
			}
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			r.ContentLength, r.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

func TestClean(t *testing.T) {
	t.Parallel()
	g := newGate()
	d := testdeployment.Start(t, testdeployment.Options{Wrap: g.wrap})
	request := requestFile(t, fmt.Sprintf(`{"table": %q, "segments": 2, "bucket": %q, "prefix": "lake"}`, testservers.Orders(t, 300), d.Bucket))
	arn := verbJSON[deployment.Execution](t, d, "start", "--input", request, "--name", "night-1").ARN
	<-g.reached
	clean := func(args ...string) []string { return append([]string{"clean", "night-1", "--env", "local"}, args...) }

	refuses(t, d, 2, "nobody can answer the question whether to remove the run: give --yes, or --dry-run", clean()...)
	refuses(t, d, 2, "--dry-run and --yes contradict each other", clean("--yes", "--dry-run")...)
	refuses(t, d, 1, "the execution "+arn+" is RUNNING: stop it first, or wait for its end", clean("--yes")...)
	verbJSON[deployment.Execution](t, d, "stop", "night-1")
	refuses(t, d, 1, "is ABORTED, but functions that it called may still be at work: clean the run after ", clean("--yes")...)

	d.URL = aged(t, d)
	testservers.StartUpload(t, d.Bucket, "lake/AWSDynamoDB/night-1/data/000000-000000-0a1b2c3d.json.gz")
	code, stdout, stderr := verb(t, d, clean("--dry-run")...)
	if code != 0 || stdout != "" || !strings.Contains(stderr, "run night-1 of table ") || !strings.Contains(stderr, "It has left 1 object with ") ||
		!strings.Contains(stderr, " and 1 open upload.") || strings.Contains(stderr, "removed") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	removed := verbJSON[struct {
		RunID    string
		Uploads  int
		Removed  bool
		Executed string `json:"executionArn"`
	}](t, d, "clean", "night-1", "--yes")
	if !removed.Removed || removed.RunID != "night-1" || removed.Uploads != 1 || removed.Executed != arn || len(testservers.Keys(t, d.Bucket, "")) != 0 ||
		len(testservers.Uploads(t, d.Bucket, "")) != 0 {
		t.Errorf("got %+v and %v", removed, testservers.Keys(t, d.Bucket, ""))
	}
	refuses(t, d, 1, "there is no run at s3://"+d.Bucket+"/lake/AWSDynamoDB/night-1", clean("--yes")...)

	// The run cannot go on.
	close(g.open)
	verbJSON[deployment.Execution](t, d, "redrive", "night-1")
	if ended := d.Wait(t, arn); ended.Status != "FAILED" || len(testservers.Keys(t, d.Bucket, "")) != 0 {
		t.Errorf("got %+v", ended)
	}
	code, stdout, _ = verb(t, d, "watch", "night-1", "--env", "local")
	if code != 1 || !strings.Contains(stdout, "RunNameTaken") || !strings.Contains(stdout, "the claim of the run") {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

func TestCleanLeavesACommittedRun(t *testing.T) {
	t.Parallel()
	d := testdeployment.Start(t, testdeployment.Options{})
	table := testservers.Orders(t, 300)
	arn := d.Run(t, "night-1", fmt.Sprintf(`{"table": %q, "bucket": %q}`, table, d.Bucket))
	d.Wait(t, arn)
	d.URL = aged(t, d)
	for _, target := range [][]string{{"night-1", "--env", "local"}, {"s3://" + d.Bucket + "/AWSDynamoDB/night-1/"}} {
		refuses(t, d, 1, "the run night-1 is committed: s3://"+d.Bucket+"/AWSDynamoDB/night-1/manifest-summary.json", append([]string{"clean", "--yes"}, target...)...)
	}
	for words, args := range map[string][]string{
		"contradict each other: give the name of the execution":        {"s3://" + d.Bucket + "/AWSDynamoDB/night-1", "--env", "local"},
		`want the folder of a run: s3://BUCKET/PREFIX/AWSDynamoDB/RUN`: {"s3://" + d.Bucket + "/night-1"},
		"got 0 names":      {},
		"--env is missing": {"night-1"},
	} {
		refuses(t, d, 2, words, append([]string{"clean", "--yes"}, args...)...)
	}
	d.Wait(t, d.Run(t, "explained-1", fmt.Sprintf(`{"table": %q, "bucket": %q, "explain": true}`, table, d.Bucket)))
	refuses(t, d, 1, "has only explained its request, and written nothing", "clean", "explained-1", "--env", "local", "--yes")
}

// A run of this computer that was killed can be cleaned at once by its folder: its functions have ended with it.
func TestCleanALocalRun(t *testing.T) {
	t.Parallel()
	bucket, name := testservers.Bucket(t), fmt.Sprintf("killed-%d", time.Now().UnixNano())
	cmd := program(t.Context(), t, "run", "--name", name, "--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "scan": {"Limit": 1}, "segments": 1}`, testservers.Orders(t, 20), bucket)))
	ended := holdAfter(t, 1).start(t, cmd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("it succeeded, so it was killed too late")
	}
	o := outcomeOf(t, program(t.Context(), t, "clean", "s3://"+bucket+"/AWSDynamoDB/"+name, "--yes"))
	if o.code != 0 || !strings.Contains(o.stderr, "Its execution is ABORTED.") || len(testservers.Keys(t, bucket, ""))+len(testservers.Uploads(t, bucket, "")) != 0 {
		t.Errorf("exit %d: %s: %v", o.code, o.stderr, testservers.Keys(t, bucket, ""))
	}
}
