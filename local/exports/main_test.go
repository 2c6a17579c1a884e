package exports_test

import (

	//nolint:gosec // the checksum that manifests have

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

// noon is where the stand-in's clock stands, unless it is advanced.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type item = map[string]types.AttributeValue

// A bed is a stand-in over the test servers, with a client.
type bed struct {
	*testing.T
	*exports.Server
	db     *dynamodb.Client
	bucket string
}

func newBed(t *testing.T, changes ...func(*exports.Options)) *bed {
	t.Helper()
	read, write := testservers.Configs()
	options := exports.Options{DynamoDB: read, S3: write, Now: func() time.Time { return noon }}
	for _, change := range changes {
		change(&options)
	}
	server, err := exports.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	db := dynamodb.NewFromConfig(server.AWS(), func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithMaxBackoffDelay(o.Retryer, time.Millisecond)
	})
	return &bed{T: t, Server: server, db: db, bucket: testservers.Bucket(t)}
}

// things makes a table with one string key, id.
func (b *bed) things() string {
	b.Helper()
	return testservers.Table(b.T, &dynamodb.CreateTableInput{
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
}

func (b *bed) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func thing(id, value string) item { return item{"id": text(id), "v": text(value)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func (b *bed) put(table, id, value string) {
	b.Helper()
	_, err := b.db.PutItem(b.Context(), &dynamodb.PutItemInput{TableName: &table, Item: thing(id, value)})
	b.ok(err)
}

func (b *bed) delete(table, id string) {
	b.Helper()
	_, err := b.db.DeleteItem(b.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: item{"id": text(id)}})
	b.ok(err)
}

func (b *bed) arn(table string) *string {
	b.Helper()
	out, err := b.db.DescribeTable(b.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	b.ok(err)
	return out.Table.TableArn
}

// full is a request of a full export, of now or of a time.
func (b *bed) full(table string, at ...time.Time) *dynamodb.ExportTableToPointInTimeInput {
	b.Helper()
	in := &dynamodb.ExportTableToPointInTimeInput{TableArn: b.arn(table), S3Bucket: &b.bucket, S3Prefix: aws.String("raw")}
	for _, at := range at {
		in.ExportTime = &at
	}
	return in
}

func (b *bed) window(table string, from, to time.Time) *dynamodb.ExportTableToPointInTimeInput {
	b.Helper()
	in := b.full(table)
	in.ExportType = types.ExportTypeIncrementalExport
	in.IncrementalExportSpecification = &types.IncrementalExportSpecification{ExportFromTime: &from, ExportToTime: &to}
	return in
}

// export has an export made and returns its last description.
func (b *bed) export(in *dynamodb.ExportTableToPointInTimeInput) *types.ExportDescription {
	b.Helper()
	again := *in // the SDK writes the token that it makes into its input
	out, err := b.db.ExportTableToPointInTime(b.Context(), &again)
	b.ok(err)
	if s := out.ExportDescription.ExportStatus; s != types.ExportStatusInProgress {
		b.Errorf("an export is %s from the start", s)
	}
	b.Finish()
	return b.describe(out.ExportDescription.ExportArn)
}

func (b *bed) describe(arn *string) *types.ExportDescription {
	b.Helper()
	out, err := b.db.DescribeExport(b.Context(), &dynamodb.DescribeExportInput{ExportArn: arn})
	b.ok(err)
	return out.ExportDescription
}

func (b *bed) object(key string) []byte {
	b.Helper()
	out, err := testservers.S3().GetObject(b.Context(), &s3.GetObjectInput{Bucket: &b.bucket, Key: &key})
	if err != nil {
		b.Fatalf("%s: %v", key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	b.ok(err)
	return body
}

// code is the name of an API's error, or what the error says.
func code(err error) string {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal.ErrorCode()
	}
	return fmt.Sprint(err)
}

// once makes calls that are not tried again.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
