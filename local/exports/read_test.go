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

// lines reads an export as any reader does, from the summary to the data files. It checks all checksums.
func (f *fixture) lines(d *types.ExportDescription) []string {
	f.Helper()
	if d.ExportStatus != types.ExportStatusCompleted {
		f.Fatalf("export %s: %s %s", d.ExportStatus, aws.ToString(d.FailureCode), aws.ToString(d.FailureMessage))
	}
	var summary struct {
		ManifestFilesS3Key string
		ItemCount          int64
	}
	f.ok(json.Unmarshal(f.checked(*d.ExportManifest), &summary))
	var lines []string
	files := bufio.NewScanner(bytes.NewReader(f.checked(summary.ManifestFilesS3Key)))
	for files.Scan() {
		var file struct {
			ItemCount                        int
			MD5Checksum, ETag, DataFileS3Key string
		}
		f.ok(json.Unmarshal(files.Bytes(), &file))
		stored := f.object(file.DataFileS3Key)
		if sum(stored) != file.MD5Checksum || file.ETag == "" || strings.Contains(file.ETag, `"`) {
			f.Errorf("%+v: the MD5 is %s", file, sum(stored))
		}
		plain, err := gzip.NewReader(bytes.NewReader(stored))
		f.ok(err)
		all, err := io.ReadAll(plain)
		f.ok(err)
		found := slices.Collect(strings.Lines(string(all)))
		if len(found) != file.ItemCount {
			f.Errorf("%+v has %d lines", file, len(found))
		}
		lines = append(lines, found...)
	}
	if n := int64(len(lines)); n != summary.ItemCount || n != aws.ToInt64(d.ItemCount) {
		f.Errorf("%d lines, the summary says %d, the description %d", n, summary.ItemCount, aws.ToInt64(d.ItemCount))
	}
	slices.Sort(lines)
	return lines
}

// checked reads a manifest and checks both of its checksums.
func (f *fixture) checked(key string) []byte {
	f.Helper()
	body := f.object(key)
	for _, extension := range []string{".checksum", ".md5"} {
		if got := string(f.object(strings.TrimSuffix(key, ".json") + extension)); got != sum(body) {
			f.Errorf("%s: %s has %s, want %s", key, extension, got, sum(body))
		}
	}
	return body
}

func sum(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

// sorted sorts the members of each line, because the SDK sends attributes in any order.
func (f *fixture) sorted(lines []string) []string {
	f.Helper()
	var all []string
	for _, line := range lines {
		var value any
		f.ok(json.Unmarshal([]byte(line), &value))
		text, err := json.Marshal(value)
		f.ok(err)
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

// state reads a full export.
func (f *fixture) state(d *types.ExportDescription, keys ...string) map[string]item {
	f.Helper()
	state := map[string]item{}
	for _, line := range f.lines(d) {
		var record struct{ Item json.RawMessage }
		f.ok(json.Unmarshal([]byte(line), &record))
		image, err := attributevalue.UnmarshalMapJSON(record.Item)
		f.ok(err)
		state[identity(image, keys...)] = image
	}
	if len(state) != int(*d.ItemCount) {
		f.Errorf("%d lines have %d keys", *d.ItemCount, len(state))
	}
	return state
}

// replay applies an incremental export to a state, and checks its old images against the state.
func (f *fixture) replay(state map[string]item, d *types.ExportDescription, keys ...string) {
	f.Helper()
	for _, line := range f.lines(d) {
		var record struct{ Keys, OldImage, NewImage json.RawMessage }
		f.ok(json.Unmarshal([]byte(line), &record))
		decode := func(raw json.RawMessage) item {
			if raw == nil {
				return nil
			}
			image, err := attributevalue.UnmarshalMapJSON(raw)
			f.ok(err)
			return image
		}
		id := identity(decode(record.Keys), keys...)
		if diff := cmp.Diff(state[id], decode(record.OldImage), ignoreSerde); diff != "" {
			f.Errorf("%s: OldImage differs from the state (-state +image):\n%s", id, diff)
		}
		if state[id] = decode(record.NewImage); state[id] == nil {
			delete(state, id)
		}
	}
}

// table reads a table directly from the backend.
func (f *fixture) table(name string, keys ...string) map[string]item {
	f.Helper()
	state := map[string]item{}
	pages := dynamodb.NewScanPaginator(testservers.DynamoDB(), &dynamodb.ScanInput{TableName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.Context())
		f.ok(err)
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

func (f *fixture) same(what string, got, want map[string]item) {
	f.Helper()
	if diff := cmp.Diff(want, got, ignoreSerde); diff != "" {
		f.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// brief is the state of a table that things has created, as id=value.
func brief(state map[string]item) string {
	var all []string
	for image := range maps.Values(state) {
		all = append(all, fmt.Sprintf("%s=%s", image["id"].(*types.AttributeValueMemberS).Value, image["v"].(*types.AttributeValueMemberS).Value))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func root(d *types.ExportDescription) string { return path.Dir(*d.ExportManifest) }

// ignoreSerde makes attribute values comparable: they have an unexported field of the SDK.
var ignoreSerde = cmp.Exporter(func(reflect.Type) bool { return true })
