// Package testservers gives tests the local servers, dynalite and VersityGW, which are started once for each test process, and
// clients of the real SDK. It also has a server that answers for Step Functions. A package that uses it calls Main from its TestMain.
//
// Only tests import it. It imports its neighbours in local/, lambda/awsclient and the SDK.
package testservers

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
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
		fmt.Fprintln(os.Stderr, "start test servers:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	var stop func()
	var err error
	if source, destination, stop, err = servers.StartTemporary(context.Background()); err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// Configs returns the configurations for clients of DynamoDB and of S3.
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

// Orders creates a table with sample orders for one test and returns its name.
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

// Table creates a table for one test, waits until it can be used, and returns its name.
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

// Keys returns the keys of all objects in a bucket that begin with prefix, in order.
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
