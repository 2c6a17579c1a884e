package chaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"syscall"
)

// errConnectionReset is the error of a client whose connection was reset.
var errConnectionReset = fmt.Errorf("read tcp: %w", syscall.ECONNRESET)

// throttles are the exceptions of a throttled Scan, and reasons are the reasons in them.
var (
	throttles = []string{"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
	reasons   = []string{
		"TableReadProvisionedThroughputExceeded", "TableReadAccountLimitExceeded", "TableReadKeyRangeThroughputExceeded", "TableReadMaxOnDemandThroughputExceeded",
	}
)

// errorResponse returns the error of a service, and its name.
func errorResponse(fault Fault, o operation, random *rand.Rand) (*http.Response, string) {
	if o.service == serviceS3 {
		status, code := http.StatusInternalServerError, "InternalError"
		switch fault {
		case faultSlowDown:
			status, code = http.StatusServiceUnavailable, "SlowDown"
		case faultUnavailable:
			status, code = http.StatusServiceUnavailable, "ServiceUnavailable"
		case faultExpired:
			status, code = http.StatusBadRequest, "ExpiredToken"
		}
		body := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>from the harness</Message></Error>", code)
		return newResponse(status, "application/xml", []byte(body)), code
	}
	status, code, detail := http.StatusInternalServerError, "InternalServerError", ""
	fields := map[string]any{"message": "from the harness"}
	switch fault {
	case faultThrottle:
		reason := pick(random, reasons...)
		status, code = http.StatusBadRequest, pick(random, throttles...)
		fields["ThrottlingReasons"] = []map[string]string{{"reason": reason, "resource": "arn:aws:dynamodb:us-east-1:" + account + ":table/t"}}
		detail = " " + reason
	case faultUnavailable:
		status, code = http.StatusServiceUnavailable, "ServiceUnavailable"
	case faultExpired:
		status, code = http.StatusBadRequest, "ExpiredTokenException"
	}
	fields["__type"] = "com.amazonaws.dynamodb.v20120810#" + code
	body, _ := json.Marshal(fields) // strings always marshal
	response := newResponse(status, "application/x-amz-json-1.0", body)
	response.Header.Set(checksumHeader, strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	return response, code + detail
}

// errorIn200 is an answer to CompleteMultipartUpload. S3 sends the status before it has done the work, and an error can follow.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
func errorIn200() *http.Response {
	return newResponse(http.StatusOK, "application/xml",
		[]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>from the harness</Message></Error>"))
}

// noSuchUpload is the answer about an upload that has ended.
func noSuchUpload() *http.Response {
	return newResponse(http.StatusNotFound, "application/xml",
		[]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchUpload</Code><Message>from the harness</Message></Error>"))
}

const checksumHeader = "X-Amz-Crc32"

func newResponse(status int, kind string, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {kind}, "X-Amzn-Requestid": {"CHAOS"}, "X-Amz-Request-Id": {"CHAOS"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// damage changes a response in the way of a fault.
func damage(fault Fault, response *http.Response, random *rand.Rand) error {
	if fault == faultWrongChecksum {
		sum, _ := strconv.ParseUint(response.Header.Get(checksumHeader), 10, 32) // 0 if there is no checksum
		response.Header.Set(checksumHeader, strconv.FormatUint(sum^1, 10))
		return nil
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	switch fault {
	case faultBitFlipped:
		flip(body, random)
	case faultCutBody:
		whole := bytes.NewReader(body[:random.IntN(len(body)+1)])
		response.Body = io.NopCloser(io.MultiReader(whole, brokenReader{}))
	}
	return nil
}

// brokenReader is the end of a broken connection.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// flip flips the lowest bit of a digit, in the second half of the body if it has one there. The body stays well-formed, so that only
// the checksum shows the change.
func flip(body []byte, random *rand.Rand) {
	start := len(body)/2 + random.IntN(len(body)/2+1)
	for i := range body {
		if at := (start + i) % len(body); body[at] >= '0' && body[at] <= '9' {
			body[at] ^= 1
			return
		}
	}
}

var (
	errKilled = errors.New("the harness has killed the invocation")
	errEnded  = errors.New("the invocation has ended")
)
