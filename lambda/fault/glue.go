package fault

import (
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/lazyregexp"
)

// GlueCall is a call to the catalog of AWS Glue, after the commit of a run.
type GlueCall struct {
	Action          string // such as glue:UpdateTable
	Database, Table string
	Function        string       // whose role makes the call
	Refused         failure.Name // for what only a person can correct
}

// refused has codes that say that the call cannot succeed before a person changes something.
// https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateTable.html
var refused = []string{
	"AlreadyExistsException", "FederatedResourceAlreadyExistsException", "FederationSourceException", "InvalidInputException", "OperationNotSupportedException",
	"PermissionTypeMismatchException", "ResourceNotFoundException", "ResourceNumberLimitExceededException", "TargetResourceNotFound", "ValidationException",
}

// NotInGlue reports whether Glue says that there is no such database, table or partition.
func NotInGlue(err error) bool { return Code(err) == "EntityNotFoundException" }

// Named returns err with the name that says what a person must do, or Internal.
func (c GlueCall) Named(err error) error {
	call := Call{
		Service: "Glue", Action: c.Action, On: fmt.Sprintf("table %q of the database %q", c.Table, c.Database),
		Role: fmt.Sprintf("the role of the function %s", c.Function), Key: "the KMS key of the account's catalog",
	}
	named := call.Named(err)
	switch code, words := Code(err), Words(err); {
	case slices.Contains(denied, code) && strings.Contains(words, "Lake Formation"):
		return failure.Errorf(failure.LakeFormationDenied,
			"%s on %s is not allowed: Lake Formation guards it. An administrator of the data lake can grant it to the role of the function %s: %s. Or grant all that docs/security.md lists (%s: %s)",
			c.Action, call.On, c.Function, c.grant(words), code, words)
	case code == "GlueEncryptionException":
		return failure.Errorf(failure.KMSKeyUnusable, "%s on %s: Glue cannot use %s: check that it is enabled, and that its policy and %s allow kms:Decrypt and kms:GenerateDataKey (%s: %s)",
			c.Action, call.On, call.Key, call.Role, code, words)
	case NotInGlue(err):
		return failure.Errorf(c.Refused, "%s on %s: the catalog of this account and region has no such database or table: create the database, or correct its name in the environment (%s: %s)",
			c.Action, call.On, code, words)
	case slices.Contains(refused, code):
		return failure.Errorf(c.Refused, "%s on %s: Glue refuses the call (%s: %s)", c.Action, call.On, code, words)
	case failure.NameOf(named) == failure.AccessDenied:
		return failure.Errorf(c.Refused, "%w", named)
	default:
		return named
	}
}

// required is how Lake Formation says which permission is missing: Insufficient Lake Formation permission(s): Required Create Table on lake.
var required = lazyregexp.New(`Required ([A-Za-z_ ]+?) on (\S+)`)

// grant returns the command that grants what Lake Formation says is missing. A table of the database may not exist yet, so the grant is for all tables.
func (c GlueCall) grant(words string) string {
	permissions, of := "DESCRIBE ALTER INSERT DELETE", fmt.Sprintf(`{"Table":{"DatabaseName":%q,"TableWildcard":{}}}`, c.Database)
	missing := required().FindStringSubmatch(words)
	if missing != nil {
		permissions = strings.ReplaceAll(strings.ToUpper(missing[1]), " ", "_")
	}
	_, location, inS3 := strings.Cut(words, "s3://")
	switch {
	case inS3 || strings.Contains(permissions, "LOCATION"):
		if location, _, _ = strings.Cut(location, " "); location == "" {
			location = "BUCKET"
		}
		permissions, of = "DATA_LOCATION_ACCESS", fmt.Sprintf(`{"DataLocation":{"ResourceArn":"arn:aws:s3:::%s"}}`, strings.Trim(location, `".,)/`))
	case permissions == "CREATE_TABLE" || missing != nil && missing[2] == c.Database:
		of = fmt.Sprintf(`{"Database":{"Name":%q}}`, c.Database)
	}
	return fmt.Sprintf("aws lakeformation grant-permissions --principal DataLakePrincipalIdentifier=ROLE_ARN --permissions %s --resource '%s'", permissions, of)
}
