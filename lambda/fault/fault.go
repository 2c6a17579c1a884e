// Package fault gives errors of calls to AWS the names that do not depend on the service: what is wrong with the network, the credentials,
// permissions, KMS keys, the number of calls, or the answer itself. The packages that make the calls name what their own service alone can
// answer, and leave all other errors to [Call.Named].
//
// It may import failure and lazyregexp.
package fault

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Call is a call of a service, in words for error messages.
type Call struct {
	Service string // such as S3
	Action  string // such as s3:PutObject
	On      string // what the call reads or changes
	Role    string // what to check if the call is not allowed
	Key     string // the KMS key that the service uses for the call
}

// Code returns the code of a service's error, or "". An error that has a name already, such as one of the credentials, has no code.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok && failure.NameOf(err) == failure.Internal {
		return api.ErrorCode()
	}
	return ""
}

// Status returns the HTTP status of the answer that is an error, or 0 if there was no answer.
func Status(err error) int {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

// Words returns the message of a service's error, or "".
func Words(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

var (
	denied = []string{
		"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "NotAuthorized", "Forbidden",
	}
	// disabled says that the account cannot use the service, or not in this region.
	disabled = []string{
		"AccountProblem", "AllAccessDisabled", "InvalidPayer", "NotSignedUp", "OptInRequired", "RegionDisabledException", "SubscriptionRequiredException",
	}
	unauthenticated = []string{
		"AuthFailure", "AuthorizationHeaderMalformed", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException",
		"InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "InvalidSignatureException", "InvalidToken", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "MissingSecurityHeader", "RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed",
		"SignatureDoesNotMatch", "TokenRefreshRequired", "Unauthorized", "UnrecognizedClientException",
		"XAdminUserNotFound", // of VersityGW
	}
)

// Named returns err with the name that says what a person must do, or Internal. The error of a canceled call stays in the chain.
func (c Call) Named(err error) error {
	call := c.Action + " on " + c.On
	if named, ok := errors.AsType[interface {
		error
		Name() failure.Name
	}](err); ok { // an error of the credentials, before the call
		return fmt.Errorf("%s: %w", call, named)
	}
	if unsent, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return c.unreachable(call, unsent)
	}
	code, status, words := Code(err), Status(err), Words(err)
	answer, isDamaged := errors.AsType[damaged](err)
	switch {
	case isDamaged:
		return failure.Errorf(failure.MalformedAnswer, "%s: %w", call, answer)
	case code == "" && errors.Is(err, io.ErrUnexpectedEOF):
		return failure.Errorf(failure.MalformedAnswer, "%s: %w", call, damaged{io.ErrUnexpectedEOF})
	case code == "" && status != 0 && !canceled(err): // the error may show what it could not read, such as the key of an item
		return failure.Errorf(failure.MalformedAnswer, "%s: the answer of %s cannot be read (HTTP status %d)", call, c.Service, status)
	case code == "":
		return fmt.Errorf("%s: %w", call, err)
	case !failure.Name(code).Understood():
		return failure.Errorf(failure.MalformedAnswer, "%s: the answer has the HTTP status %d and the code %q, which is not a code of %s", call, status, code, c.Service)
	case Throttles(code):
		return failure.Errorf(failure.Throttled, "%s: %s refused the call because there are too many calls: start fewer runs at the same time, or ask for a higher quota (%s: %s)",
			call, c.Service, code, words)
	case ofKey(code, words):
		return failure.Errorf(failure.KMSKeyUnusable,
			"%s: %s cannot use %s: check that it exists in the same region and is enabled, and that its policy and the role allow kms:Decrypt and, to write, kms:GenerateDataKey (%s: %s)",
			call, c.Service, c.Key, code, words)
	case slices.Contains(unauthenticated, code):
		return failure.Errorf(failure.CredentialsInvalid,
			"%s: %s does not accept the credentials, because they have expired or are not valid, or because the clock is wrong: renew them (on AWS, check the role that makes the call), then redrive the execution (%s: %s)",
			call, c.Service, code, words)
	case slices.Contains(disabled, code):
		return failure.Errorf(failure.AccessDenied, "%s is not allowed: the account cannot use %s here: check that the account is active and that the region is enabled for it (%s: %s)",
			call, c.Service, code, words)
	case slices.Contains(denied, code):
		return failure.Errorf(failure.AccessDenied, "%s is not allowed: check %s (%s: %s)", call, c.Role, code, words)
	default:
		return fmt.Errorf("%s: %w", call, err)
	}
}

// Throttles reports whether a code says that there were too many calls. Each service has its own codes, which the SDK knows.
func Throttles(code string) bool {
	_, known := retry.DefaultThrottleErrorCodes[code]
	return known || strings.Contains(code, "Throttl") // of KMS, such as KmsThrottlingException
}

// ofKey reports whether an error is about a KMS key: KMS.DisabledException from S3, KmsAccessDeniedException from Step Functions, or a
// denied action of KMS. KMS's own faults are not about the key.
func ofKey(code, words string) bool {
	if strings.Contains(code, "Internal") || strings.Contains(code, "Timeout") {
		return false
	}
	return strings.HasPrefix(strings.ToUpper(code), "KMS") || slices.Contains(denied, code) && strings.Contains(words, "kms:")
}

func canceled(err error) bool {
	_, ok := errors.AsType[*smithy.CanceledError](err)
	return ok
}

// unreachable names the endpoint that gave no answer: of the service, or of the provider of the credentials.
func (c Call) unreachable(call string, err error) error {
	endpoint, reason := "its endpoint", err
	if request, ok := errors.AsType[*url.Error](err); ok {
		reason = request.Err
		if at, err := url.Parse(request.URL); err == nil {
			endpoint = at.Scheme + "://" + at.Host
		}
	}
	return failure.Errorf(failure.EndpointUnreachable,
		"%s: %s cannot be reached at %s: check the endpoint and the region; a local server must be running, and functions in a VPC need a route (%s)",
		call, c.Service, endpoint, cmp.Or(reason.Error(), "no answer"))
}

// Damage returns a fault of an answer's bytes, which were changed or cut on the way, as an error that the SDK's retryer tries again.
func Damage(err error) error {
	if _, ok := errors.AsType[damaged](err); ok {
		return err
	}
	return damaged{err}
}

type damaged struct{ error }

func (d damaged) Error() string { return "the answer is damaged: " + d.error.Error() }

func (d damaged) Unwrap() error { return d.error }

func (damaged) RetryableError() bool { return true }
