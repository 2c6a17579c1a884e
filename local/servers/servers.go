// Package embedded starts the servers that stand in for AWS on this computer: DynamoDB (dynalite, in memory) and S3
// (VersityGW, objects as plain files). Both listen on a free port of 127.0.0.1 and die with this process however it
// ends, as local/childprocess explains. It imports its neighbours under local/, and lambda/awsclient for the SDK's configuration.
//
// StartDynamoDB and StartS3 return when the server answers; Lock keeps two runs from sharing the files.
package servers

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/childprocess"
)

const (
	// The one account that the S3 server knows, called as DynamoDB calls its own in ARNs: buckets are then of the account that
	// tables are of. DynamoDB takes any.
	accessKey = "000000000000"
	secretKey = "local-secret"

	// Region is the region that both servers are in. Requests must be signed for it.
	Region = "us-east-1"

	// startLimit is how long a server may take until it answers; both need well under a second.
	startLimit = 20 * time.Second
	// stopGrace is how long a server may take to leave after SIGTERM.
	stopGrace = 2 * time.Second
	// tailSize is how much of what a server says is kept, in bytes.
	tailSize = 2048
)

// Config says where the programs and the files are.
type Config struct {
	Scripts string // folder with dynalite.mjs and node_modules
	Gateway string // path of the versitygw binary
	DataDir string // S3's objects, as <bucket>/<key>; made if missing
	MetaDir string // S3's metadata; made if missing
}

// In returns the Config of a checkout, with the files under .local. The error is workspace.ErrNotInstalled if a program
// is missing.
func In(w checkout.Repository) (Config, error) {
	scripts, err := w.Scripts()
	if err != nil {
		return Config{}, err
	}
	gateway, err := w.VersityGW()
	if err != nil {
		return Config{}, err
	}
	return Config{
		Scripts: scripts,
		Gateway: gateway,
		DataDir: filepath.Join(w.Local(), "s3"),
		MetaDir: filepath.Join(w.Local(), "s3-meta"),
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
	ended  chan struct{} // closed when the process is gone
	err    error         // how it ended, once ended is closed
}

// launch starts cmd; its server does not answer yet.
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

// Stop ends the server and returns when its process is gone. It may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		if s.front != nil {
			_ = s.front.Close() // its listener and connections are not needed any more
		}
		// An error of Signal or Kill means that the process is gone, which is waited for anyway.
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(stopGrace):
			_ = s.cmd.Process.Kill()
		}
	})
	<-s.ended
}

// await polls answers until it says yes. If the process ends first the error has its last words; if ctx does, or the
// server takes longer than startLimit, the server is stopped.
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

// death describes how the process ended; ended must be closed.
func (s *Server) death() error {
	status := "exit status 0"
	if s.err != nil {
		status = s.err.Error()
	}
	return fmt.Errorf("ended at once (%s): %s", status, strings.TrimSpace(s.stderr.String()))
}

// A tail is a writer that keeps the end of what it is given.
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
