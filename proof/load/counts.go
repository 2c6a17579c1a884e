package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"dynamodb-to-s3/lambda/contract"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// counts counts the requests to AWS and the calls of the functions.
type counts struct {
	mu       sync.Mutex
	requests map[string]int64
	calls    map[contract.Function]*atomic.Int64
}

// client returns an HTTP client that counts its requests by operation, including retries.
func (c *counts) client(of aws.HTTPClient) aws.HTTPClient { return countingClient{of, c} }

type countingClient struct {
	aws.HTTPClient
	counts *counts
}

func (c countingClient) Do(r *http.Request) (*http.Response, error) {
	kind := kindOf(r)
	c.counts.mu.Lock()
	c.counts.requests[kind]++
	c.counts.mu.Unlock()
	return c.HTTPClient.Do(r)
}

// kindOf returns the operation of a request, or its HTTP method and subject.
func kindOf(r *http.Request) string {
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return "DynamoDB " + operation
	}
	query := r.URL.Query()
	switch {
	case query.Has("list-type"):
		return "S3 ListObjectsV2"
	case query.Has("uploads") && r.Method == http.MethodGet:
		return "S3 ListMultipartUploads"
	case query.Has("delete"):
		return "S3 DeleteObjects"
	case query.Has("uploads"), query.Has("uploadId"):
		return "S3 " + r.Method + " of uploads"
	default:
		return "S3 " + r.Method + " of objects"
	}
}
