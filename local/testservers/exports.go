package testservers

import (
	"testing"

	"dynamodb-to-s3/local/exports"
)

// StartExports starts, for one test, a server that makes exports. It is in front of the DynamoDB server, unless the options have
// another, and writes to the S3 server.
func StartExports(t *testing.T, options exports.Options) *exports.Server {
	t.Helper()
	if options.DynamoDB.BaseEndpoint == nil {
		options.DynamoDB = source
	}
	options.S3 = destination
	server, err := exports.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}
