package exports_test

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestFullExportIsTheTable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := testservers.Orders(t, 300)
	first := f.export(f.full(table)) // the baseline alone
	f.same("the baseline", f.state(first, "orderId"), f.table(table, "orderId"))
	before := f.table(table, "orderId")

	f.Advance(time.Hour)
	_, err := f.db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, Key: item{"orderId": text("order-00000001")}, UpdateExpression: aws.String("SET seen = :n, note = :s"),
		ExpressionAttributeValues: item{":n": number("12345678901234567890.123456789"), ":s": text("<a> & \u2028 \"b\"\n")},
	})
	f.ok(err)
	_, err = f.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: item{"orderId": text("order-00000002")}})
	f.ok(err)
	f.Advance(time.Hour)

	f.same("the state of now", f.state(f.export(f.full(table)), "orderId"), f.table(table, "orderId"))
	f.same("the state at noon", f.state(f.export(f.full(table, noon)), "orderId"), before)
	f.same("the state just before the writes", f.state(f.export(f.full(table, noon.Add(time.Hour-time.Millisecond))), "orderId"), before)
	f.same("the state at the time of the writes", f.state(f.export(f.full(table, noon.Add(time.Hour))), "orderId"), f.table(table, "orderId"))
	f.same("the state before the log began", f.state(f.export(f.full(table, noon.AddDate(0, 0, -30))), "orderId"), before)
}

func TestWhatAFullExportWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	_, err := f.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item{"id": text("a <é>")}})
	f.ok(err)
	in := f.full(table)
	in.ClientToken, in.S3SseAlgorithm, in.S3SseKmsKeyId = aws.String("token"), types.S3SseAlgorithmKms, aws.String("alias/lake")
	f.Advance(1500 * time.Millisecond)
	d := f.export(in)

	at := noon.Add(1500 * time.Millisecond)
	id := path.Base(*d.ExportArn)
	if !regexp.MustCompile(`^` + regexp.QuoteMeta(*f.arn(table)) + fmt.Sprintf(`/export/0%d-[0-9a-f]{8}$`, at.UnixMilli())).MatchString(*d.ExportArn) {
		t.Errorf("the ARN is %s", *d.ExportArn)
	}
	lines := f.lines(d)
	if diff := cmp.Diff([]string{`{"Item":{"id":{"S":"a <é>"}}}` + "\n"}, lines); diff != "" {
		t.Error(diff)
	}
	size := int64(len(lines[0]))
	want := &types.ExportDescription{
		ExportArn: d.ExportArn, ExportStatus: types.ExportStatusCompleted, TableArn: f.arn(table), TableId: d.TableId,
		StartTime: &at, EndTime: &at, ExportTime: &at, ExportFormat: types.ExportFormatDynamodbJson,
		ExportManifest: aws.String("raw/AWSDynamoDB/" + id + "/manifest-summary.json"), ClientToken: in.ClientToken,
		S3Bucket: &f.bucket, S3Prefix: aws.String("raw"), S3SseAlgorithm: types.S3SseAlgorithmKms, S3SseKmsKeyId: in.S3SseKmsKeyId,
		ItemCount: aws.Int64(1), BilledSizeBytes: &size,
	}
	if diff := cmp.Diff(want, d, ignoreSerde); diff != "" {
		t.Errorf("the description (-want +got):\n%s", diff)
	}
	var summary map[string]any
	f.ok(json.Unmarshal(f.object(*d.ExportManifest), &summary))
	if diff := cmp.Diff(map[string]any{
		"version": "2020-06-30", "exportArn": *d.ExportArn, "startTime": "2026-03-01T12:00:01.500Z", "endTime": "2026-03-01T12:00:01.500Z",
		"tableArn": *d.TableArn, "tableId": *d.TableId, "exportTime": "2026-03-01T12:00:01.500Z", "s3Bucket": f.bucket, "s3Prefix": "raw",
		"s3SseAlgorithm": "KMS", "s3SseKmsKeyId": "alias/lake", "manifestFilesS3Key": "raw/AWSDynamoDB/" + id + "/manifest-files.json",
		"billedSizeBytes": float64(size), "itemCount": 1.0, "outputFormat": "DYNAMODB_JSON",
	}, summary); diff != "" {
		t.Errorf("the summary (-want +got):\n%s", diff)
	}
	if keys := testservers.Keys(t, f.bucket, root(d)+"/data/"); len(keys) != 4 {
		t.Errorf("the data files are %v", keys)
	}
	if body := f.object(root(d) + "/_started"); len(body) != 0 {
		t.Errorf("_started holds %q", body)
	}
	if keys := testservers.Keys(t, f.bucket, ""); len(keys) != 4+1+2*3 {
		t.Errorf("the objects are %v", keys)
	}
}

