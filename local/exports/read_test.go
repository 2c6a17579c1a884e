package exports_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // the checksum that manifests have
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// lines reads an export as its readers would: from the summary to the data files. It checks all sums on the way.
func (b *bed) lines(d *types.ExportDescription) []string {
	b.Helper()
	if d.ExportStatus != types.ExportStatusCompleted {
		b.Fatalf("export %s: %s %s", d.ExportStatus, aws.ToString(d.FailureCode), aws.ToString(d.FailureMessage))
	}
	var summary struct {
		ManifestFilesS3Key string
		ItemCount          int64
	}
	b.ok(json.Unmarshal(b.checked(*d.ExportManifest), &summary))
	var lines []string
	files := bufio.NewScanner(bytes.NewReader(b.checked(summary.ManifestFilesS3Key)))
	for files.Scan() {
		var file struct {
			ItemCount                        int
			MD5Checksum, ETag, DataFileS3Key string
		}
		b.ok(json.Unmarshal(files.Bytes(), &file))
		stored := b.object(file.DataFileS3Key)
		if sum(stored) != file.MD5Checksum || file.ETag == "" || strings.Contains(file.ETag, `"`) {
			b.Errorf("%+v: the MD5 is %s", file, sum(stored))
		}
		plain, err := gzip.NewReader(bytes.NewReader(stored))
		b.ok(err)
		all, err := io.ReadAll(plain)
		b.ok(err)
		found := slices.Collect(strings.Lines(string(all)))
		if len(found) != file.ItemCount {
			b.Errorf("%+v has %d lines", file, len(found))
		}
		lines = append(lines, found...)
	}
	if n := int64(len(lines)); n != summary.ItemCount || n != aws.ToInt64(d.ItemCount) {
		b.Errorf("%d lines, the summary says %d, the description %d", n, summary.ItemCount, aws.ToInt64(d.ItemCount))
	}
	slices.Sort(lines)
	return lines
}

// checked reads a manifest and checks it against both of its sums.
func (b *bed) checked(key string) []byte {
	b.Helper()
	body := b.object(key)
	for _, extension := range []string{".checksum", ".md5"} {
		if got := string(b.object(strings.TrimSuffix(key, ".json") + extension)); got != sum(body) {
			b.Errorf("%s: %s has %s, want %s", key, extension, got, sum(body))
		}
	}
	return body
}

func sum(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

// sorted writes lines with the members of each object in order: the SDK sends attributes in any.
func (b *bed) sorted(lines []string) []string {
	b.Helper()
	var all []string
	for _, line := range lines {
		var value any
		b.ok(json.Unmarshal([]byte(line), &value))
		text, err := json.Marshal(value)
		b.ok(err)
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

// state reads a full export.
func (b *bed) state(d *types.ExportDescription, keys ...string) map[string]item {
	b.Helper()
	state := map[string]item{}
	for _, line := range b.lines(d) {
		var record struct{ Item json.RawMessage }
		b.ok(json.Unmarshal([]byte(line), &record))
		image, err := attributevalue.UnmarshalMapJSON(record.Item)
		b.ok(err)
		state[identity(image, keys...)] = image
	}
	if len(state) != int(*d.ItemCount) {
		b.Errorf("%d lines have %d keys", *d.ItemCount, len(state))
	}
	return state
}

// replay applies an incremental export to a state, and checks that the old images are what is in it.
func (b *bed) replay(state map[string]item, d *types.ExportDescription, keys ...string) {
	b.Helper()
	for _, line := range b.lines(d) {
		var record struct{ Keys, OldImage, NewImage json.RawMessage }
		b.ok(json.Unmarshal([]byte(line), &record))
		decode := func(raw json.RawMessage) item {
			if raw == nil {
				return nil
			}
			image, err := attributevalue.UnmarshalMapJSON(raw)
			b.ok(err)
			return image
		}
		id := identity(decode(record.Keys), keys...)
		if diff := cmp.Diff(state[id], decode(record.OldImage), ignoreSerde); diff != "" {
			b.Errorf("%s: OldImage differs from the state (-state +image):\n%s", id, diff)
		}
		if state[id] = decode(record.NewImage); state[id] == nil {
			delete(state, id)
		}
	}
}

// table reads a table past the stand-in.
func (b *bed) table(name string, keys ...string) map[string]item {
	b.Helper()
	state := map[string]item{}
	pages := dynamodb.NewScanPaginator(testservers.DynamoDB(), &dynamodb.ScanInput{TableName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.Context())
		b.ok(err)
		for _, image := range page.Items {
			state[identity(image, keys...)] = image
		}
	}
	return state
}

func identity(image item, keys ...string) string {
	if len(keys) == 0 {
		keys = []string{"id"}
	}
	var id []string
	for _, key := range keys {
		value, err := attributevalue.MarshalMapJSON(item{key: image[key]})
		if err != nil {
			panic(err)
		}
		id = append(id, string(value))
	}
	return strings.Join(id, " ")
}

func (b *bed) same(what string, got, want map[string]item) {
	b.Helper()
	if diff := cmp.Diff(want, got, ignoreSerde); diff != "" {
		b.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// brief is the state of a table of things, as id=value.
func brief(state map[string]item) string {
	var all []string
	for image := range maps.Values(state) {
		all = append(all, fmt.Sprintf("%s=%s", image["id"].(*types.AttributeValueMemberS).Value, image["v"].(*types.AttributeValueMemberS).Value))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func root(d *types.ExportDescription) string { return path.Dir(*d.ExportManifest) }

// ignoreSerde lets attribute values be compared: they have a field of the SDK's that is not exported.
var ignoreSerde = cmp.Exporter(func(reflect.Type) bool { return true })
