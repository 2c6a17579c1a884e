package testservers

import (
	"testing"

	"dynamodb-to-s3/local/glue"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/glue"
)

// Glue starts, for one test, a server with an empty Data Catalog, and returns a client of it too. The client tries each call once.
func Glue(tb testing.TB) (*service.Client, *glue.Server) {
	tb.Helper()
	server, err := glue.Start(tb.Context(), glue.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Stop)
	cfg, err := server.AWS(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return service.NewFromConfig(cfg, func(o *service.Options) { o.Retryer = aws.NopRetryer{} }), server
}
