package request

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
)

// RoleAccount returns the account in the ARN of a role, arn:<partition>:iam::<account>:role/<path and name>.
func RoleAccount(arn string) (string, error) {
	if got, want := role.Check(arn); want != "" {
		return "", fmt.Errorf("got %s, want %s", got, want)
	}
	return role.Pattern().FindStringSubmatch(arn)[1], nil
}

// AssumableRoles are the ARNs of the roles that a deployment lets requests name. A function's own role can assume no other role; this list
// makes a request fail with a name, and before anything is done.
type AssumableRoles struct {
	Source      []string `json:"source"`
	Destination []string `json:"destination"`
}

// ParseAssumableRoles reads the value of contract.EnvAssumableRoles. For "" it returns nil, which allows every role.
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

// Check fails with RoleNotListed, and problem.List in the error's chain, if the request names a role that is not listed.
func (a *AssumableRoles) Check(request Request) error {
	if a == nil {
		return nil
	}
	var unlisted problem.List
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
		unlisted = append(unlisted, problem.Problem{
			Path: named.field, Got: problem.Quote(named.arn),
			Want: fmt.Sprintf("a role in the environment's %s (%s): add it there and deploy", named.setting, cmp.Or(strings.Join(named.listed, ", "), "none")),
		})
	}
	if len(unlisted) == 0 {
		return nil
	}
	return failure.Errorf(failure.RoleNotListed, "%w", unlisted)
}
