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

// errLost is what a client sees whose connection was reset.
var errLost = fmt.Errorf("read tcp: %w", syscall.ECONNRESET)

// throttles are the exceptions for want of capacity, and reasons are why it can be wanting to a Scan of a table.
var (
	throttles = []string{"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
	reasons   = []string{
		"TableReadProvisionedThroughputExceeded", "TableReadAccountLimitExceeded", "TableReadKeyRangeThroughputExceeded", "TableReadMaxOnDemandThroughputExceeded",
	}
)

// refusal makes the answer of a service that refuses, and says in words which.
func refusal(fault Fault, o operation, random *rand.Rand) (*http.Response, string) {
	if o.service == serviceS3 {
		status, code := http.StatusInternalServerError, "InternalError"
		switch fault {
		case SlowDown:
			status, code = http.StatusServiceUnavailable, "SlowDown"
		case Unavailable:
			status, code = http.StatusServiceUnavailable, "ServiceUnavailable"
		case Expired:
			status, code = http.StatusBadRequest, "ExpiredToken"
		}
		body := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>of the harness</Message></Error>", code)
		return answer(status, "application/xml", []byte(body)), code
	}
	status, code, said := http.StatusInternalServerError, "InternalServerError", ""
	fields := map[string]any{"message": "of the harness"}
	switch fault {
	case Throttle:
		reason := pick(random, reasons...)
		status, code = http.StatusBadRequest, pick(random, throttles...)
		fields["ThrottlingReasons"] = []map[string]string{{"reason": reason, "resource": "arn:aws:dynamodb:us-east-1:" + account + ":table/t"}}
		said = " " + reason
	case Unavailable:
		status, code = http.StatusServiceUnavailable, "ServiceUnavailable"
	case Expired:
		status, code = http.StatusBadRequest, "ExpiredTokenException"
	}
	fields["__type"] = "com.amazonaws.dynamodb.v20120810#" + code
	body, _ := json.Marshal(fields) // texts always marshal
	response := answer(status, "application/x-amz-json-1.0", body)
	response.Header.Set(checksumHeader, strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	return response, code + said
}

const checksumHeader = "X-Amz-Crc32"

func answer(status int, kind string, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {kind}, "X-Amzn-Requestid": {"CHAOS"}, "X-Amz-Request-Id": {"CHAOS"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// damage changes an answer on its way, as the fault says.
func damage(fault Fault, response *http.Response, random *rand.Rand) error {
	if fault == WrongChecksum {
		sum, _ := strconv.ParseUint(response.Header.Get(checksumHeader), 10, 32) // without one there is one from now on
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
	case BitFlipped:
		flip(body, random)
	case CutBody:
		whole := bytes.NewReader(body[:random.IntN(len(body)+1)])
		response.Body = io.NopCloser(io.MultiReader(whole, broken{}))
	}
	return nil
}

// broken is the end of a connection that has been cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// flip flips the lowest bit of a digit, of those in the second half if there is one: the body stays as well-formed as it was, so
// that nothing but its checksum tells.
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
	errDead   = errors.New("the invocation is dead")
)
