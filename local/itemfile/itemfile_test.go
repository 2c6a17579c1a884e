package itemfile

import (
	"bytes"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // the checksum that manifests have
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const twoLines = "{\"id\":\"a\"}\n{\"id\":\"b\"}"

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(text string) string {
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	_, _ = w.Write([]byte(text)) // a buffer never fails
	_ = w.Close()
	return to.String()
}

func zstandard(text string) string {
	var to bytes.Buffer
	w, _ := zstd.NewWriter(&to)  // no option can be wrong
	_, _ = w.Write([]byte(text)) // a buffer never fails
	_ = w.Close()
	return to.String()
}

// The bytes of a file say how it is compressed, not its name. Each source can be read again.
func TestFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"items.jsonl": twoLines, "items.json.gz": gzipped(twoLines), "items.json.zst": zstandard(twoLines),
		"no-extension": gzipped(twoLines), "two-members.gz": gzipped("{\"id\":\"a\"}\n") + gzipped("{\"id\":\"b\"}\n"), "plain.gz": twoLines,
	} {
		path := write(t, filepath.Join(t.TempDir(), name), text)
		source, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte(text))
		for range 2 {
			if items, messages := read(t, source); len(items) != 2 || len(messages) > 0 || !bytes.Equal(source.Digest(), digest[:]) || source.Read() != int64(len(text)) || source.Size() != int64(len(text)) {
				t.Errorf("%s: got %v, %q, %d of %d bytes", name, items, messages, source.Read(), source.Size())
			}
		}
		source.Close()
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// What can be read only once is copied, and the copy is removed.
func TestPipes(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(pipe, []byte(gzipped(twoLines)), 0o600) }() // an error shows in the items
	for _, path := range []string{pipe, Stdin} {
		source, err := Open(path, strings.NewReader(gzipped(twoLines)))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if items, messages := read(t, source); len(items) != 2 || len(messages) > 0 {
				t.Errorf("%s: got %v, %q", path, items, messages)
			}
		}
		source.Close()
		if _, err := os.Stat(source.temporary); source.temporary == "" || err == nil {
			t.Errorf("%s is left", source.temporary)
		}
	}
}

func TestFilesThatAreNoLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, says string }{
		{"[\n{\"id\":\"Hunter2\"}\n]", `is one JSON array: want one item per line. To make such lines: jq -c '.[]' FILE > items.jsonl`},
		{"{\n  \"Items\": []}", `has one JSON value on several lines: want one item per line. To make such lines: jq -c . FILE > items.jsonl. For the output of aws dynamodb scan: jq -c '.Items[]' FILE`},
		{"id,name\na,Hunter2\n", `is not JSON: its first line does not begin with {. Want one item per line, such as {"id":"a-1","price":12.50}`},
		{"\xff\xfe{\x00\"\x00", "is UTF-16, as Windows PowerShell writes it: want UTF-8"},
		{"{\"id\":\"a\"}\n" + strings.Repeat(" ", longestLine+1), "line 2 is longer than 8 MiB, and an item has at most 400 KB: want one item per line"},
		{gzipped(twoLines)[:30], "after line "},
		{"\x1f\x8bHunter2Hunter2", "gzip: invalid header"},
		{zstandard(strings.Repeat(twoLines+"\n", 1000))[:20], "after line 0: unexpected EOF"},
	} {
		_, messages := readText(t, test.text)
		if len(messages) != 1 || !strings.HasPrefix(messages[0], "standard input: ") || !strings.Contains(messages[0], test.says) {
			t.Errorf("got %q, want %q", messages, test.says)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "nowhere"), nil); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

