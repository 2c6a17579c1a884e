package main

import (
	"errors"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/local/servers"
	"dynamodb-to-s3/local/testservers"
)

// held is in front of the S3 server. After some objects were begun, it holds every request until the test lets go. So a run stands still in
// the middle, whatever its speed and the size of its table.
type held struct {
	url     string
	reached chan struct{} // closed when the requests are held
	letGo   chan struct{}

	mu    sync.Mutex // guards left
	left  int        // how many objects may still be begun
	first sync.Once
}

// holdAfter starts the server. It holds the requests of a run after it has begun so many objects.
func holdAfter(t *testing.T, objects int) *held {
	t.Helper()
	h := &held{reached: make(chan struct{}), letGo: make(chan struct{}), left: objects}
	_, destination := testservers.Configs()
	front, url, err := servers.InFront(t.Context(), *destination.BaseEndpoint, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.release()
		_ = front.Close() // no run uses it any more
	})
	h.url = url
	return h
}

var errHeld = errors.New("the client was stopped meanwhile")

// RoundTrip refuses what was held when the test lets go, because its client has ended. Later requests pass.
func (h *held) RoundTrip(request *http.Request) (*http.Response, error) {
	h.mu.Lock()
	hold := h.left == 0
	h.mu.Unlock()
	if hold {
		select {
		case <-h.letGo:
		default:
			<-h.letGo
			return nil, errHeld
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil || request.Method != http.MethodPost || !request.URL.Query().Has("uploads") || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.left = max(0, h.left-1); h.left == 0 {
		h.first.Do(func() { close(h.reached) })
	}
	return answer, nil
}

func (h *held) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.letGo:
	default:
		close(h.letGo)
	}
}

// start starts a run and waits until its requests are held. ended has the error of a run that ends.
func (h *held) start(t *testing.T, program *exec.Cmd) (ended <-chan error) {
	t.Helper()
	program.Env = append(slices.DeleteFunc(program.Env, func(variable string) bool { return strings.HasPrefix(variable, envS3Endpoint+"=") }), envS3Endpoint+"="+h.url)
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- program.Wait() }()
	select {
	case err := <-waited:
		t.Fatalf("it ended too early: %v: %s", err, program.Stderr)
	case <-h.reached:
	}
	return waited
}