func TestIncrementalExport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	table := f.things()
	for _, id := range []string{"changed", "deleted", "kept", "restored"} {
		f.put(table, id, "old")
	}
	from := noon.Add(time.Hour)
	to := from.Add(time.Hour)
	f.Advance(time.Hour - time.Millisecond)
	f.put(table, "just before from", "1")
	f.Advance(time.Millisecond)
	f.put(table, "at from", "1") // inclusive
	f.put(table, "changed", "between")
	f.Advance(time.Minute)
	f.put(table, "changed", "new")
	f.delete(table, "deleted")
	f.put(table, "come and gone", "1")
	f.delete(table, "come and gone")
	f.delete(table, "never there")
	f.delete(table, "restored")
	f.Advance(time.Minute)
	f.put(table, "restored", "old")
	f.Advance(58*time.Minute - time.Millisecond)
	f.put(table, "just before to", "1")
	f.Advance(time.Millisecond)
	f.put(table, "at to", "1") // exclusive
	f.put(table, "changed", "later")
	f.Advance(time.Hour)

	line := func(at time.Time, id, old, new string) string {
		image := func(name, value string) string {
			if value == "" {
				return ""
			}
			return fmt.Sprintf(`,"%s":{"id":{"S":"%s"},"v":{"S":"%s"}}`, name, id, value)
		}
		return fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":{"id":{"S":"%s"}}%s%s}`+"\n", at.UnixMicro(), id, image("OldImage", old), image("NewImage", new))
	}
	minute := func(n int) time.Time { return from.Add(time.Duration(n) * time.Minute) }
	both := f.export(f.window(table, from, to))
	for _, raw := range f.lines(both) {
		if !strings.HasPrefix(raw, `{"Metadata":{"WriteTimestampMicros":{"N":"177237`) || !strings.Contains(raw, `"}},"Keys":{"id":{"S":"`) {
			t.Errorf("a line is %s", raw)
		}
	}
	if diff := cmp.Diff(f.sorted([]string{
		line(from, "at from", "", "1"), line(minute(1), "changed", "old", "new"), line(minute(1), "deleted", "old", ""),
		line(minute(2), "restored", "old", "old"), line(to.Add(-time.Millisecond), "just before to", "", "1"),
	}), f.sorted(f.lines(both))); diff != "" {
		t.Errorf("both images (-want +got):\n%s", diff)
	}
	in := f.window(table, from, to)
	in.IncrementalExportSpecification.ExportViewType = types.ExportViewTypeNewImage
	only := f.export(in)
	if diff := cmp.Diff(f.sorted([]string{
		line(from, "at from", "", "1"), line(minute(1), "changed", "", "new"), line(minute(1), "deleted", "", ""),
		line(minute(2), "restored", "", "old"), line(to.Add(-time.Millisecond), "just before to", "", "1"),
	}), f.sorted(f.lines(only))); diff != "" {
		t.Errorf("new images (-want +got):\n%s", diff)
	}

	if both.ExportType != types.ExportTypeIncrementalExport || both.ExportTime != nil ||
		!both.IncrementalExportSpecification.ExportFromTime.Equal(from) || !both.IncrementalExportSpecification.ExportToTime.Equal(to) ||
		both.IncrementalExportSpecification.ExportViewType != types.ExportViewTypeNewAndOldImages {
		t.Errorf("the description is %+v", both)
	}
	var summary map[string]any
	f.ok(json.Unmarshal(f.object(*both.ExportManifest), &summary))
	size := summary["billedSizeBytes"].(float64)
	if diff := cmp.Diff(map[string]any{
		"version": "2023-08-01", "exportArn": *both.ExportArn, "startTime": "2026-03-01T15:00:00.000Z", "endTime": "2026-03-01T15:00:00.000Z",
		"tableArn": *both.TableArn, "tableId": *both.TableId, "exportFromTime": "2026-03-01T13:00:00.000Z", "exportToTime": "2026-03-01T14:00:00.000Z",
		"s3Bucket": f.bucket, "s3Prefix": "raw", "s3SseAlgorithm": "AES256", "s3SseKmsKeyId": nil,
		"manifestFilesS3Key": root(both) + "/manifest-files.json", "billedSizeBytes": size, "itemCount": 5.0,
		"outputFormat": "DYNAMODB_JSON", "outputView": "NEW_AND_OLD_IMAGES", "exportType": "INCREMENTAL_EXPORT",
	}, summary); diff != "" {
		t.Errorf("the summary (-want +got):\n%s", diff)
	}
	if shared, own := testservers.Keys(t, f.bucket, "raw/AWSDynamoDB/data/"), testservers.Keys(t, f.bucket, root(both)+"/data/"); len(shared) != 8 || len(own) > 0 {
		t.Errorf("the data of two incremental exports is in %v and %v", shared, own)
	}
}

