package awsclient

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
)

func TestMissingChecksumsAreWarnedOfOnce(t *testing.T) { // not parallel: it is about the whole process
	warnOfChecksum = sync.Once{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }))
	t.Cleanup(server.Close)
	var warnings []string
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Logger: logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
			warnings = append(warnings, fmt.Sprintf(format, v...))
		}),
	}
	for range 2 {
		client := DynamoDB(cfg)
		for range 2 {
			if _, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(warnings) != 1 || warnings[0] != "an answer of DynamoDB has no X-Amz-Crc32 header: such answers are used without a check of their checksum" {
		t.Errorf("got %q, want one warning", warnings)
	}
}
