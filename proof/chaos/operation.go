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
)

// An operation is what a request asks for, in words that are the same whenever the same is asked again.
type operation struct {
	service, name string
	subject       string // the key, the part, or the position
	key           string // as it is, of S3
	changes       bool   // whether it writes
	standIn       bool   // whether it goes to a stand-in of the run's own
}

func (o operation) String() string { return strings.TrimSpace(o.name + " " + o.subject) }

// named is an export's own name, or its token, which is another each time that the seed runs.
var named = regexp.MustCompile(`\b(\d{14}-[0-9a-f]{8}|[0-9a-f]{32})\b`)

// tried is the name of a try in the key of an object or a list, which is another each time, too.
var tried = regexp.MustCompile(`(/\d{6}-\d{6})-[0-9a-f]{8}\b`)

// operationOf reads what a request asks for.
func operationOf(request *http.Request) (operation, error) {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return tableOperation(target, request)
	}
	// /<bucket>/<key>; buckets are named anew for each run.
	_, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	query := request.URL.Query()
	o := operation{service: serviceS3, key: key, changes: request.Method != http.MethodGet && request.Method != http.MethodHead}
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
	case request.Method == http.MethodDelete:
		o.name = "AbortMultipartUpload"
	case request.Method == http.MethodPut:
		o.name = "PutObject"
	case query.Has("uploads"):
		o.name = "ListMultipartUploads"
	case query.Has("list-type"):
		o.name, o.subject = "ListObjects", named.ReplaceAllString(query.Get("prefix"), "EXPORT")+" "+query.Get("continuation-token")
	default:
		o.name = "GetObject"
	}
	return o, nil
}

func tableOperation(target string, request *http.Request) (operation, error) {
	_, name, _ := strings.Cut(target, ".")
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
		return o, fmt.Errorf("internal error: a Scan that is no JSON: %w", err)
	}
	o.subject = string(input.ExclusiveStartKey)
	return o, nil
}

// readBody reads a request's body and leaves it to be read again.
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
