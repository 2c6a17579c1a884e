package exports_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/exports"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// Reads return the bytes of the backend. The SDK checks the CRC-32 of each answer.
func TestReadsPassThrough(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	for i := range 15 {
		f.put(table, fmt.Sprint(i), strings.Repeat("é", 100_000))
	}
	state := map[string]item{}
	pages := dynamodb.NewScanPaginator(f.db, &dynamodb.ScanInput{TableName: &table})
	n := 0
	for ; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		f.ok(err)
		for _, image := range page.Items {
			state[identity(image)] = image
		}
	}
	if len(state) != 15 || n < 2 {
		t.Errorf("%d items in %d pages of 1 MB", len(state), n)
	}
	f.same("the scan", state, f.table(table))

	get := func(url string) (crc string, body []byte) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"TableName":"`+table+`","Key":{"id":{"S":"1"}}}`))
		f.ok(err)
		request.Header.Set("Content-Type", "application/x-amz-json-1.0")
		request.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
		request.Header.Set("X-Amz-Date", "20260301T120000Z")
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c")
		answer, err := http.DefaultClient.Do(request)
		f.ok(err)
		defer answer.Body.Close()
		body, err = io.ReadAll(answer.Body)
		f.ok(err)
		return answer.Header.Get("X-Amz-Crc32"), body
	}
	read, _ := testservers.Configs()
	through, body := get(f.URL)
	if direct, want := get(*read.BaseEndpoint); through == "" || through != direct || !bytes.Equal(body, want) {
		t.Errorf("through the server: %s %.99s\ndirectly: %s %.99s", through, body, direct, want)
	}
}

func TestRefusedWritesAreNotLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	f.put(table, "a", "1")
	f.Advance(time.Hour)
	_, err := f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: thing("a", "2"), ConditionExpression: aws.String("attribute_not_exists(id)")})
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); !ok {
		t.Errorf("a condition that does not hold: %v", err)
	}
	_, err = f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("no-such-table"), Item: thing("a", "2")})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("no such table: %v", err)
	}
	if _, err = f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item{"v": text("1")}}); code(err) != "ValidationException" {
		t.Errorf("an item without a key: %v", err)
	}
	f.Refuse("PutItem", "ProvisionedThroughputExceededException", "slow down", 1)
	_, err = f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: thing("a", "2")}, once)
	if _, ok := errors.AsType[*types.ProvisionedThroughputExceededException](err); !ok {
		t.Errorf("a throttled write: %v", err)
	}
	f.Advance(time.Hour)
	if lines := f.lines(f.export(f.window(table, noon.Add(time.Hour), noon.Add(90*time.Minute)))); len(lines) > 0 {
		t.Errorf("logged: %v", lines)
	}
}

func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	in := f.full(table)
	in.ClientToken = aws.String("one")
	for _, exception := range []string{"ThrottlingException", "LimitExceededException", "InternalServerError", "AccessDeniedException"} {
		f.Refuse("ExportTableToPointInTime", exception, "not now", 1)
		_, err := f.db.ExportTableToPointInTime(t.Context(), in, once)
		if code(err) != exception || !strings.Contains(err.Error(), "not now") {
			t.Errorf("%s: %v", exception, err)
		}
	}
	f.Refuse("DescribeExport", "ThrottlingException", "Rate exceeded", 2)
	if d := f.export(in); d.ExportStatus != types.ExportStatusCompleted { // the SDK tries again
		t.Errorf("throttled twice: %+v", d)
	}
	if n, started := len(f.Requests()), len(f.Exports()); n != 5 || started != 1 {
		t.Errorf("%d requests started %d exports", n, started)
	}
}

func TestConcurrentWritersAreLoggedInTheirOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *exports.Options) { o.Now = nil })
	table := f.things()
	group, ctx := errgroup.WithContext(t.Context())
	for writer := range 8 {
		group.Go(func() error {
			for i := range 20 {
				key := item{"id": text(fmt.Sprint(i % 3))}
				_, err := f.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
					TableName: &table, Key: key, UpdateExpression: aws.String("ADD n :one SET v = :v"),
					ExpressionAttributeValues: item{":one": number("1"), ":v": text(fmt.Sprint(writer))},
				})
				if err != nil {
					return err
				}
				if writer == 0 && i%5 == 0 {
					if _, err := f.db.ExportTableToPointInTime(ctx, f.full(table)); err != nil {
						return err
					}
				}
				if writer == 1 {
					if _, err := f.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	f.ok(group.Wait())
	f.same("the state in the end", f.state(f.export(f.full(table))), f.table(table))
}

// If a client leaves in the middle of a request, the server goes on, and the log has what the client has written.
func TestClientsThatGoAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	for range 5 {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(f.URL, "http://"))
		f.ok(err)
		_, err = connection.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Length: 100\r\n\r\n{"))
		f.ok(err)
		f.ok(connection.Close())
	}
	group := new(errgroup.Group)
	for i := range 40 {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
			defer cancel()
			_, err := f.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: thing(fmt.Sprint(i), "1")}, once)
			if err != nil && ctx.Err() == nil {
				return err
			}
			_, err = f.db.Scan(ctx, &dynamodb.ScanInput{TableName: &table}, once)
			if err != nil && ctx.Err() == nil {
				return err
			}
			return nil
		})
	}
	f.ok(group.Wait())
	f.put(table, "last", "1") // after all writes: they have one lock
	f.same("the state in the end", f.state(f.export(f.full(table))), f.table(table))
}
