package servers_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// helperDir, in the environment, makes this test binary a program that starts both servers and waits to be killed.
const helperDir = "EMBEDDED_TEST_HELPER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		fmt.Fprintln(os.Stderr, helper(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// helper prints the URLs of the servers' processes as a line of JSON and returns only if it cannot.
func helper(dir string) error {
	config, err := config(dir)
	if err != nil {
		return err
	}
	if _, err := servers.Lock(dir); err != nil {
		return err
	}
	var urls []string
	for _, start := range []startFunc{servers.StartDynamoDB, servers.StartS3} {
		server, err := start(context.Background(), config)
		if err != nil {
			return err
		}
		urls = append(urls, server.ChildURL())
	}
	if err := json.NewEncoder(os.Stdout).Encode(urls); err != nil {
		return err
	}
	select {}
}

type startFunc = func(context.Context, servers.Config) (*servers.Server, error)

// config is the checkout's, with the files under dir.
func config(dir string) (servers.Config, error) {
	here, err := checkout.Find()
	if err != nil {
		return servers.Config{}, err
	}
	config, err := servers.In(here)
	config.DataDir, config.MetaDir = filepath.Join(dir, "s3"), filepath.Join(dir, "s3-meta")
	return config, err
}

func start(t *testing.T, start startFunc, config servers.Config) *servers.Server {
	t.Helper()
	server, err := start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func testConfig(t *testing.T) servers.Config {
	t.Helper()
	config, err := config(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func account(server *servers.Server) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, "")
}

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	server := start(t, servers.StartDynamoDB, testConfig(t))
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server)})
	ctx := t.Context()
	table, id := aws.String("orders"), aws.String("id")
	created, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            table,
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: id, AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: id, KeyType: dynamodbtypes.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if arn := aws.ToString(created.TableDescription.TableArn); !strings.Contains(arn, ":"+servers.Region+":") {
		t.Errorf("the table is %s, want it in %s", arn, servers.Region)
	}
	item := map[string]dynamodbtypes.AttributeValue{"id": &dynamodbtypes.AttributeValueMemberS{Value: "1"}}
	if err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond }).
		Wait(ctx, &dynamodb.DescribeTableInput{TableName: table}, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item}); err != nil {
		t.Fatal(err)
	}
	scanned, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table})
	if err != nil || len(scanned.Items) != 1 {
		t.Errorf("scanned %v, %v", scanned, err)
	}

	// The ranges of its hashes are 4,096; of more segments than that, each item is in one all the same.
	const total = 5000
	held := 0
	for segment := range int32(total) {
		if held > 0 && segment < total-10 { // found; what is left to see is that the last ones do not begin anew
			continue
		}
		scanned, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table, TotalSegments: aws.Int32(total), Segment: &segment})
		if err != nil {
			t.Fatal(err)
		}
		held += len(scanned.Items)
	}
	if held != 1 {
		t.Errorf("%d segments have the item", held)
	}
}

// A client that goes away in the middle of a request, as one does that is killed, takes nobody with it.
func TestDynamoDBOutlivesItsClients(t *testing.T) {
	t.Parallel()
	server := start(t, servers.StartDynamoDB, testConfig(t))
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server)})
	for range 5 {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")); err != nil {
			t.Fatal(err)
		}
		if err := connection.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ListTables(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestS3(t *testing.T) {
	t.Parallel()
	config := testConfig(t)
	server := start(t, servers.StartS3, config)
	client := s3.New(s3.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server), UsePathStyle: true})
	ctx := t.Context()
	bucket := aws.String("backup")
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}

	t.Run("a conditional write succeeds once, and is a plain file", func(t *testing.T) {
		put := &s3.PutObjectInput{Bucket: bucket, Key: aws.String("run/_claim"), IfNoneMatch: aws.String("*"), Body: strings.NewReader("first")}
		if _, err := client.PutObject(ctx, put); err != nil {
			t.Fatal(err)
		}
		put.Body = strings.NewReader("second")
		_, err := client.PutObject(ctx, put)
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "PreconditionFailed" {
			t.Errorf("the second write: %v", err)
		}
		if text, err := os.ReadFile(filepath.Join(config.DataDir, "backup", "run", "_claim")); err != nil || string(text) != "first" {
			t.Errorf("the file holds %q, %v", text, err)
		}
	})

	t.Run("a multipart upload", func(t *testing.T) {
		key := aws.String("run/data/00000-00000.json.gz")
		upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		var parts []s3types.CompletedPart
		for i, body := range [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("end")} {
			number := aws.Int32(int32(i + 1))
			part, err := client.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: bucket, Key: key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(body),
			})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, s3types.CompletedPart{PartNumber: number, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32})
		}
		if _, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: upload.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
		}); err != nil {
			t.Fatal(err)
		}
		head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key})
		if err != nil || aws.ToInt64(head.ContentLength) != 5<<20+3 {
			t.Errorf("stored %+v, %v", head, err)
		}
	})

	t.Run("a listing shows objects only", func(t *testing.T) {
		list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, object := range list.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
		if want := []string{"run/_claim", "run/data/00000-00000.json.gz"}; !slices.Equal(keys, want) {
			t.Errorf("listed %v, want %v", keys, want)
		}
	})

	t.Run("objects outlive the server", func(t *testing.T) {
		server.Stop()
		server := start(t, servers.StartS3, config)
		client := s3.New(s3.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server), UsePathStyle: true})
		if _, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("run/_claim")}); err != nil {
			t.Error(err)
		}
	})
}

