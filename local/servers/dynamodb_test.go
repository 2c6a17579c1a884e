package servers_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/servers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The first table can have a given id. A table that is created after it has another one, even under the same name.
func TestTableIDOfTheFirstTable(t *testing.T) {
	t.Parallel()
	config := testConfig(t)
	config.TableID = "00000000-1111-2222-3333-444444444444"
	server := start(t, servers.StartDynamoDB, config)
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server)})
	var ids []string
	for _, name := range []string{"orders", "others"} {
		_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		})
		if err != nil {
			t.Fatal(err)
		}
		described, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, aws.ToString(described.Table.TableId))
	}
	if ids[0] != config.TableID || ids[1] == config.TableID || ids[1] == "" {
		t.Errorf("got %q", ids)
	}
}

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	server := start(t, servers.StartDynamoDB, testConfig(t))
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server)})
	ctx := t.Context()
	table, id := aws.String("orders"), aws.String("id")
	created, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            table,
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: id, AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: id, KeyType: dynamodbtypes.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if arn := aws.ToString(created.TableDescription.TableArn); !strings.Contains(arn, ":"+servers.Region+":") {
		t.Errorf("the table is %s, want it in %s", arn, servers.Region)
	}
	item := map[string]dynamodbtypes.AttributeValue{"id": &dynamodbtypes.AttributeValueMemberS{Value: "1"}}
	if err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Millisecond }).
		Wait(ctx, &dynamodb.DescribeTableInput{TableName: table}, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: item}); err != nil {
		t.Fatal(err)
	}
	scanned, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table})
	if err != nil || len(scanned.Items) != 1 {
		t.Errorf("scanned %v, %v", scanned, err)
	}

	// dynalite divides 4,096 ranges of hashes. With more segments than ranges, each item is still in one segment.
	const total = 5000
	held := 0
	for segment := range int32(total) {
		if held > 0 && segment < total-10 { // found; the last segments must not hold the item again
			continue
		}
		scanned, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table, TotalSegments: aws.Int32(total), Segment: &segment})
		if err != nil {
			t.Fatal(err)
		}
		held += len(scanned.Items)
	}
	if held != 1 {
		t.Errorf("%d segments have the item", held)
	}
}

// The server goes on if a client ends in the middle of a request.
func TestDynamoDBOutlivesItsClients(t *testing.T) {
	t.Parallel()
	server := start(t, servers.StartDynamoDB, testConfig(t))
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &server.URL, Region: servers.Region, Credentials: account(server)})
	for range 5 {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")); err != nil {
			t.Fatal(err)
		}
		if err := connection.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ListTables(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
}
