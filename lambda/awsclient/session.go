package awsclient

import (
	"context"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// sessionDuration is the longest session that one role may ask for of another (role chaining). The functions have a role.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
	sessionDuration = time.Hour
	// expiryWindow is how long before its end a session counts as ended. It is longer than one try of a request, and longer than the
	// difference between clocks. Each try of a request has its own signature.
	expiryWindow = 5 * time.Minute
)

// as returns the configuration with the credentials of a role's session, or a copy without change if there is no role. The first
// request asks STS in the functions' region for the session, and the SDK renews it before it ends. setting is the environment's
// setting that lists the role, for error messages.
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

// STS's limits for a session's name. It may have letters, digits and _+=,.@- only.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	minSessionName = 2
	maxSessionName = 64
	// sessionTail is how many characters from the end of a run's name stay in a shortened name: the time of a schedule's firing.
	sessionTail = len("20060102T150405Z")
)

// sessionName makes the name of a session from the name of a run.
func sessionName(runID string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_+=,.@-", r):
			return r
		default:
			return '-'
		}
	}, runID)
	switch {
	case len(name) < minSessionName:
		return "run-" + name
	case len(name) > maxSessionName:
		return name[:maxSessionName-len("-")-sessionTail] + "-" + name[len(name)-sessionTail:]
	default:
		return name
	}
}

// assumedRole names the errors of AssumeRole. They show up in calls to other services, whose own errors look alike.
type assumedRole struct {
	*stscreds.AssumeRoleProvider
	arn, setting string
}

// Retrieve asks for a session.
//
// STS's error is in the message only. If it were wrapped, the SDK would ask for the session again for each try of the request that
// needs it.
func (a assumedRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	session, err := a.AssumeRoleProvider.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return session, err
	}
	named := fault.Call{
		Service: "STS", Action: "sts:AssumeRole", On: a.arn, Key: "a KMS key",
		Role: "that the role's trust policy names the function's role, and that the function's role may assume it (environment: " + a.setting + ")",
	}.Named(err)
	if failure.NameOf(named) == failure.Internal && fault.Status(err)/100 == 4 {
		return session, failure.Errorf(failure.AccessDenied, "sts:AssumeRole on %s is refused (%s: %s)", a.arn, fault.Code(err), fault.Words(err))
	}
	return session, failure.Errorf(failure.NameOf(named), "%s", named.Error())
}
