package awsclient_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/version"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

func TestEveryRequestNamesThisSoftware(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	agents := map[string]string{} // by the service in the request's signature
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope := strings.Split(r.Header.Get("Authorization"), "/") // …Credential=<key>/<date>/<region>/<service>/aws4_request…
		mu.Lock()
		agents[scope[min(3, len(scope)-1)]] = r.UserAgent()
		mu.Unlock()
		w.WriteHeader(http.StatusForbidden) // no client repeats the request
	}))
	t.Cleanup(server.Close)
	cfg, err := awsclient.Config(t.Context(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(server.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")))
	if err != nil {
		t.Fatal(err)
	}
	clients := awsclient.NewClients(cfg, cfg, cfg)
	_, _ = clients.Tables(run.Plan{}).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	_, _ = clients.Objects(run.Plan{}).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	_, _ = clients.Tables(run.Plan{RunID: "r", Scan: &run.ScanPlan{SourceRoleARN: "arn:aws:iam::123456789012:role/r"}}).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	_, _ = awsclient.NewExecutions(cfg).Describe(t.Context(), "arn:aws:states:us-east-1:123456789012:execution:m:e")
	for _, service := range []string{"dynamodb", "s3", "sts", "states"} {
		if want := " dynamodb-to-s3/" + version.Number; !strings.Contains(agents[service], want) {
			t.Errorf("%s: got the User-Agent %q, want it to have %q", service, agents[service], want)
		}
	}
}

// finalize has many requests at the same time, in several waves. A new connection costs a TLS handshake.
func TestConnectionsOfManyRequestsAreUsedAgain(t *testing.T) {
	t.Parallel()
	const atOnce = 150
	var connections atomic.Int64
	var wave sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		wave.Done()
		wave.Wait() // so that all requests of a wave are under way together
		w.WriteHeader(http.StatusOK)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	cfg, err := awsclient.Config(t.Context(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(server.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("a", "b", "")))
	if err != nil {
		t.Fatal(err)
	}
	objects := awsclient.S3(cfg)
	for range 3 {
		wave.Add(atOnce)
		requests, ctx := errgroup.WithContext(t.Context())
		for i := range atOnce {
			requests.Go(func() error {
				_, err := objects.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("lake"), Key: aws.String(fmt.Sprint(i))})
				return err
			})
		}
		if err := requests.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n > 2*atOnce { // Go opens a few more if the machine is busy
		t.Errorf("%d connections were opened, want about %d", n, atOnce)
	}
}
