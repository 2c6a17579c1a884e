package main

import (
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// counting returns a client that counts each request, also one that is tried again, by what it asks.
func (t *tally) counting(of aws.HTTPClient) aws.HTTPClient { return counter{of, t} }

type counter struct {
	aws.HTTPClient
	tally *tally
}

func (c counter) Do(r *http.Request) (*http.Response, error) {
	kind := kindOf(r)
	c.tally.mu.Lock()
	c.tally.requests[kind]++
	c.tally.mu.Unlock()
	return c.HTTPClient.Do(r)
}

// kindOf names a request as AWS does.
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
