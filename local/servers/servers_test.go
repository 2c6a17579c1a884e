package servers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// helperDir names the variable that makes this test binary a program that starts both servers and waits until it is killed.
const helperDir = "SERVERS_TEST_HELPER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		fmt.Fprintln(os.Stderr, helper(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// helper prints the URLs of the servers' processes as a line of JSON and returns only after an error.
func helper(dir string) error {
	config, err := config(dir)
	if err != nil {
		return err
	}
	unlock, err := servers.Lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
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

// config is the Config of this repository, with the files under dir.
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
			if _, err := servers.Lock(dir); err == nil || err.Error() != fmt.Sprintf("another local run (pid %d) is using %s: wait for it or stop it. If it is serve, you can also set the variables that it shows", program.Process.Pid, filepath.Base(dir)) {
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
	t.Cleanup(func() { program.Process.Kill() }) //nolint:errcheck // it has ended if the test passed
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
