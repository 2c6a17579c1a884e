package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
)

// roleARN is what STS and IAM make of it: a path of printable characters, and a name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
var roleARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/(?:[!-~]+/)?[a-zA-Z0-9_+=,.@-]{1,64}$`)

// maxRoleARN is STS's own bound, in bytes.
const maxRoleARN = 2 << 10

// RoleAccount returns the account of a role by its ARN, arn:<partition>:iam::<account>:role/<path and name>.
func RoleAccount(arn string) (string, error) {
	parts := roleARN.FindStringSubmatch(arn)
	if parts == nil || len(arn) > maxRoleARN {
		return "", fmt.Errorf("got %s, want the ARN of a role such as arn:aws:iam::123456789012:role/reader", failure.Quote(arn))
	}
	return parts[1], nil
}

func checkRole(field, arn string, found *failure.Problems) {
	if arn == "" {
		return
	}
	if _, err := RoleAccount(arn); err != nil {
		found.Add(field, "%v", err)
	}
}

// AssumableRoles are the ARNs of the roles that a deployment lets requests name. That of a function can assume no other; this
// is so that a request hears of it by name, and before anything is done.
type AssumableRoles struct {
	Source      []string `json:"source"`
	Destination []string `json:"destination"`
}

// ParseAssumableRoles reads the value of contract.EnvAssumableRoles: nil, which allows any role, for "".
func ParseAssumableRoles(text string) (*AssumableRoles, error) {
	if text == "" {
		return nil, nil
	}
	roles := new(AssumableRoles)
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(roles)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = fmt.Errorf("something follows the object")
		}
	}
	if err != nil {
		return nil, fmt.Errorf(`read %s: %w: want {"source": […], "destination": […]}`, contract.EnvAssumableRoles, err)
	}
	return roles, nil
}

// Check fails with RoleNotListed where the request names a role that is not among these. A nil AssumableRoles has all.
func (a *AssumableRoles) Check(request Request) error {
	if a == nil {
		return nil
	}
	var unlisted []string
	for _, named := range []struct {
		field, arn, setting string
		listed              []string
	}{
		{"sourceRoleArn", request.SourceRoleARN, "sourceRoles", a.Source},
		{"destinationRoleArn", request.DestinationRoleARN, "destinationRoles", a.Destination},
	} {
		if named.arn == "" || slices.Contains(named.listed, named.arn) {
			continue
		}
		has := "which lists none"
		if len(named.listed) > 0 {
			has = "which lists " + strings.Join(named.listed, ", ")
		}
		unlisted = append(unlisted, fmt.Sprintf("%s: got %s, which is not among the environment's %s, %s: add it there, in infra/environments, and deploy",
			named.field, named.arn, named.setting, has))
	}
	if len(unlisted) == 0 {
		return nil
	}
	return failure.Errorf(failure.RoleNotListed, "%s", strings.Join(unlisted, "; "))
}
