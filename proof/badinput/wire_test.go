package badinput

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
	"unicode"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.yaml.in/yaml/v3"
)

// answer is the answer of a service. A text alone is the body of an answer with status 200.
type answer struct {
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	Body    text              `yaml:"body"`
	// Cut is the number of bytes at the end of the body that are lost, because the connection ends early.
	Cut int `yaml:"cut"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (a *answer) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&a.Body)
	}
	type plain answer
	return node.Decode((*plain)(a))
}

// wire stands in for DynamoDB and S3 below the real clients. It gives the answers of the entry; every other call succeeds.
type wire struct {
	answers map[string]answer // by operation, such as Scan or PutObject

	mu      sync.Mutex
	objects map[string]string
	written []string // the keys of complete objects that were written or removed, in order
}

func newWire() *wire { return &wire{answers: map[string]answer{}, objects: map[string]string{}} }

// invoke invokes a function with a payload and returns the error that it must end with.
func (w *wire) invoke(t *testing.T, step contract.Function, payload, defaults string) messages.InvokeResponse_Error {
	t.Helper()
	var log bytes.Buffer
	out, err := w.call(t, &log, step, payload, defaults)
	var told messages.InvokeResponse_Error
	if !errors.As(err, &told) {
		t.Fatalf("got %+v, %v, want an error", out, err)
	}
	hidden := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	if logged := log.String(); strings.Contains(logged, secret) || len(logged) > 3*mostWords || strings.ContainsFunc(logged, hidden) {
		t.Errorf("the log has the value of an attribute, characters that are not printable, or too many bytes: %.2000q", logged)
	}
	return told
}

// call invokes a function with a payload.
func (w *wire) call(t *testing.T, log io.Writer, step contract.Function, payload, defaults string) (any, error) {
	t.Helper()
	cfg := aws.Config{
		Region: "us-east-1", HTTPClient: w, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
	}
	engine := function.New(cfg, cfg, function.Options{
		Log: slog.New(slog.NewJSONHandler(log, nil)), Metrics: log, Environment: "test", Account: "123456789012", Defaults: defaults,
	})
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	return engine.Handler(step)(ctx, json.RawMessage(payload))
}

// Do implements the SDK's HTTP client.
func (w *wire) Do(asked *http.Request) (*http.Response, error) {
	var body []byte
	if asked.Body != nil {
		var err error
		if body, err = io.ReadAll(asked.Body); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, operation, ok := strings.Cut(asked.Header.Get("X-Amz-Target"), "."); ok {
		if !strings.HasSuffix(asked.URL.Host, ".us-east-1.amazonaws.com") {
			return nil, fmt.Errorf("a signed request goes to %s", asked.URL.Host)
		}
		a, given := w.answers[operation]
		if !given {
			a = healthy(operation, body)
		}
		return a.response(asked), nil
	}
	operation, key := operationOf(asked), strings.TrimPrefix(asked.URL.Path, "/")
	if a, given := w.answers[operation]; given {
		return a.response(asked), nil
	}
	return w.stored(operation, key, asked, body).response(asked), nil
}

// healthy returns the answer of DynamoDB to a call that succeeds.
func healthy(operation string, body []byte) answer {
	var asked struct{ TableName, ExportArn string }
	_ = json.Unmarshal(body, &asked) // written by the SDK
	const export = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/export/01-a"
	switch operation {
	case "DescribeTable":
		return answer{Body: text(`{"Table":{"TableName":"` + asked.TableName + `","TableStatus":"ACTIVE","TableId":"id","TableSizeBytes":1,` +
			`"TableArn":"arn:aws:dynamodb:us-east-1:123456789012:table/` + asked.TableName + `","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}`)}
	case "DescribeContinuousBackups":
		return answer{Body: `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{` +
			`"PointInTimeRecoveryStatus":"ENABLED","EarliestRestorableDateTime":1767225600,"LatestRestorableDateTime":1769860800,"RecoveryPeriodInDays":35}}}`}
	case "ListExports":
		return answer{Body: `{"ExportSummaries":[]}`}
	case "ExportTableToPointInTime", "DescribeExport":
		return answer{Body: `{"ExportDescription":{"ExportArn":"` + export + `","ExportStatus":"IN_PROGRESS"}}`}
	default:
		return answer{Body: `{"Count":0,"Items":[],"ScannedCount":0}`}
	}
}

func operationOf(asked *http.Request) string {
	query := asked.URL.Query()
	switch {
	case asked.Method == http.MethodGet && query.Has("uploads"):
		return "ListMultipartUploads"
	case asked.Method == http.MethodGet && query.Has("lifecycle"):
		return "GetBucketLifecycleConfiguration"
	case asked.Method == http.MethodGet && query.Has("uploadId"):
		return "ListParts"
	case asked.Method == http.MethodGet && query.Has("list-type"):
		return "ListObjectsV2"
	case asked.Method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload"
	case asked.Method == http.MethodPost && query.Has("uploadId"):
		return "CompleteMultipartUpload"
	case asked.Method == http.MethodPost:
		return "DeleteObjects"
	case asked.Method == http.MethodPut && query.Has("uploadId"):
		return "UploadPart"
	case asked.Method == http.MethodDelete:
		return "AbortMultipartUpload"
	case asked.Method == http.MethodPut:
		return "PutObject"
	default:
		return "GetObject"
	}
}

// stored returns the answer of a bucket.
func (w *wire) stored(operation, key string, asked *http.Request, body []byte) answer {
	content, there := w.objects[key]
	tag := map[string]string{"ETag": etag(content)}
	switch operation {
	case "GetObject":
		if !there {
			return answer{Status: http.StatusNotFound, Body: "<Error><Code>NoSuchKey</Code></Error>"}
		}
		return answer{Headers: tag, Body: text(content)}
	case "PutObject":
		if there && asked.Header.Get("If-None-Match") == "*" || asked.Header.Get("If-Match") != "" && asked.Header.Get("If-Match") != etag(content) {
			return answer{Status: http.StatusPreconditionFailed, Body: "<Error><Code>PreconditionFailed</Code></Error>"}
		}
		w.objects[key], w.written = string(body), append(w.written, key)
		return answer{Headers: map[string]string{"ETag": etag(string(body))}}
	case "ListObjectsV2":
		var list strings.Builder
		for _, each := range slices.Sorted(maps.Keys(w.objects)) {
			if strings.HasPrefix(each, asked.URL.Query().Get("prefix")) {
				fmt.Fprintf(&list, "<Contents><Key>%s</Key><Size>%d</Size><ETag>%s</ETag></Contents>", each, len(w.objects[each]), etag(w.objects[each]))
			}
		}
		return answer{Body: text("<ListBucketResult>" + list.String() + "</ListBucketResult>")}
	case "CreateMultipartUpload":
		return answer{Body: "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"}
	case "UploadPart":
		return answer{Headers: map[string]string{"ETag": etag(string(body))}}
	case "CompleteMultipartUpload", "DeleteObjects":
		w.written = append(w.written, key+" "+operation)
		return answer{Body: "<CompleteMultipartUploadResult><ETag>e-1</ETag></CompleteMultipartUploadResult>"}
	case "GetBucketLifecycleConfiguration":
		return answer{Status: http.StatusNotFound, Body: "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>"}
	case "ListParts":
		return answer{Status: http.StatusNotFound, Body: "<Error><Code>NoSuchUpload</Code></Error>"}
	case "ListMultipartUploads":
		return answer{Body: "<ListMultipartUploadsResult></ListMultipartUploadsResult>"}
	default:
		return answer{Status: http.StatusNoContent}
	}
}

func etag(content string) string {
	return `"` + strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(content))), 16) + `"`
}

func (a answer) response(asked *http.Request) *http.Response {
	body := a.Body.written()
	header := http.Header{"X-Amz-Crc32": {strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10)}}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	var read io.Reader = strings.NewReader(body[:len(body)-a.Cut])
	if a.Cut > 0 { // the connection ends before all bytes have arrived
		read = io.MultiReader(read, iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	return &http.Response{
		StatusCode: cmp.Or(a.Status, http.StatusOK), Request: asked, Header: header, ContentLength: int64(len(body)),
		Body: io.NopCloser(read),
	}
}
