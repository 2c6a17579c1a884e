package glue

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"dynamodb-to-s3/local/awsjson/modeltest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/document"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestShapesAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	server, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	service := modeltest.Service{
		Protocol: &protocol, Operations: slices.Collect(maps.Keys(server.operations)),
		Client: func(url string) any {
			return glue.New(glue.Options{
				Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
			})
		},
		Own: func(v reflect.Value) bool {
			switch v.Type() {
			case reflect.TypeFor[types.IcebergTableMetadata](): // no answer has it
				return true
			case reflect.TypeFor[document.Interface]():
				v.Set(reflect.ValueOf(document.NewLazyDocument("text")))
				return true
			}
			return false
		},
	}
	service.CheckInputs(t)
	service.CheckOutputs(t)
}

func TestWrongBodiesAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{
			`{"DatabaseName": "d", "TableInput": {"Nmae": "t", "Retention": "long"}, "Versionid": "1"}`,
			"InvalidInputException: TableInput.Nmae: TableInput has no such member; TableInput.Retention: got long, want an integer of 32 bits; Versionid: UpdateTableInput has no such member",
		},
		{
			`{"DatabaseName": 1, "SkipArchive": "yes", "TableInput": []}`,
			"InvalidInputException: DatabaseName: got 1, want a string; SkipArchive: got yes, want true or false; TableInput: got [], want an object",
		},
		{
			`{"TableInput": {"LastAccessTime": "2026-11-27", "Parameters": ["a"], "PartitionKeys": {}, "StorageDescriptor": {"Columns": [{"Name": "a"}, {"Typ": "int"}]}}}`,
			"InvalidInputException: TableInput.LastAccessTime: got 2026-11-27, want a time in seconds; TableInput.Parameters: got [a], want an object; " +
				"TableInput.PartitionKeys: got map[], want a list; TableInput.StorageDescriptor.Columns[1].Typ: Column has no such member",
		},
		{`{"ResultMetadata": {}}`, "InvalidInputException: ResultMetadata: UpdateTableInput has no such member"},
		{`{"TableInput": {"Retention": 3000000000}}`, "InvalidInputException: TableInput.Retention: got 3000000000, want an integer of 32 bits"},
		{`{"TransactionId": "t"}`, "InvalidInputException: TransactionId: this server does not support it"},
		{`{"TransactionId": null}`, "<nil>"},
		{`{`, "api error SerializationException: unexpected EOF"},
	} {
		err := protocol.Decode([]byte(c.body), new(glue.UpdateTableInput))
		got := "<nil>"
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}
