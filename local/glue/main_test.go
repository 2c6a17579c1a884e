package glue_test

import (
	"errors"
	"testing"

	"dynamodb-to-s3/local/glue"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// fixture is a server with the database lake, and a client of it.
type fixture struct {
	*service.Client
	server *glue.Server
	t      *testing.T
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	client, server := testservers.Glue(t)
	f := &fixture{client, server, t}
	_, err := f.CreateDatabase(t.Context(), &service.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("lake")}})
	f.ok(err)
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// fails checks the error of a call: its name and message.
func (f *fixture) fails(err error, want string) {
	f.t.Helper()
	if refusal, ok := errors.AsType[smithy.APIError](err); !ok {
		f.t.Errorf("got %v, want %s", err, want)
	} else if got := refusal.ErrorCode() + ": " + refusal.ErrorMessage(); got != want {
		f.t.Errorf("got %s\nwant %s", got, want)
	}
}

func columns(namesAndTypes ...string) (all []types.Column) {
	for i := 0; i < len(namesAndTypes); i += 2 {
		all = append(all, types.Column{Name: &namesAndTypes[i], Type: &namesAndTypes[i+1]})
	}
	return all
}

func input(name string, keys ...string) *types.TableInput {
	return &types.TableInput{
		Name: &name, TableType: aws.String("EXTERNAL_TABLE"), Parameters: map[string]string{"EXTERNAL": "TRUE"}, PartitionKeys: columns(keys...),
		StorageDescriptor: &types.StorageDescriptor{
			Columns: columns("id", "string", "total", "decimal(38,2)"), Location: aws.String("s3://demo/orders/data/"),
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")},
		},
	}
}

func (f *fixture) create(in *types.TableInput) error {
	_, err := f.CreateTable(f.t.Context(), &service.CreateTableInput{DatabaseName: aws.String("lake"), TableInput: in})
	return err
}

func (f *fixture) update(in *types.TableInput, version *string) error {
	_, err := f.UpdateTable(f.t.Context(), &service.UpdateTableInput{
		DatabaseName: aws.String("lake"), TableInput: in, VersionId: version, SkipArchive: aws.Bool(true),
	})
	return err
}

func (f *fixture) table(name string) *types.Table {
	f.t.Helper()
	out, err := f.GetTable(f.t.Context(), &service.GetTableInput{DatabaseName: aws.String("lake"), Name: &name})
	f.ok(err)
	return out.Table
}