// folder writes the folder of an export with one file of two items. change may change its texts.
func folder(t *testing.T, change func(summary, files, data *string)) string {
	t.Helper()
	data := "{\"Item\":{\"id\":{\"S\":\"a\"}}}\n{\"Item\":{\"id\":{\"S\":\"b\"}}}\n"
	sum := md5.Sum([]byte(data)) //nolint:gosec // see the import
	files := fmt.Sprintf("{\"itemCount\":2,\"md5Checksum\":%q,\"etag\":\"x\",\"dataFileS3Key\":\"lake/AWSDynamoDB/01/data/x.json\"}\n", base64.StdEncoding.EncodeToString(sum[:]))
	summary := `{"manifestFilesS3Key":"lake/AWSDynamoDB/01/manifest-files.json","itemCount":2,"outputFormat":"DYNAMODB_JSON"}`
	if change != nil {
		change(&summary, &files, &data)
	}
	dir := filepath.Join(t.TempDir(), "export")
	write(t, filepath.Join(dir, "manifest-summary.json"), summary)
	write(t, filepath.Join(dir, "manifest-files.json"), files)
	write(t, filepath.Join(dir, "data", "x.json"), data)
	write(t, filepath.Join(dir, "data", "leftover.json"), "{\"Item\":{\"id\":{\"S\":\"c\"}}}\n")
	return dir
}

func replace(text *string, from, to string) { *text = strings.ReplaceAll(*text, from, to) }

func TestFolders(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(summary, files, data *string)
		says   string // what is wrong; "" if nothing is
	}{
		{"complete", nil, ""},
		{"a full export", func(summary, _, _ *string) { replace(summary, "{", `{"exportType":"FULL_EXPORT",`) }, ""},
		{"an incremental export", func(summary, _, _ *string) { replace(summary, "{", `{"exportType":"INCREMENTAL_EXPORT",`) }, "this is an incremental export. It has changes, not items: load a full export"},
		{"a transform", func(summary, _, _ *string) { replace(summary, "{", `{"scan":{"transform":true},`) }, "a transform has made these records"},
		{"plain JSON", func(summary, _, _ *string) { replace(summary, "DYNAMODB_JSON", "JSON") }, "in which sets have become lists"},
		{"an encoder", func(summary, _, _ *string) { replace(summary, "DYNAMODB_JSON", "csv") }, `outputFormat: got "csv", want DYNAMODB_JSON or ION`},
		{"no JSON", func(summary, _, _ *string) { *summary = "x" }, "manifest-summary.json: invalid character"},
		{"another count", func(summary, _, _ *string) { replace(summary, `"itemCount":2`, `"itemCount":3`) }, "has 2 items, manifest-summary.json says 3"},
		{"a file in another folder", func(_, files, _ *string) { replace(files, "lake/AWSDynamoDB/01", "lake/AWSDynamoDB") }, "line 1: the file is not in the folder of the manifest"},
		{"a file above", func(_, files, _ *string) { replace(files, "data/x", "../x") }, "line 1: the file is not in the folder of the manifest"},
		{"a missing file", func(_, files, _ *string) { replace(files, "data/x", "data/y") }, "no such file or directory: copy the whole folder"},
		{"another item", func(_, _, data *string) { replace(data, `"b"`, `"c"`) }, ", the manifest says "},
		{"one file with another count", func(summary, files, _ *string) {
			replace(summary, `"itemCount":2`, `"itemCount":3`)
			replace(files, `"itemCount":2`, `"itemCount":3`)
		}, "has 2 items, the manifest says 3: copy the folder again"},
	} {
		dir := folder(t, test.change)
		source, err := Open(dir, nil)
		var items []Item
		var messages []string
		if err != nil {
			messages = []string{err.Error()}
		} else {
			items, messages = read(t, source)
		}
		if message := strings.Join(messages, " "); test.says == "" && (len(items) != 2 || message != "") || !strings.Contains(message, test.says) {
			t.Errorf("%s: got %v, %q, want %q", test.name, items, messages, test.says)
		}
	}
}

func TestFolderWithoutAManifest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(dir, nil); err == nil || !strings.HasSuffix(err.Error(), " has no manifest-summary.json: give the folder of a complete run, or of a native export, or one file") {
		t.Errorf("got %v", err)
	}
	export := filepath.Join(dir, "AWSDynamoDB", "01")
	write(t, filepath.Join(export, "manifest-summary.json"), "{}")
	for _, above := range []string{dir, filepath.Dir(export)} {
		if _, err := Open(above, nil); err == nil || !strings.HasSuffix(err.Error(), "give one of the folders in it, such as "+export) {
			t.Errorf("got %v", err)
		}
	}
}