func TestFullAndIncrementalExportsReplayToTheTable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	keys := []string{"place", "n"}
	table := testservers.Table(t, &dynamodb.CreateTableInput{
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("place"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("n"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("place"), AttributeType: types.ScalarAttributeTypeB}, {AttributeName: aws.String("n"), AttributeType: types.ScalarAttributeTypeN},
		},
	})
	key := func(n int) item { // one number in several spellings
		spelling := []string{"%d", "%d.0", "0%d", "%d.00E0"}[n%4]
		return item{"place": &types.AttributeValueMemberB{Value: []byte{0, byte(n % 3), 255}}, "n": number(fmt.Sprintf(spelling, n%10))}
	}
	with := func(n int, value string) item {
		all := key(n)
		all["v"] = text(value)
		return all
	}
	write := func(round int) {
		for n := range 12 {
			put := types.WriteRequest{PutRequest: &types.PutRequest{Item: with(n*(round+1), fmt.Sprint("put in ", round))}}
			remove := types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key(n*3 + round + 1)}}
			for _, requests := range [][]types.WriteRequest{{put}, {remove}} {
				_, err := f.db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}})
				f.ok(err)
			}
			_, err := f.db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: &table, Key: key(n * 5), UpdateExpression: aws.String("ADD c :one"), ExpressionAttributeValues: item{":one": number("1")},
			})
			f.ok(err)
			f.Advance(90 * time.Second)
		}
	}
	write(0)
	start := f.Now().Truncate(time.Second)
	state := f.state(f.export(f.full(table, start.Add(-5*time.Minute))), keys...)
	at := start.Add(-5 * time.Minute)
	for round := range 4 {
		write(round + 1)
		to := f.Now().Add(-5 * time.Minute)
		if round == 3 {
			f.Advance(15 * time.Minute)
			to = f.Now().Add(-5 * time.Minute)
		}
		f.replay(state, f.export(f.window(table, at, to)), keys...)
		f.same(fmt.Sprintf("the state after round %d", round), state, f.state(f.export(f.full(table, to.Add(-time.Millisecond))), keys...))
		at = to
	}
	f.same("the state in the end", state, f.table(table, keys...))
	if len(state) < 5 {
		t.Errorf("the end has %d items: this proves nothing", len(state))
	}
}
