package awsclient

import (
	"context"
	"errors"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const (
	// sessionDuration is the longest that a session may last which a role asks for, as the functions' is one: role chaining.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
	sessionDuration = time.Hour
	// expiryWindow is how long before its end a session is taken for ended: longer than one try of a request takes, each of which
	// is signed anew, and than clocks differ.
	expiryWindow = 5 * time.Minute
)

// as returns the configuration with the credentials of a session of a role, or as it is where there is no role. The session is
// asked for at the first request, from STS in the functions' own region, and again when it comes to its end. The
// environment's setting that lists the role is for errors.
func (c *Clients) as(cfg aws.Config, to access, setting string) aws.Config {
	cfg = cfg.Copy()
	if to.role == "" {
		return cfg
	}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c.identity), to.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = to.session, sessionDuration
	})
	cfg.Credentials = aws.NewCredentialsCache(assumedRole{provider, to.role, setting}, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = expiryWindow
	})
	return cfg
}

// STS's bounds of a session's name, and what else it may not hold: all but letters, digits and _+=,.@-.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	minSessionName = 2
	maxSessionName = 64
	// sessionTail is how much of the end of a run's name a session's keeps: the time of a schedule's firing.
	sessionTail = len("20060102T150405Z")
)

// sessionName makes a session's name of a run's.
func sessionName(xrun string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_+=,.@-", r):
			return r
		default:
			return '-'
		}
	}, xrun)
	switch {
	case len(name) < minSessionName:
		return "run-" + name
	case len(name) > maxSessionName:
		return name[:maxSessionName-len("-")-sessionTail] + "-" + name[len(name)-sessionTail:]
	default:
		return name
	}
}

// assumedRole gives the errors of AssumeRole their names. They surface in calls to other services, whose own errors look alike.
type assumedRole struct {
	*stscreds.AssumeRoleProvider
	arn, setting string
}

// Retrieve asks for a session. It fails with AccessDenied, Throttled or Internal.
//
// What STS has answered goes into the words only: wrapped, it would make the SDK ask as often again for each try of the
// request that the session is for.
func (a assumedRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	session, err := a.AssumeRoleProvider.Retrieve(ctx)
	if err == nil {
		return session, nil
	}
	var code, words string
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code, words = api.ErrorCode(), api.ErrorMessage()
	}
	response, answered := errors.AsType[*awshttp.ResponseError](err)
	switch {
	case code == "AccessDenied":
		return session, failure.Errorf(failure.AccessDenied,
			"sts:AssumeRole on %s is not allowed: the role's trust policy must name the function's role, and the function's role must be allowed to assume it (environment: %s) (%s)",
			a.arn, a.setting, words)
	case strings.Contains(code, "Throttl"):
		return session, failure.Errorf(failure.Throttled, "sts:AssumeRole on %s is called too often in this account and region: let fewer runs go at once (%s)", a.arn, words)
	case answered && response.HTTPStatusCode()/100 == 4 && !strings.HasPrefix(code, "Expired"):
		return session, failure.Errorf(failure.AccessDenied, "sts:AssumeRole on %s is refused (%s: %s)", a.arn, code, words)
	default:
		return session, failure.Errorf(failure.Internal, "sts:AssumeRole on %s: %s", a.arn, err.Error())
	}
}
