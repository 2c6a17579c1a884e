package function_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/local/verify"
	"dynamodb-to-s3/local/verify/parquetitem"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// holdsRows compares the Parquet files of a run with its whole table, which has count items, and with the bucket.
func holdsRows(t *testing.T, bucket string, result run.Result, count int) {
	t.Helper()
	result.Mode = request.ModeScan // the table has not changed since the export
	holdsItems(t, bucket, result, count)
}

// summaryOf returns the manifest of a run.
func summaryOf(t *testing.T, result run.Result) (summary manifest.Summary) {
	t.Helper()
	if err := json.Unmarshal([]byte(get(t, result.Bucket, strings.TrimPrefix(result.Manifest, "s3://"+result.Bucket+"/"))), &summary); err != nil {
		t.Fatal(err)
	}
	return summary
}

// staged returns the items of a run in DYNAMODB_JSON, each as a text, in order.
func staged(t *testing.T, result run.Result) (items []string) {
	t.Helper()
	var mu sync.Mutex
	err := verify.Records(t.Context(), testservers.S3(), result, func(line []byte) error {
		item, err := verify.DecodeItem(line)
		mu.Lock()
		defer mu.Unlock()
		items = append(items, textOf(t, item))
		return err
	}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(items)
	return items
}

// rebuilt returns the items that the rows of a run were made of, each as a text, in order.
func rebuilt(t *testing.T, result run.Result) (items []string) {
	t.Helper()
	db, files := opened(t, result)
	schema, err := parquetitem.Parse([]byte(get(t, result.Bucket, result.Root+"/_schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	columns, err := db.Query(t.Context(), "select * from "+files+" limit 0", nil)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := schema.Reader(columns)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = db.Query(t.Context(), "select * from "+files, func(row duckdb.Row) error {
		item, err := reader.Item(row)
		items = append(items, textOf(t, item))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(items)
	return items
}

// query returns the first column of a query's answer. The table rows has the rows of the run.
func query(t *testing.T, result run.Result, sql string) (values []string) {
	t.Helper()
	db, files := opened(t, result)
	_, rows, err := db.All(t.Context(), "with rows as (select * from "+files+") "+sql)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		values = append(values, row[0])
	}
	return values
}

// duckDB starts one DuckDB for all tests. It ends with them.
var duckDB = sync.OnceValues(func() (*duckdb.DB, error) { return duckdb.Open(context.Background()) })

// opened returns DuckDB, and the files of a run as its queries name them.
func opened(t *testing.T, result run.Result) (db *duckdb.DB, files string) {
	t.Helper()
	folder := t.TempDir()
	for _, key := range testservers.Keys(t, result.Bucket, result.Root+"/data/") {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(key)), []byte(get(t, result.Bucket, key)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := duckDB()
	if err != nil {
		t.Fatal(err)
	}
	return db, duckdb.File(filepath.Join(folder, "*.parquet"))
}

// textOf returns the JSON of an item. Equal numbers and equal sets have the same text.
func textOf(t *testing.T, item verify.Item) string {
	t.Helper()
	plain := map[string]any{}
	for name, value := range item {
		plain[name] = plainOf(value)
	}
	body, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func plainOf(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberN:
		return map[string]any{"N": exact(v.Value)}
	case *types.AttributeValueMemberNS:
		var all []string
		for _, number := range v.Value {
			all = append(all, exact(number))
		}
		slices.Sort(all)
		return map[string]any{"NS": all}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": slices.Sorted(slices.Values(v.Value))}
	case *types.AttributeValueMemberBS:
		var all []string
		for _, value := range v.Value {
			all = append(all, string(value))
		}
		slices.Sort(all)
		return map[string]any{"BS": all}
	case *types.AttributeValueMemberL:
		all := []any{}
		for _, element := range v.Value {
			all = append(all, plainOf(element))
		}
		return map[string]any{"L": all}
	case *types.AttributeValueMemberM:
		all := map[string]any{}
		for name, element := range v.Value {
			all[name] = plainOf(element)
		}
		return map[string]any{"M": all}
	default:
		return map[string]any{fmt.Sprintf("%T", v): v}
	}
}

func exact(number string) string {
	value, _ := new(big.Rat).SetString(number) // DynamoDB has checked it
	return value.String()
}

// duckDouble returns a double as DuckDB writes it.
func duckDouble(value float64) string {
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
