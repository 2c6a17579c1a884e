package testservers

import (
	"testing"
	"time"

	"dynamodb-to-s3/local/sampletable"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// TableID returns the TableId of a table.
func TableID(tb testing.TB, client *dynamodb.Client, name string) string {
	tb.Helper()
	described, err := client.DescribeTable(tb.Context(), &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		tb.Fatal(err)
	}
	return aws.ToString(described.Table.TableId)
}

// DeleteTable deletes a table and waits until it is gone.
func DeleteTable(tb testing.TB, client *dynamodb.Client, name string) {
	tb.Helper()
	if _, err := client.DeleteTable(tb.Context(), &dynamodb.DeleteTableInput{TableName: &name}); err != nil {
		tb.Fatal(err)
	}
	waiter := dynamodb.NewTableNotExistsWaiter(client, func(o *dynamodb.TableNotExistsWaiterOptions) { o.MinDelay = time.Millisecond })
	if err := waiter.Wait(tb.Context(), &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		tb.Fatal(err)
	}
}

// ReplaceOrders deletes a table of orders, and creates another one of the same name and key, with other orders.
func ReplaceOrders(tb testing.TB, client *dynamodb.Client, name string, items int) {
	tb.Helper()
	DeleteTable(tb, client, name)
	if err := sampletable.Create(tb.Context(), client, name); err != nil {
		tb.Fatal(err)
	}
	if err := sampletable.Load(tb.Context(), client, name, sampletable.Seed+1, items, nil); err != nil {
		tb.Fatal(err)
	}
}
