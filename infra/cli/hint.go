package main

import (
	"fmt"
	"regexp"
)

// Messages of the CDK's command line, of AWS and of its SDK. cli_test.go has each of them as a whole.
var (
	unusableCredentials = regexp.MustCompile("Unable to resolve AWS account|no credentials have been configured|but the current credentials are for|" +
		"Could not load credentials|ExpiredToken|(?i:security token included in the request is)|InvalidClientTokenId|UnrecognizedClientException|" +
		"SSO session associated with this profile|Token is expired|failed to refresh cached credentials")
	notBootstrapped = regexp.MustCompile(`Has the environment been bootstrapped|Is (this )?account (\S+ )?bootstrapped|requires bootstrap stack version '[^']*', found|` +
		`"?cdk bootstrap"? is required|the toolkit stack must be deployed to the environment|If it doesn't exist, \(re\)-bootstrap the environment`)
)

// hintFor returns what to do about a failure of the CDK, or "" if its own output says enough.
func hintFor(output, verb, environment string) string {
	switch {
	case unusableCredentials.MatchString(output):
		return fmt.Sprintf("make %s needs valid AWS credentials for the account of the environment: log in, or set AWS_PROFILE", verb)
	case notBootstrapped.MatchString(output):
		return fmt.Sprintf("make %s needs an account and region that are bootstrapped for the CDK: run make bootstrap ENV=%s once, "+
			"with credentials that may create roles", verb, environment)
	default:
		return ""
	}
}
