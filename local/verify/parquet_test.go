package verify_test

import (
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"
)

// A parquetRun is what a test writes to a bucket: files that DuckDB makes.
type parquetRun struct {
	columns string
	files   []string // each a query
	rows    int64
	md5     string // of the first file; "" for the right one
	beside  bool   // an object is beside the files
}

// write returns the result of the run.
func (p parquetRun) write(t *testing.T, db *duckdb.DB, table string) run.Result {
	t.Helper()
	bucket, folder := testservers.Bucket(t), t.TempDir()
	var files strings.Builder
	for i, query := range p.files {
		path := filepath.Join(folder, fmt.Sprint(i))
		if _, _, err := db.All(t.Context(), "copy ("+query+") to "+duckdb.Text(path)+" (format parquet)"); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := md5.Sum(body) //nolint:gosec // see the import
		checksum, key := base64.StdEncoding.EncodeToString(sum[:]), fmt.Sprintf("r/data/%d.parquet", i)
		if p.md5 != "" && i == 0 {
			checksum = p.md5
		}
		put(t, bucket, key, body)
		fmt.Fprintf(&files, `{"itemCount":%d,"md5Checksum":%q,"dataFileS3Key":%q}`+"\n", p.rows, checksum, key)
	}
	items, objects := p.rows*int64(len(p.files)), int64(len(p.files))
	put(t, bucket, "r/_schema.json", []byte(`{"version":1,"columns":[`+p.columns+`]}`))
	put(t, bucket, "r/manifest-files.json", []byte(files.String()))
	put(t, bucket, "r/manifest-summary.json", fmt.Appendf(nil, `{"itemCount":%d,"manifestFilesS3Key":"r/manifest-files.json","outputFormat":"PARQUET"}`, items))
	if p.beside {
		put(t, bucket, "r/data/other.parquet", nil)
	}
	return run.Result{Mode: request.ModeScan, Table: table, Manifest: "s3://" + bucket + "/r/manifest-summary.json", Items: items, Records: items, Objects: objects}
}

// keyAndSet are the columns of a table of this test.
const keyAndSet = `{"name":"p","attribute":"p","type":"string","kind":"S"},{"name":"s","attribute":"s","type":"decimal","kind":"N","precision":38,"scale":1},
	{"name":"v","attribute":"v","type":"array","kind":"SS","element":{"type":"string","kind":"S"}}`

// row is the query for an item of a table of this test. Its set is in another order than the table's, and its number has other digits.
func row(words string) string {
	w := strings.Fields(words)
	return fmt.Sprintf(`select '%s' as p, %s::decimal(38,1) as s, ['x', '%s'] as v, null::varchar as "_rest"`, w[0], w[1], w[2])
}

// rest is the query for an item whose number has too many digits for its column.
func rest(words string) string {
	w := strings.Fields(words)
	return fmt.Sprintf(`select '%s' as p, null::decimal(38,1) as s, ['%s', 'x'] as v, '{"s":{"N":"%s"}}' as "_rest"`, w[0], w[2], w[1])
}

func TestCompareReadsParquet(t *testing.T) {
	t.Parallel()
	db, err := duckdb.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	orders := table(t, "a 1 kept", "a 2.5 old", "b 1 c", "b 2.25 d")
	right := parquetRun{columns: keyAndSet, rows: 2, files: []string{row("a 1 kept") + " union all " + row("a 2.5 old"), row("b 1 c") + " union all " + rest("b 2.25 d")}}
	with := func(mend func(*parquetRun)) parquetRun {
		p := right
		p.files = append([]string{}, right.files...)
		mend(&p)
		return p
	}
	file := func(n int, query string) parquetRun { return with(func(p *parquetRun) { p.files[n] = query }) }
	for _, test := range []struct {
		name string
		run  parquetRun
		says string // "" if it is right
	}{
		{"the table", right, ""},
		{"an item that differs", file(0, row("a 1 kept")+" union all "+row("a 2.5 new")), `row 2: the item with key p="a" s=5/2 differs from the table's`},
		{"an item with _rest that differs", file(1, row("b 1 c")+" union all "+rest("b 2.25 e")), `the item with key p="b" s=9/4 differs from the table's`},
		{"another key", file(0, row("a 1 kept")+" union all "+row("a 2.4 old")), `the item with key p="a" s=12/5 is not in the table`},
		{"an item twice", file(0, row("a 1 kept")+" union all "+row("a 1 kept")), `row 2: the item with key p="a" s=1 is not in the table, or was written twice`},
		{"an item that is missing", with(func(p *parquetRun) { p.files, p.rows = []string{row("a 1 kept"), row("b 1 c")}, 1 }), "2 items of the table are missing"},
		{"a file's itemCount", with(func(p *parquetRun) { p.files[0] = row("a 1 kept") }), "r/data/0.parquet: has 1 rows, the manifest says 2 items"},
		{"an MD5", with(func(p *parquetRun) { p.md5 = "AAAA" }), "r/data/0.parquet: has MD5 "},
		{"an object that no manifest names", with(func(p *parquetRun) { p.beside = true }), "has objects that the manifest does not name"},
		{"another schema", with(func(p *parquetRun) { p.columns = strings.Replace(keyAndSet, `"scale":1`, `"scale":2`, 1) }), `the column "s" is DECIMAL(38,1), its schema says DECIMAL(38,2)`},
		{"no schema", with(func(p *parquetRun) { p.columns = "?" }), "read the schema: "},
		{"another column", with(func(p *parquetRun) {
			p.files[0] = strings.Replace(p.files[0], "'a' as p", "'a' as p, 1 as q", 2)
		}), `the column "q" is not in the schema`},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := verify.Compare(t.Context(), testservers.DynamoDB(), testservers.S3(), test.run.write(t, db, orders))
			switch {
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("got %v, want … %s …", err, test.says)
			case test.says == "" && (err != nil || report != verify.Report{Items: 4, Objects: 2}):
				t.Errorf("got %+v, %v", report, err)
			}
		})
	}
}
