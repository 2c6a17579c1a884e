// Package table reads a DynamoDB table. Describe returns what the table is like. A Reader returns the pages of one segment of a
// parallel Scan, with the items as the bytes that the service sent.
//
// Errors that a person can act on carry a name from package failure. The package may import failure, lazyregexp, request, run and ddbjson.
package table

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Description is what a plan needs to know about a table, or about the index that it scans.
type Description struct {
	ARN, ID string
	// KeyNames are the names of the primary key's attributes: the partition key, then the sort key if there is one.
	KeyNames []string
	// Bytes is the size of the table or index that is scanned, and Items its number of items. DynamoDB updates them about every six
	// hours.
	Bytes, Items int64
	// TableBytes is the size of the table, also if an index is scanned.
	TableBytes int64
	// BillingMode is PROVISIONED or PAY_PER_REQUEST.
	BillingMode types.BillingMode
	// ReadUnits is how many read units a second are available, 0 if the service does not say.
	ReadUnits float64
	// Index is the definition of the index that is scanned, "" for the table itself.
	Index string
}

// Describe describes the table, or the index that scan names.
//
// It fails with TableNotFound, TableNotReady, TableInOtherAccount, IndexNotFound or AccessDenied, and with InvalidRequest if scan
// asks the index for something that it does not support.
func Describe(ctx context.Context, client *dynamodb.Client, table request.Table, scan request.Scan) (Description, error) {
	t, err := describe(ctx, client, table.Name)
	if err != nil {
		return Description{}, err
	}
	arn := aws.ToString(t.TableArn)
	if own, err := request.ParseTable(arn); err == nil && table.Account != "" && own.Account != "" && own.Account != table.Account {
		return Description{}, failure.Errorf(failure.TableInOtherAccount,
			"the ARN names table %q of account %s, but the table found here is of account %s: give sourceRoleArn, a role of account %s that may read the table",
			table.Name, table.Account, own.Account, table.Account)
	}
	if !readable(t.TableStatus) {
		return Description{}, failure.Errorf(failure.TableNotReady, "table %q is %s: it can be read once it is ACTIVE", table.Name, t.TableStatus)
	}
	var warm *int64
	if t.WarmThroughput != nil {
		warm = t.WarmThroughput.ReadUnitsPerSecond
	}
	description := Description{
		ARN: arn, ID: aws.ToString(t.TableId), Bytes: aws.ToInt64(t.TableSizeBytes), Items: aws.ToInt64(t.ItemCount),
		TableBytes: aws.ToInt64(t.TableSizeBytes), BillingMode: billingMode(t),
		ReadUnits: readUnits(t.ProvisionedThroughput, t.OnDemandThroughput, warm),
	}
	for _, key := range t.KeySchema {
		description.KeyNames = append(description.KeyNames, aws.ToString(key.AttributeName))
	}
	if scan.IndexName != "" {
		if err := describeIndex(&description, t, scan); err != nil {
			return Description{}, err
		}
	}
	return description, nil
}

// billingMode returns the billing mode of a table. DynamoDB does not name that of a table which has always had provisioned capacity.
func billingMode(t *types.TableDescription) types.BillingMode {
	if t.BillingModeSummary == nil || t.BillingModeSummary.BillingMode == "" {
		return types.BillingModeProvisioned
	}
	return t.BillingModeSummary.BillingMode
}

func describe(ctx context.Context, client *dynamodb.Client, name string, options ...func(*dynamodb.Options)) (*types.TableDescription, error) {
	answer, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name}, options...)
	if err != nil {
		return nil, Named(err, "dynamodb:DescribeTable", name, client.Options().Region)
	}
	if answer.Table == nil {
		return nil, failure.Errorf(failure.MalformedAnswer, "describe table %q: the answer describes no table", name)
	}
	return answer.Table, nil
}

func readable(status types.TableStatus) bool {
	return status == types.TableStatusActive || status == types.TableStatusUpdating
}

// describeIndex replaces the table's size and capacity by the index's. A local index shares the table's capacity.
func describeIndex(description *Description, t *types.TableDescription, scan request.Scan) error {
	var names []string
	for _, index := range t.LocalSecondaryIndexes {
		names = append(names, aws.ToString(index.IndexName))
		if aws.ToString(index.IndexName) == scan.IndexName {
			description.Bytes, description.Items = aws.ToInt64(index.IndexSizeBytes), aws.ToInt64(index.ItemCount)
			description.Index = definition(t, index.KeySchema, index.Projection)
			return nil
		}
	}
	for _, index := range t.GlobalSecondaryIndexes {
		names = append(names, aws.ToString(index.IndexName))
		if aws.ToString(index.IndexName) != scan.IndexName {
			continue
		}
		if index.IndexStatus != types.IndexStatusActive && index.IndexStatus != types.IndexStatusUpdating {
			return failure.Errorf(failure.TableNotReady, "index %q of table %q is %s: it can be read once it is ACTIVE",
				scan.IndexName, aws.ToString(t.TableName), index.IndexStatus)
		}
		if aws.ToBool(scan.ConsistentRead) {
			return problem.List{{
				Path: "scan.ConsistentRead", Got: "true",
				Want: "false: " + scan.IndexName + " is a global secondary index, which has only eventually consistent reads",
			}}.Err()
		}
		description.Bytes, description.Items = aws.ToInt64(index.IndexSizeBytes), aws.ToInt64(index.ItemCount)
		description.Index = definition(t, index.KeySchema, index.Projection)
		var warm *int64
		if index.WarmThroughput != nil {
			warm = index.WarmThroughput.ReadUnitsPerSecond
		}
		description.ReadUnits = readUnits(index.ProvisionedThroughput, index.OnDemandThroughput, warm)
		return nil
	}
	has := "it has none"
	if len(names) > 0 {
		slices.Sort(names)
		has = "it has " + strings.Join(names, ", ")
	}
	return failure.Errorf(failure.IndexNotFound, "table %q has no index %q: %s", aws.ToString(t.TableName), scan.IndexName, has)
}

// readUnits returns the capacity that applies: the provisioned one, else the on-demand maximum, else the warm throughput.
func readUnits(provisioned *types.ProvisionedThroughputDescription, onDemand *types.OnDemandThroughput, warm *int64) float64 {
	if provisioned != nil && aws.ToInt64(provisioned.ReadCapacityUnits) > 0 {
		return float64(*provisioned.ReadCapacityUnits)
	}
	if onDemand != nil && aws.ToInt64(onDemand.MaxReadRequestUnits) > 0 { // -1 means no maximum
		return float64(*onDemand.MaxReadRequestUnits)
	}
	return float64(aws.ToInt64(warm))
}

// what returns words for a table, and for its index if there is one.
func what(table, index string) string {
	if index == "" {
		return fmt.Sprintf("table %q", table)
	}
	return fmt.Sprintf("index %q of table %q", index, table)
}
