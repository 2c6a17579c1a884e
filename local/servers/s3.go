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

// portAttempts is how often a port is chosen anew because somebody took it first.
const portAttempts = 5

// StartS3 starts an S3 server over the files in config.DataDir and returns when it answers. ctx bounds the start only:
// the server runs until Stop. Clients must address buckets by path.
func StartS3(ctx context.Context, config Config) (*Server, error) {
	data, meta, err := folders(config)
	if err != nil {
		return nil, fmt.Errorf("start S3: %w", err)
	}
	for attempt := 1; ; attempt++ {
		server, err := startGateway(ctx, config.Gateway, data, meta)
		if err == nil {
			server.child = server.URL
			if server.front, server.URL, err = serveAtomically(ctx, server.child); err != nil {
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

// folders makes the two folders. Their paths are absolute, because versitygw changes into its data folder.
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
	// A path that only our own child answers, should somebody else take the port between freeAddress and its start.
	health := "/health-" + rand.Text()

	// The slash at the end keeps versitygw from taking s3-meta for a folder inside of s3: it compares prefixes.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), gateway,
		"--port", address, "--region", Region, "--health", health, "--quiet",
		"posix", "--sidecar", meta, data+"/")
	// Nothing else is inherited: versitygw takes dozens of settings from its environment.
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
