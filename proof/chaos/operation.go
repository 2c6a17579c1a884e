package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

const (
	serviceDynamoDB = "dynamodb"
	serviceS3       = "s3"
	serviceGlue     = "glue"
)

// An operation is the purpose of a request. Its text is the same every time that a seed runs.
type operation struct {
	service, name string
	subject       string // the key, the part, or the position
	changes       bool   // it writes
	toExports     bool   // it goes to the run's own server for exports
}

func (o operation) String() string { return strings.TrimSpace(o.name + " " + o.subject) }

// named matches the name or the token of an export, which is different every time that a seed runs.
var named = regexp.MustCompile(`\b(\d{14}-[0-9a-f]{8}|[0-9a-f]{32})\b`)

// tried matches the name of a try in the key of an object or a list, which is also different every time.
var tried = regexp.MustCompile(`(/\d{6}-\d{6})-[0-9a-f]{8}\b`)

// operationOf returns the operation of a request.
func operationOf(request *http.Request) (operation, error) {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return tableOperation(target, request)
	}
	// The path is /<bucket>/<key>. Each run has another bucket.
	_, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	query := request.URL.Query()
	o := operation{service: serviceS3, changes: request.Method != http.MethodGet && request.Method != http.MethodHead}
	key = tried.ReplaceAllString(named.ReplaceAllString(key, "EXPORT"), "$1-TRY")
	o.subject = key
	switch {
	case query.Has("partNumber"):
		o.name, o.subject = "UploadPart", key+" "+query.Get("partNumber")
	case request.Method == http.MethodPost && query.Has("uploads"):
		o.name = "CreateMultipartUpload"
	case request.Method == http.MethodPost && query.Has("delete"):
		o.name = "DeleteObjects"
	case request.Method == http.MethodPost:
		o.name = "CompleteMultipartUpload"
	case request.Method == http.MethodDelete && query.Has("uploadId"):
		o.name = "AbortMultipartUpload"
	case request.Method == http.MethodDelete:
		o.name = "DeleteObject"
	case request.Method == http.MethodPut:
		o.name = "PutObject"
	case request.Method == http.MethodHead:
		o.name = "HeadObject"
	case query.Has("uploadId"):
		o.name = "ListParts"
	case query.Has("uploads"):
		o.name, o.subject = "ListMultipartUploads", query.Get("prefix")+" "+tried.ReplaceAllString(query.Get("key-marker"), "$1-TRY")
	case query.Has("lifecycle"):
		o.name = "GetBucketLifecycleConfiguration"
	case query.Has("list-type"):
		o.name, o.subject = "ListObjects", named.ReplaceAllString(query.Get("prefix"), "EXPORT")+" "+query.Get("continuation-token")
	default:
		o.name = "GetObject"
	}
	return o, nil
}

// readsStaged reports whether the request reads a staged file. It is to convert what a request for a page is to scan.
func (o operation) readsStaged() bool {
	return o.name == "GetObject" && strings.Contains(o.subject, stagingFolder) && strings.Contains(o.subject, dataFolder)
}

// stagingFolder is in the keys of all that the first pass of a run writes.
const stagingFolder = "/_staging/"

func tableOperation(target string, request *http.Request) (operation, error) {
	service, name, _ := strings.Cut(target, ".")
	if service == "AWSGlue" {
		return operation{service: serviceGlue, name: name, changes: !strings.HasPrefix(name, "Get")}, nil
	}
	o := operation{service: serviceDynamoDB, name: name, changes: name == "ExportTableToPointInTime"}
	if name != "Scan" {
		return o, nil
	}
	body, err := readBody(request)
	if err != nil {
		return o, err
	}
	var input struct{ ExclusiveStartKey json.RawMessage }
	if err := json.Unmarshal(body, &input); err != nil {
		return o, fmt.Errorf("internal error: a Scan that is not JSON: %w", err)
	}
	o.subject = string(input.ExclusiveStartKey)
	return o, nil
}

// readBody reads a request's body and replaces it, so that it can be read again.
func readBody(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}
