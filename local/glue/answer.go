package glue

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

const (
	// target is the beginning of the X-Amz-Target header; the name of the operation follows.
	target = "AWSGlue."
	// contentType is the content type of the protocol AWS JSON 1.1.
	contentType = "application/x-amz-json-1.1"
)

// answerDelay is how long the server waits before it answers. The SDK fails if an answer comes within a millisecond: it closes the
// request's body at the first byte of the answer, while net/http may still read the body.
const answerDelay = 2 * time.Millisecond

// answer writes the output of an operation, or the error, as Glue does.
func answer(w http.ResponseWriter, out any, err error) {
	status, tree := http.StatusOK, encode(out)
	if err != nil {
		refusal := errorOf(err)
		if status = http.StatusBadRequest; refusal.ErrorFault() == smithy.FaultServer {
			status = http.StatusInternalServerError
		}
		tree = map[string]string{"__type": refusal.ErrorCode(), "Message": refusal.ErrorMessage()}
	}
	body, err := json.Marshal(tree)
	if err != nil {
		panic(fmt.Sprintf("internal error: an answer that is not JSON: %v", err))
	}
	time.Sleep(answerDelay)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has left
}

// errorOf returns the error of the API that answers a call which failed with err.
func errorOf(err error) smithy.APIError {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal
	}
	message := err.Error()
	return &types.InternalServiceException{Message: &message}
}

// LakeFormationDenial is the error of a call for which AWS Lake Formation denies the permission, such as Alter, on a table or database.
func LakeFormationDenial(permission, resource string) error {
	message := fmt.Sprintf("Insufficient Lake Formation permission(s): Required %s on %s", permission, resource)
	return &types.AccessDeniedException{Message: &message}
}

// Throttle is the error of a call above Glue's quota of calls per second.
func Throttle() error {
	message := "Rate exceeded"
	return &types.ThrottlingException{Message: &message}
}

func notFound(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.EntityNotFoundException{Message: &message}
}

func exists(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.AlreadyExistsException{Message: &message}
}

func invalid(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.InvalidInputException{Message: &message}
}
