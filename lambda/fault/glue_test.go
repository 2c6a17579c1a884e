package fault_test

import (
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Lake Formation answers AccessDenied, as IAM does. Only its message says that the grants of Lake Formation are missing.
func TestLakeFormationIsNamedWithTheGrantThatIsMissing(t *testing.T) {
	t.Parallel()
	const lacks = "Insufficient Lake Formation permission(s)"
	for message, want := range map[string]string{
		lacks + ": Required Alter on orders":                `--permissions ALTER --resource '{"Table":{"DatabaseName":"lake","TableWildcard":{}}}'`,
		lacks + ": Required Create Table on lake":           `--permissions CREATE_TABLE --resource '{"Database":{"Name":"lake"}}'`,
		lacks + ": Required Describe on lake":               `--permissions DESCRIBE --resource '{"Database":{"Name":"lake"}}'`,
		lacks + " on orders":                                `--permissions DESCRIBE ALTER INSERT DELETE --resource '{"Table":{"DatabaseName":"lake","TableWildcard":{}}}'`,
		lacks + " on s3://exports/runs/":                    `--permissions DATA_LOCATION_ACCESS --resource '{"DataLocation":{"ResourceArn":"arn:aws:s3:::exports/runs"}}'`,
		lacks + ": Required Data Location Access on orders": `{"DataLocation":{"ResourceArn":"arn:aws:s3:::BUCKET"}}`,
	} {
		call := fault.GlueCall{Action: "glue:UpdateTable", Database: "lake", Table: "orders", Function: "catalog", Refused: failure.CatalogFailed}
		err := call.Named(&types.AccessDeniedException{Message: aws.String(message)})
		if failure.NameOf(err) != failure.LakeFormationDenied || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v: %v, want %s", message, failure.NameOf(err), err, want)
		}
	}
	iam := fault.GlueCall{Action: "glue:UpdateTable", Database: "lake", Table: "orders", Function: "catalog", Refused: failure.CatalogFailed}.
		Named(&types.AccessDeniedException{Message: aws.String("User: x is not authorized to perform: glue:UpdateTable")})
	if failure.NameOf(iam) != failure.CatalogFailed || !strings.Contains(iam.Error(), "check the role of the function catalog") {
		t.Errorf("IAM: %v", iam)
	}
}
