package servers

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// portAttempts is how often a start is tried with another port if a process has taken the port.
const portAttempts = 5

// StartS3 starts an S3 server over the files in config.DataDir and returns when it answers. ctx limits the start only: the server
// runs until Stop. Clients must address buckets by path.
func StartS3(ctx context.Context, config Config) (*Server, error) {
	data, meta, err := folders(config)
	if err != nil {
		return nil, fmt.Errorf("start S3: %w", err)
	}
	for attempt := 1; ; attempt++ {
		server, err := startGateway(ctx, config.Gateway, data, meta)
		if err == nil {
			if err := server.open(ctx, config.Listener); err != nil {
				server.Stop()
				return nil, fmt.Errorf("start S3: %w", err)
			}
			return server, nil
		}
		if attempt == portAttempts || !strings.Contains(err.Error(), "address already in use") {
			return nil, fmt.Errorf("start S3: %w", err)
		}
	}
}

// open starts the server in front of VersityGW.
func (s *Server) open(ctx context.Context, listener net.Listener) (err error) {
	s.child = s.URL
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: connections}
	if listener == nil {
		s.front, s.URL, err = InFront(ctx, s.child, transport)
	} else {
		s.front, s.URL, err = inFront(listener, s.child, transport)
	}
	return err
}

// folders creates the two folders. Their paths are absolute because versitygw changes its working directory to the data folder.
func folders(config Config) (data, meta string, err error) {
	if data, err = filepath.Abs(config.DataDir); err != nil {
		return "", "", err
	}
	if meta, err = filepath.Abs(config.MetaDir); err != nil {
		return "", "", err
	}
	for _, dir := range []string{data, meta} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", "", err
		}
	}
	return data, meta, nil
}

func startGateway(ctx context.Context, gateway, data, meta string) (*Server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	// Only our own child answers this path: another process may take the port between freeAddress and the start of the child.
	health := "/health-" + rand.Text()

	// Without the slash at the end, versitygw takes s3-meta for a folder inside s3, because it compares prefixes.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), gateway,
		"--port", address, "--region", Region, "--health", health, "--quiet",
		"posix", "--sidecar", meta, data+"/")
	// It inherits nothing else, because versitygw reads many settings from its environment.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"),
		"ROOT_ACCESS_KEY=" + accessKey,
		"ROOT_SECRET_KEY=" + secretKey,
	}
	server, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	server.URL = "http://" + address
	if err := server.await(ctx, func(ctx context.Context) bool { return healthy(ctx, server.URL+health) }); err != nil {
		return nil, err
	}
	return server, nil
}

// connections is how many idle connections to VersityGW are kept.
const connections = 64

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("choose a port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

func healthy(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
