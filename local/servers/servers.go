// Package servers starts the servers that stand in for AWS on this computer: DynamoDB (dynalite, in memory) and S3 (VersityGW, with
// objects as plain files). Both listen on a free port of 127.0.0.1, S3 instead on the Listener of its Config if there is one. Both end with
// this process, however it ends (local/childprocess explains how). It imports local/checkout, local/childprocess, and lambda/awsclient for the SDK's configuration.
//
// StartDynamoDB and StartS3 start one server each, StartTemporary starts both for a test or a measurement, and Lock keeps two runs
// from sharing their files.
package servers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/childprocess"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const (
	// The only account of the S3 server. It has the account number that dynalite uses in ARNs, so that buckets and tables belong to
	// one account. dynalite accepts any credentials.
	accessKey = "000000000000"
	secretKey = "local-secret"

	// Region is the region of both servers. Requests must be signed for it.
	Region = "us-east-1"

	// startLimit is how long a server may take to answer for the first time. Both need less than a second.
	startLimit = 20 * time.Second
	// stopGrace is how long a server may take to end after SIGTERM.
	stopGrace = 2 * time.Second
	// tailSize is how many bytes of a server's output are kept.
	tailSize = 2048
)

// Config holds the paths of the programs and of the files.
type Config struct {
	Scripts string // folder with dynalite.mjs and node_modules
	Gateway string // path of the versitygw binary
	DataDir string // the objects of S3, as <bucket>/<key>; created if missing
	MetaDir string // the metadata of S3; created if missing
	// TableID is the TableId of the first table that DynamoDB creates; "" for a random one, as all others have.
	TableID string
	// Listener is where S3 is reached; nil for a free port of 127.0.0.1. The server closes it.
	Listener net.Listener
}

// In returns the Config of a repository, with the files under .local. The error wraps checkout.ErrNotInstalled if a program is
// missing.
func In(r checkout.Repository) (Config, error) {
	scripts, err := r.Scripts()
	if err != nil {
		return Config{}, err
	}
	gateway, err := r.VersityGW()
	if err != nil {
		return Config{}, err
	}
	return Config{
		Scripts: scripts,
		Gateway: gateway,
		DataDir: filepath.Join(r.Local(), "s3"),
		MetaDir: filepath.Join(r.Local(), "s3-meta"),
	}, nil
}

// A Server is a running child process.
type Server struct {
	URL       string // http://127.0.0.1:<port>, an SDK's endpoint
	AccessKey string
	SecretKey string

	front *http.Server // in front of the process; nil for DynamoDB
	child string       // the URL of the process behind front

	cmd    *exec.Cmd
	stdout tail
	stderr tail
	stop   sync.Once
	ended  chan struct{} // closed when the process has ended
	err    error         // how it ended; set before ended is closed
}

// AWS returns the SDK's configuration for clients of the server. The environment does not change it.
func (s *Server) AWS(ctx context.Context) (aws.Config, error) {
	return awsclient.Config(ctx, config.WithRegion(Region), config.WithBaseEndpoint(s.URL),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, "")))
}

// launch starts cmd. The server may not answer yet.
func launch(cmd *exec.Cmd) (*Server, error) {
	s := &Server{AccessKey: accessKey, SecretKey: secretKey, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout = &s.stdout
	cmd.Stderr = &s.stderr
	child, err := childprocess.Start(cmd)
	if err != nil {
		return nil, err
	}
	go func() {
		s.err = child.Wait()
		close(s.ended)
	}()
	return s, nil
}

// Stop ends the server and returns when its process has ended. It may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		if s.front != nil {
			_ = s.front.Close() // its listener and connections are not needed any more
		}
		// An error of Signal or Kill means that the process has ended.
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(stopGrace):
			_ = s.cmd.Process.Kill()
		}
	})
	<-s.ended
}

// await returns when answers is true. If the process ends before, the error has its last output. If ctx ends before, or the server
// takes longer than startLimit, await stops the server.
func (s *Server) await(ctx context.Context, answers func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !answers(ctx) {
		select {
		case <-s.ended:
			return s.death()
		case <-ctx.Done():
			s.Stop()
			return fmt.Errorf("no answer: %w", ctx.Err())
		case <-poll.C:
		}
	}
	return nil
}

// death describes how the process ended. It may be called only after ended is closed.
func (s *Server) death() error {
	status := "exit status 0"
	if s.err != nil {
		status = s.err.Error()
	}
	return fmt.Errorf("ended at once (%s): %s", status, strings.TrimSpace(s.stderr.String()))
}

// A tail is a writer that keeps the last tailSize bytes.
type tail struct {
	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}