func TestStopEndsTheProcess(t *testing.T) {
	t.Parallel()
	for name, startServer := range map[string]startFunc{"DynamoDB": servers.StartDynamoDB, "S3": servers.StartS3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t, startServer, testConfig(t))
			server.Stop()
			if answers(server.URL) || answers(server.ChildURL()) {
				t.Error("the server still answers")
			}
			server.Stop() // again
		})
	}
}

func TestDeathOfTheParent(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program, urls := startHelper(t, dir)
			if _, err := servers.Lock(dir); err == nil || err.Error() != fmt.Sprintf("another local run (pid %d) is using %s: wait for it or stop it", program.Process.Pid, filepath.Base(dir)) {
				t.Errorf("locked what the helper has locked: %v", err)
			}
			if err := program.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			program.Wait() //nolint:errcheck // it was killed
			for _, url := range urls {
				eventually(t, url+" is gone", func() bool { return !answers(url) })
			}
			unlock, err := servers.Lock(dir)
			if err != nil {
				t.Fatalf("lock after the holder died: %v", err)
			}
			unlock()
		})
	}
}

func startHelper(t *testing.T, dir string) (program *exec.Cmd, urls []string) {
	t.Helper()
	program = exec.Command(os.Args[0]) //nolint:noctx // the test kills it
	program.Env = append(os.Environ(), helperDir+"="+dir)
	program.Stderr = os.Stderr
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Process.Kill() }) //nolint:errcheck // it is gone if all went well
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the helper started no servers: %v", err)
	}
	if err := json.Unmarshal(line, &urls); err != nil {
		t.Fatal(err)
	}
	for _, url := range urls {
		if !answers(url) {
			t.Fatalf("%s does not answer", url)
		}
	}
	return program, urls
}

func TestServerThatDiesAtOnce(t *testing.T) {
	t.Parallel()
	config := testConfig(t)
	if err := os.WriteFile(config.DataDir, nil, 0o600); err == nil {
		_, err := servers.StartS3(t.Context(), config)
		if err == nil || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("a data folder that is a file: %v", err)
		}
	}
	broken := filepath.Join(t.TempDir(), "versitygw")
	if err := os.WriteFile(broken, []byte("#!/bin/sh\necho last words >&2\nexit 3\n"), 0o755); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	config = testConfig(t)
	config.Gateway = broken
	_, err := servers.StartS3(t.Context(), config)
	if err == nil || err.Error() != "start S3: ended at once (exit status 3): last words" {
		t.Errorf("a gateway that dies: %v", err)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	_, err := servers.In(checkout.Repository{Root: t.TempDir()})
	if !errors.Is(err, checkout.ErrNotInstalled) || !strings.HasSuffix(err.Error(), `run "make deps"`) {
		t.Errorf("got %v", err)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".local")
	unlock, err := servers.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("another local run (pid %d) is using .local: wait for it or stop it", os.Getpid())
	if _, err := servers.Lock(dir); err == nil || err.Error() != want {
		t.Errorf("the second lock: %v, want %s", err, want)
	}
	unlock()
	unlock, err = servers.Lock(dir)
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	unlock()
}

func answers(url string) bool {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url) //nolint:noctx // the client has a timeout
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not true in time: %s", what)
		}
	}
}
