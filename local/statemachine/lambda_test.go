package statemachine_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
)

// A function answers an invocation with its result or an error.
type function func(ctx context.Context, payload json.RawMessage) (any, error)

// A functionError is the error of a handler.
type functionError struct{ errorType, message string }

func (e functionError) Error() string { return e.message }

// A statusError is an error of the Invoke API itself.
type statusError int

func (e statusError) Error() string { return strconv.Itoa(int(e)) }

// lambda is an Invoke API that counts the invocations of each function. It also answers SDK integrations, with the function
// "<service>:<action>".
type lambda struct {
	url   string
	mu    sync.Mutex
	calls map[string]int
}

func (l *lambda) count(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[name]
}

func serve(t *testing.T, functions map[string]function) *lambda {
	t.Helper()
	l := &lambda{calls: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		l.mu.Lock()
		l.calls[name]++
		l.mu.Unlock()
		invoke, ok := functions[name]
		if !ok {
			http.Error(w, `{"Message":"Function not found: `+name+`"}`, http.StatusNotFound)
			return
		}
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read payload: %v", err)
		}
		answer(w, r, invoke, payload)
	})
	mux.HandleFunc("POST /aws-sdk/{service}/{action}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("service") + ":" + r.PathValue("action")
		l.mu.Lock()
		l.calls[name]++
		l.mu.Unlock()
		call, ok := functions[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		parameters, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read parameters: %v", err)
		}
		answerCall(w, r, call, parameters)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.CloseClientConnections() // of invocations that an execution has given up
		server.Close()
	})
	l.url = server.URL
	return l
}

func answer(w http.ResponseWriter, r *http.Request, invoke function, payload json.RawMessage) {
	result, err := invoke(r.Context(), payload)
	switch err := err.(type) { //nolint:errorlint // these functions wrap nothing
	case statusError:
		http.Error(w, `{"Message":"refused"}`, int(err))
		return
	case functionError:
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		result = map[string]string{"errorMessage": err.message, "errorType": err.errorType}
	}
	json.NewEncoder(w).Encode(result) //nolint:errcheck,errchkjson // fails only if the caller has left
}

// answerCall answers as local/sdkintegration does.
func answerCall(w http.ResponseWriter, r *http.Request, call function, parameters json.RawMessage) {
	result, err := call(r.Context(), parameters)
	switch err := err.(type) { //nolint:errorlint // these functions wrap nothing
	case statusError:
		http.Error(w, "out of order", int(err))
		return
	case functionError:
		w.WriteHeader(http.StatusBadRequest)
		result = map[string]string{"error": err.errorType, "cause": err.message}
	}
	json.NewEncoder(w).Encode(result) //nolint:errcheck,errchkjson // fails only if the caller has left
}

// echo returns its payload.
func echo(_ context.Context, payload json.RawMessage) (any, error) { return payload, nil }

// returns answers with the same result each time.
func returns(result any) function {
	return func(context.Context, json.RawMessage) (any, error) { return result, nil }
}

// fails answers with the same error each time.
func fails(err error) function {
	return func(context.Context, json.RawMessage) (any, error) { return nil, err }
}

// hang answers only after the caller has left.
func hang(ctx context.Context, _ json.RawMessage) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
