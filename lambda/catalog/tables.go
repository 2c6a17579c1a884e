package catalog

import (
	"context"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// tables are the tables of a Glue database that show one DynamoDB table.
type tables struct {
	client   *glue.Client
	database string
	// source is the ARN of the DynamoDB table.
	source string
}

// settle reads a table and replaces it with what decide returns, unless it has changed since. Then it begins again. Without a table, decide gets
// nil. If the table stays as it is, decide returns nil.
//
// changed says that the table was replaced. It is also true if an answer was lost, so that the table was found replaced.
func (t tables) settle(ctx context.Context, name string, decide func(current *types.Table) *types.TableInput) (changed bool, err error) {
	err = ledger.Settle(t.named(name), func() error {
		current, err := t.get(ctx, name)
		if err != nil {
			return err
		}
		want := decide(current)
		if want == nil {
			return nil
		}
		changed = true // from here on, an answer can be lost
		return t.write(ctx, current, want)
	})
	return changed, err
}

// named returns a table in words.
func (t tables) named(name string) string {
	return fmt.Sprintf("the table %q of the database %q", name, t.database)
}

// get returns a table, or nil if Glue has no such table. It fails with CatalogFailed if another program, or another DynamoDB table, has the name.
func (t tables) get(ctx context.Context, name string) (*types.Table, error) {
	answer, err := t.client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &t.database, Name: &name})
	switch {
	case fault.NotInGlue(err):
		return nil, nil //nolint:nilnil // the usual answer before the first run
	case err != nil:
		return nil, t.failed(err, "glue:GetTable", name)
	case answer.Table == nil || answer.Table.VersionId == nil || answer.Table.StorageDescriptor == nil:
		return nil, failure.Errorf(failure.MalformedAnswer, "glue:GetTable on table %q of the database %q: the answer lacks the table, its version or its columns, which Glue always sends", name, t.database)
	}
	const todo = "Give the request another catalog.table, or rename the table, and redrive the execution"
	switch source := answer.Table.Parameters[run.ParameterSource]; source {
	case t.source:
		return answer.Table, nil
	case "":
		return nil, failure.Errorf(failure.CatalogFailed, "the table %q of the database %q exists and was not made for a run: it has no parameter %s, so it is not changed. %s",
			name, t.database, run.ParameterSource, todo)
	default:
		return nil, failure.Errorf(failure.CatalogFailed, "the table %q of the database %q shows another DynamoDB table, %.300s, so it is not changed. %s", name, t.database, source, todo)
	}
}

// Codes of answers that are no failures.
const (
	alreadyExists    = "AlreadyExistsException"
	changedMeanwhile = "ConcurrentModificationException"
)

// write creates a table, or replaces the current one. It fails with bucket.ErrChanged if the table has changed, appeared or gone since it was read.
func (t tables) write(ctx context.Context, current *types.Table, want *types.TableInput) error {
	if current == nil {
		_, err := t.client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &t.database, TableInput: want})
		if fault.Code(err) == alreadyExists {
			return bucket.ErrChanged
		}
		return t.failed(err, "glue:CreateTable", *want.Name)
	}
	want.Description, want.Owner, want.Retention = current.Description, current.Owner, current.Retention // a person may have set them
	_, err := t.client.UpdateTable(ctx, &glue.UpdateTableInput{
		DatabaseName: &t.database, TableInput: want, VersionId: current.VersionId, SkipArchive: aws.Bool(true),
	})
	if fault.Code(err) == changedMeanwhile || fault.NotInGlue(err) {
		return bucket.ErrChanged
	}
	return t.failed(err, "glue:UpdateTable", *want.Name)
}

// failed gives an error of a call its name.
func (t tables) failed(err error, action, table string) error {
	if err == nil {
		return nil
	}
	return fault.GlueCall{
		Action: action, Database: t.database, Table: table, Function: string(contract.FunctionCatalog), Refused: failure.CatalogFailed,
	}.Named(err)
}
