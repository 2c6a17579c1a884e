// Package testbed gives tests the real servers, dynalite and VersityGW, started once for a test process, and the real SDK to
// speak to them. A package that uses it calls Main from its TestMain.
package testservers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var (
	source, destination aws.Config
	count               atomic.Int64
)

// Main starts the servers, runs the tests and stops the servers. It does not return.
func Main(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	ctx := context.Background()
	checkout, err := checkout.Find()
	if err != nil {
		return 0, err
	}
	config, err := servers.In(checkout)
	if err != nil {
		return 0, err
	}
	folder, err := os.MkdirTemp("", "testbed")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // the system's to clear if not ours
	config.DataDir, config.MetaDir = filepath.Join(folder, "s3"), filepath.Join(folder, "meta")

	dynamoDB, err := servers.StartDynamoDB(ctx, config)
	if err != nil {
		return 0, err
	}
	defer dynamoDB.Stop()
	gateway, err := servers.StartS3(ctx, config)
	if err != nil {
		return 0, err
	}
	defer gateway.Stop()
	if source, err = dynamoDB.AWS(ctx); err != nil {
		return 0, err
	}
	if destination, err = gateway.AWS(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// Configs returns the configurations to read tables and to write objects with.
func Configs() (read, write aws.Config) { return source, destination }

// DynamoDB returns a client of the DynamoDB server.
func DynamoDB() *dynamodb.Client { return dynamodb.NewFromConfig(source) }

// S3 returns a client of the S3 server.
func S3() *s3.Client { return awsclient.S3(destination) }

// Bucket creates a bucket for one test and returns its name.
func Bucket(tb testing.TB) string {
	tb.Helper()
	name := unique("bucket")
	if _, err := S3().CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		tb.Fatal(err)
	}
	return name
}

// Orders creates a table of the sample's orders for one test and returns its name.
func Orders(tb testing.TB, items int) string {
	tb.Helper()
	name := unique("orders")
	if err := sampletable.Create(tb.Context(), DynamoDB(), name); err != nil {
		tb.Fatal(err)
	}
	if err := sampletable.Load(tb.Context(), DynamoDB(), name, sampletable.Seed, items, nil); err != nil {
		tb.Fatal(err)
	}
	return name
}

// Table creates a table for one test, under a name of its own, waits until it can be used, and returns its name.
func Table(tb testing.TB, table *dynamodb.CreateTableInput) string {
	tb.Helper()
	name := unique("table")
	table.TableName = &name
	if _, err := DynamoDB().CreateTable(tb.Context(), table); err != nil {
		tb.Fatal(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(DynamoDB(), func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(tb.Context(), &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		tb.Fatal(err)
	}
	return name
}

// Keys returns the keys of all objects of a bucket that begin with prefix, in order.
func Keys(tb testing.TB, bucket, prefix string) []string {
	tb.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(S3(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys
}

func unique(kind string) string {
	return fmt.Sprintf("%s-%d", kind, count.Add(1))
}
