package exports_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// noon is the time of the server's clock until a test advances it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type item = map[string]types.AttributeValue

// A fixture is a server in front of the test servers, with a client and a bucket.
type fixture struct {
	*testing.T
	*exports.Server
	db     *dynamodb.Client
	bucket string
}

func newFixture(t *testing.T, changes ...func(*exports.Options)) *fixture {
	t.Helper()
	options := exports.Options{Now: func() time.Time { return noon }}
	for _, change := range changes {
		change(&options)
	}
	server := testservers.StartExports(t, options)
	db := dynamodb.NewFromConfig(server.AWS(), func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithMaxBackoffDelay(o.Retryer, time.Millisecond)
	})
	return &fixture{T: t, Server: server, db: db, bucket: testservers.Bucket(t)}
}

// things creates a table with the string key id.
func (f *fixture) things() string {
	f.Helper()
	return testservers.Table(f.T, &dynamodb.CreateTableInput{
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func thing(id, value string) item { return item{"id": text(id), "v": text(value)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func (f *fixture) put(table, id, value string) {
	f.Helper()
	_, err := f.db.PutItem(f.Context(), &dynamodb.PutItemInput{TableName: &table, Item: thing(id, value)})
	f.ok(err)
}

func (f *fixture) delete(table, id string) {
	f.Helper()
	_, err := f.db.DeleteItem(f.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: item{"id": text(id)}})
	f.ok(err)
}

func (f *fixture) arn(table string) *string {
	f.Helper()
	out, err := f.db.DescribeTable(f.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	f.ok(err)
	return out.Table.TableArn
}

// full is the request of a full export of the current time, or of the given one.
func (f *fixture) full(table string, at ...time.Time) *dynamodb.ExportTableToPointInTimeInput {
	f.Helper()
	in := &dynamodb.ExportTableToPointInTimeInput{TableArn: f.arn(table), S3Bucket: &f.bucket, S3Prefix: aws.String("raw")}
	for _, at := range at {
		in.ExportTime = &at
	}
	return in
}

func (f *fixture) window(table string, from, to time.Time) *dynamodb.ExportTableToPointInTimeInput {
	f.Helper()
	in := f.full(table)
	in.ExportType = types.ExportTypeIncrementalExport
	in.IncrementalExportSpecification = &types.IncrementalExportSpecification{ExportFromTime: &from, ExportToTime: &to}
	return in
}

// export starts an export, waits for its end and returns its description.
func (f *fixture) export(in *dynamodb.ExportTableToPointInTimeInput) *types.ExportDescription {
	f.Helper()
	again := *in // the SDK writes a client token into its input
	out, err := f.db.ExportTableToPointInTime(f.Context(), &again)
	f.ok(err)
	if s := out.ExportDescription.ExportStatus; s != types.ExportStatusInProgress {
		f.Errorf("an export is %s from the start", s)
	}
	f.Finish()
	return f.describe(out.ExportDescription.ExportArn)
}

func (f *fixture) describe(arn *string) *types.ExportDescription {
	f.Helper()
	out, err := f.db.DescribeExport(f.Context(), &dynamodb.DescribeExportInput{ExportArn: arn})
	f.ok(err)
	return out.ExportDescription
}

func (f *fixture) object(key string) []byte {
	f.Helper()
	out, err := testservers.S3().GetObject(f.Context(), &s3.GetObjectInput{Bucket: &f.bucket, Key: &key})
	if err != nil {
		f.Fatalf("%s: %v", key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	f.ok(err)
	return body
}

// code is the code of an API error, or the text of another error.
func code(err error) string {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal.ErrorCode()
	}
	return fmt.Sprint(err)
}

// once is the option of a call without retries.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
