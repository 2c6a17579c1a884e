package verify_test

import (
	"bytes"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// begin is the time of the full exports. Windows take an hour.
var begin = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func hour(n int) *time.Time {
	at := begin.Add(time.Duration(n) * time.Hour)
	return &at
}

// table creates a table with a partition and a sort key, and with the given items, each as "<p> <s> <value>".
func table(t *testing.T, items ...string) string {
	t.Helper()
	attribute := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: kind}
	}
	name := testservers.Table(t, &dynamodb.CreateTableInput{
		BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("p"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("s"), KeyType: types.KeyTypeRange},
		},
		AttributeDefinitions: []types.AttributeDefinition{attribute("p", types.ScalarAttributeTypeS), attribute("s", types.ScalarAttributeTypeN)},
	})
	for _, words := range items {
		w := strings.Fields(words)
		item := verify.Item{
			"p": &types.AttributeValueMemberS{Value: w[0]}, "s": &types.AttributeValueMemberN{Value: w[1]},
			"v": &types.AttributeValueMemberSS{Value: []string{w[2], "x"}},
		}
		if _, err := testservers.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func keysOf(words string) string {
	w := strings.Fields(words)
	return fmt.Sprintf(`{"p":{"S":%q},"s":{"N":%q}}`, w[0], w[1])
}

// image is an item in DynamoDB JSON. Its set is in another order than the table's.
func image(words string) string {
	return strings.TrimSuffix(keysOf(words), "}") + fmt.Sprintf(`,"v":{"SS":["x",%q]}}`, strings.Fields(words)[2])
}

func full(words string) string { return `{"Item":` + image(words) + `}` }

// changed is a line of an incremental export, written the given minutes after begin. An empty image is left out.
func changed(minute int, old, new string) string {
	line := fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":%s`, begin.Add(time.Duration(minute)*time.Minute).UnixMicro(), keysOf(old+" "+new))
	if old != "" {
		line += `,"OldImage":` + image(old)
	}
	if new != "" {
		line += `,"NewImage":` + image(new)
	}
	return line + "}"
}

// An export is what a test writes to a bucket.
type export struct {
	run.ExportedWindow
	view  string
	lines [][]string // by object
	wrong string     // the part that is wrong, if any
}

func ofFull(lines ...[]string) export {
	return export{ExportedWindow: run.ExportedWindow{ExportType: request.ExportFull, ExportTime: &begin}, lines: lines}
}

func ofHour(n int, lines ...[]string) export {
	return export{
		ExportedWindow: run.ExportedWindow{ExportType: request.ExportIncremental, From: hour(n), To: hour(n + 1)},
		view:           "NEW_AND_OLD_IMAGES", lines: lines,
	}
}

// write writes an export as DynamoDB lays it out, and returns what a run's result says of it.
func (e export) write(t *testing.T, bucket, id string) run.ExportedWindow {
	t.Helper()
	var files strings.Builder
	for i, lines := range e.lines {
		text := strings.Join(lines, "\n") + "\n"
		var stored bytes.Buffer
		zip := gzip.NewWriter(&stored)
		_, err := zip.Write([]byte(text))
		if err == nil {
			err = zip.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		sum, count := md5.Sum(stored.Bytes()), len(lines) //nolint:gosec // see the import
		switch e.wrong {
		case "MD5":
			sum[0]++
		case "itemCount":
			count++
		}
		key := fmt.Sprintf("AWSDynamoDB/data/%s-%d.json.gz", id, i)
		put(t, bucket, key, stored.Bytes())
		fmt.Fprintf(&files, `{"itemCount":%d,"md5Checksum":%q,"etag":"e","dataFileS3Key":%q}`+"\n", count, base64.StdEncoding.EncodeToString(sum[:]), key)
		e.Items += int64(len(lines))
		e.Objects++
	}
	e.ExportARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/export/" + id
	root := "AWSDynamoDB/" + id
	arn := e.ExportARN
	if e.wrong == "exportArn" {
		arn += "x"
	}
	put(t, bucket, root+"/manifest-files.json", []byte(files.String()))
	put(t, bucket, root+"/manifest-summary.json", fmt.Appendf(nil,
		`{"exportArn":%q,"itemCount":%d,"manifestFilesS3Key":"%s/manifest-files.json","outputView":%q}`, arn, e.Items, root, e.view))
	e.Manifest = "s3://" + bucket + "/" + root + "/manifest-summary.json"
	if e.wrong == "result" {
		e.Items++
	}
	return e.ExportedWindow
}

func put(t *testing.T, bucket, key string, body []byte) {
	t.Helper()
	if _, err := testservers.S3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

// replay replays runs of one export each.
func replay(t *testing.T, table string, exports ...export) (verify.Report, error) {
	t.Helper()
	bucket := testservers.Bucket(t)
	var results []run.Result
	for i, e := range exports {
		results = append(results, run.Result{
			Mode: request.ModeExport, Table: table, Bucket: bucket, RunID: fmt.Sprint(i),
			Exports: []run.ExportedWindow{e.write(t, bucket, fmt.Sprintf("%02d-a", i))},
		})
	}
	return verify.Replay(t.Context(), testservers.DynamoDB(), testservers.S3(), results...)
}

func TestReplayMakesTheTableOfItsExports(t *testing.T) {
	t.Parallel()
	orders := table(t, "a 1 kept", "a 2 new", "c 1 back", "d 1 born")
	first := ofFull([]string{full("a 1 kept"), full("a 2 old")}, []string{full("b 1 doomed"), full("c 1 doomed")})
	second := ofHour(0, []string{changed(0, "a 2 old", "a 2 mid"), changed(1, "b 1 doomed", ""), changed(59, "c 1 doomed", "")})
	third := ofHour(1, []string{changed(60, "a 2 mid", "a 2 new")}, []string{changed(61, "", "c 1 back"), changed(62, "", "d 1 born")})
	report, err := replay(t, orders, first, second, third)
	if want := (verify.Report{Items: 4, Objects: 5, Changes: 6}); err != nil || report != want {
		t.Errorf("got %+v, %v, want %+v", report, err, want)
	}

	t.Run("without old images", func(t *testing.T) {
		t.Parallel()
		bare := ofHour(0, []string{changed(0, "", "a 2 new"), changed(1, "b 1 doomed", ""), changed(2, "", "c 1 back"), changed(3, "", "d 1 born")})
		bare.view, bare.lines[0][1] = "NEW_IMAGE", `{"Metadata":{"WriteTimestampMicros":{"N":"`+fmt.Sprint(begin.UnixMicro())+`"}},"Keys":`+keysOf("b 1")+`}`
		if _, err := replay(t, orders, first, bare); err != nil {
			t.Error(err)
		}
	})
	t.Run("from a later full one on", func(t *testing.T) {
		t.Parallel()
		anew := ofFull([]string{full("a 1 kept"), full("a 2 new"), full("c 1 back"), full("d 1 born")})
		anew.ExportTime = hour(9)
		if _, err := replay(t, orders, first, anew, ofHour(9)); err != nil {
			t.Error(err)
		}
	})
}

func TestReplayFailsAtTheFirstFault(t *testing.T) {
	t.Parallel()
	orders := table(t, "a 1 v", "a 2 w")
	both := []string{full("a 1 v"), full("a 2 w")}
	change := func(lines ...string) []export { return []export{ofFull(both), ofHour(0, lines)} }
	with := func(e export, mend func(*export)) export {
		mend(&e)
		return e
	}
	for _, test := range []struct {
		name    string
		exports []export
		says    string
	}{
		{"no run", nil, "there is no run to replay"},
		{"an item that is missing", []export{ofFull(both[:1])}, `1 items of the table are missing, such as the one with key p="a" s=2`},
		{"an item too many", []export{ofFull(both, []string{full("a 3 x")})}, `the item with key p="a" s=3 is not in the table`},
		{"an item that differs", []export{ofFull([]string{full("a 1 v"), full("a 2 u")})}, `the item with key p="a" s=2 differs from the table's`},
		{"an item twice", []export{ofFull(both, both[1:])}, `p="a" s=2 was written twice`},
		{"no full export", []export{ofHour(0, both)}, "it is incremental, and no full export comes before it"},
		{"a gap", []export{ofFull(both), ofHour(1)}, "its window begins at 2026-11-21T13:00:00Z, the export before it ends at 2026-11-21T12:00:00Z"},
		{"an overlap", []export{ofFull(both), ofHour(0), ofHour(0)}, "its window begins at 2026-11-21T12:00:00Z, the export before it ends at 2026-11-21T13:00:00Z"},
		{"no time", []export{with(ofFull(both), func(e *export) { e.ExportTime = nil })}, "it has no exportTime"},
		{"no window", []export{ofFull(both), with(ofHour(0), func(e *export) { e.To = nil })}, "it has no window"},
		{"no type", []export{with(ofFull(both), func(e *export) { e.ExportType = "" })}, `it is "", neither full nor incremental`},
		{"a change twice", change(changed(1, "a 1 v", "a 1 v"), changed(2, "a 1 v", "a 1 v")), `p="a" s=1 was written twice`},
		{"a change before its window", change(changed(-1, "a 1 v", "a 1 v")), `was changed at 2026-11-21T11:59:00Z, the window is`},
		{"a change at its end", change(changed(60, "a 1 v", "a 1 v")), `was changed at 2026-11-21T13:00:00Z, the window is`},
		{"a change without a time", change(`{"Keys":` + keysOf("a 1") + `}`), "WriteTimestampMicros: "},
		{"a wrong old image", change(changed(1, "a 1 u", "a 1 v")), `p="a" s=1 has an old image that differs from`},
		{"an old image of an unknown item", change(changed(1, "a 9 u", "")), `p="a" s=9 has an old image that differs from`},
		{"an old image that is missing", change(changed(1, "", "a 1 v")), `p="a" s=1 has no old image, and the exports before have the item`},
		{"an old image too many", []export{ofFull(both), with(ofHour(0, []string{changed(1, "a 1 v", "a 1 v")}), func(e *export) { e.view = "NEW_IMAGE" })}, "the export has 1 old images and should have none"},
		{"an image of another key", change(strings.Replace(changed(1, "", "a 3 v"), `"s":{"N":"3"}`, `"s":{"N":"4"}`, 1)), `p="a" s=4 has a new image with key p="a" s=3`},
		{"a change that was not made", change(changed(1, "a 1 v", "")), `1 items of the table are missing, such as the one with key p="a" s=1`},
		{"a line that is not JSON", []export{ofFull([]string{"{"})}, "line 1: "},
		{"an MD5", []export{with(ofFull(both), func(e *export) { e.wrong = "MD5" })}, "has MD5 "},
		{"a file's itemCount", []export{with(ofFull(both), func(e *export) { e.wrong = "itemCount" })}, "has 2 lines, the manifest says 3 items"},
		{"the manifest of another export", []export{with(ofFull(both), func(e *export) { e.wrong = "exportArn" })}, "its manifest is of export "},
		{"the counts of the result", []export{with(ofFull(both), func(e *export) { e.wrong = "result" })}, "names 2 items in 1 objects, the run's result says 3 in 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := replay(t, orders, test.exports...)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want … %s …", err, test.says)
			}
		})
	}
}

func TestReplayTakesExportsOnly(t *testing.T) {
	t.Parallel()
	orders := table(t)
	for _, test := range []struct {
		result run.Result
		says   string
	}{
		{run.Result{RunID: "r", Mode: request.ModeScan, Table: orders}, "run r is a SCAN of table " + orders},
		{run.Result{RunID: "r", Mode: request.ModeExport, Table: orders, Reason: "too soon"}, "the runs have no exports"},
	} {
		if _, err := verify.Replay(t.Context(), testservers.DynamoDB(), testservers.S3(), test.result); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("replay: got %v, want %s", err, test.says)
		}
	}
}
