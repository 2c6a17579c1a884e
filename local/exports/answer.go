package exports

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// target is the beginning of the X-Amz-Target header; the name of the operation follows.
const target = "DynamoDB_20120810."

func operationOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("X-Amz-Target"), target)
}

// contentType is the content type of the protocol AWS JSON 1.0.
const contentType = "application/x-amz-json-1.0"

// An apiError is an error answer of this server or of the backend.
type apiError struct {
	status  int    // of HTTP
	kind    string // the name with its namespace
	message string
}

func (e *apiError) Error() string { return e.name() + ": " + e.message }

// name is the name of the error in the SDK.
func (e *apiError) name() string { return e.kind[strings.LastIndexByte(e.kind, '#')+1:] }

// statuses are the HTTP statuses of the service's own failures. Every other error, also a throttle, has status 400.
var statuses = map[string]int{
	"InternalServerError": http.StatusInternalServerError,
	"ServiceUnavailable":  http.StatusServiceUnavailable,
}

// refuse returns an error of DynamoDB by its name.
func refuse(name, format string, values ...any) *apiError {
	status, ok := statuses[name]
	if !ok {
		status = http.StatusBadRequest
	}
	return &apiError{status: status, kind: "com.amazonaws.dynamodb.v20120810#" + name, message: fmt.Sprintf(format, values...)}
}

func invalid(format string, values ...any) *apiError {
	return refuse("ValidationException", format, values...)
}

// answer writes out or the error as DynamoDB does.
func answer(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	if err != nil {
		refusal, ok := errors.AsType[*apiError](err)
		if !ok {
			refusal = refuse("InternalServerError", "%v", err)
		}
		status = refusal.status
		out = map[string]string{"__type": refusal.kind, "message": refusal.message}
	}
	body, err := json.Marshal(out)
	if err != nil {
		panic(fmt.Sprintf("internal error: an answer that is not JSON: %v", err))
	}
	time.Sleep(answerDelay)
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("X-Amzn-Requestid", rand.Text())
	header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has left
}

// decode reads the body of a request.
func decode(body []byte, in any) error {
	if err := json.Unmarshal(body, in); err != nil {
		return refuse("SerializationException", "%v", err)
	}
	return nil
}

// An epoch is a time in the format of the API: the seconds since 1970, with milliseconds as a fraction.
type epoch struct{ time.Time }

// MarshalJSON writes all three digits of the fraction.
func (e epoch) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%03d", e.Unix(), e.Nanosecond()/int(time.Millisecond)), nil
}

// UnmarshalJSON rounds to milliseconds.
func (e *epoch) UnmarshalJSON(text []byte) error {
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("time %s: not a number of seconds", text)
	}
	e.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}
