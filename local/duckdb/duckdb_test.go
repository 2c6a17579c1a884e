package duckdb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/duckdb"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *duckdb.DB {
	t.Helper()
	db, err := duckdb.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// one returns the type and the JSON of the one value that a query gives.
func one(t *testing.T, db *duckdb.DB, sql string) (typ, value string) {
	t.Helper()
	var rows []string
	columns, err := db.Query(t.Context(), sql, func(row duckdb.Row) error {
		rows = append(rows, string(row[0]))
		return nil
	})
	if err != nil || len(columns) != 1 || len(rows) != 1 {
		t.Fatalf("%s: got %v, %v, %v", sql, columns, rows, err)
	}
	return columns[0].Type, rows[0]
}

func TestValuesLoseNothing(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, c := range []struct{ sql, typ, value string }{
		{"9007199254740993", "BIGINT", `"9007199254740993"`},
		{"sum(x) from (select unnest([9223372036854775807, 9223372036854775807]) as x)", "HUGEINT", `"18446744073709551614"`},
		{"'12345678901234567890123456789012345.678'::decimal(38,3)", "DECIMAL(38,3)", `"12345678901234567890123456789012345.678"`},
		{"'-0.05'::decimal(4,2)", "DECIMAL(4,2)", `"-0.05"`},
		{"'-0'::double", "DOUBLE", `"-0"`},
		{"'0.1'::double", "DOUBLE", `"0.1"`},
		{"'1.7976931348623157e308'::double", "DOUBLE", `"1.7976931348623157e+308"`},
		{"'nan'::double", "DOUBLE", `"NaN"`},
		{"true", "BOOLEAN", `true`},
		{"null::bigint", "BIGINT", `null`},
		{`'say "é" 😀' || chr(10) || chr(1)`, "VARCHAR", `"say \"é\" 😀\n\u0001"`},
		{"''", "VARCHAR", `""`},
		{"chr(65279) || 'x'", "VARCHAR", "\"\uFEFFx\""}, // a byte order mark is a part of a text
		{"'\\x00\\xFF'::blob", "BLOB", `"AP8="`},
		{"repeat('\\xFF', 20)::blob", "BLOB", `"//////////////////////////8="`},
		{"date '2026-02-03'", "DATE", `"2026-02-03"`},
		{"[1, null, 3]", "INTEGER[]", `["1",null,"3"]`},
		{"[]::bigint[]", "BIGINT[]", `[]`},
		{"null::bigint[]", "BIGINT[]", `null`},
		{"[['a'], [], null, ['b', 'c']]", "VARCHAR[][]", `[["a"],[],null,["b","c"]]`},
		{`{'a': 1, 'it''s "b"': null::varchar}`, `STRUCT("a" INTEGER, "it's ""b""" VARCHAR)`, `{"a":"1","it's \"b\"":null}`},
		{`{'__proto__': 'x', '1': 'y', '0': 'z'}`, `STRUCT("__proto__" VARCHAR, "1" VARCHAR, "0" VARCHAR)`, `{"__proto__":"x","1":"y","0":"z"}`},
		{"null::struct(a int)", `STRUCT("a" INTEGER)`, `null`},
		{"map {'k': [1.5], 'l': null}", "MAP(VARCHAR, DECIMAL(2,1)[])", `[["k",["1.5"]],["l",null]]`},
		{"map {}::map(varchar, int)", "MAP(VARCHAR, INTEGER)", `[]`},
		{"null::map(varchar, int)", "MAP(VARCHAR, INTEGER)", `null`},
		{"[{'m': map {'x': ['\\xAA'::blob]}}]", `STRUCT("m" MAP(VARCHAR, BLOB[]))[]`, `[{"m":[["x",["qg=="]]]}]`},
	} {
		if typ, value := one(t, db, "select "+c.sql); typ != c.typ || value != c.value {
			t.Errorf("%s\ngot  %s %s\nwant %s %s", c.sql, typ, value, c.typ, c.value)
		}
	}
}

// The values of a row stand at an index of a chunk, whose lists have offsets.
func TestEachRowHasItsOwnValues(t *testing.T) {
	t.Parallel()
	var got []string
	const rows = 5000 // more than a chunk
	_, err := open(t).Query(t.Context(), fmt.Sprintf(`select case when i %% 3 > 0 then {'i': i, 'l': range(i %% 4), 'm': map {i: i %% 2 = 0}} end from range(%d) r(i)`, rows),
		func(row duckdb.Row) error {
			got = append(got, string(row[0]))
			return nil
		})
	if err != nil || len(got) != rows {
		t.Fatalf("got %d rows, %v", len(got), err)
	}
	for i, value := range got {
		want := "null"
		if i%3 > 0 {
			list, _ := json.Marshal([]string{"0", "1", "2"}[:i%4])
			want = fmt.Sprintf(`{"i":"%d","l":%s,"m":[["%d",%t]]}`, i, list, i, i%2 == 0)
		}
		if value != want {
			t.Fatalf("row %d: got %s, want %s", i, value, want)
		}
	}
}

// Nothing can hold a trillion rows, so this ends only if the rows are not collected.
func TestRowsAreStreamed(t *testing.T) {
	t.Parallel()
	db, enough, rows := open(t), errors.New("enough"), 0
	_, err := db.Query(t.Context(), "select i, i::varchar from range(1000000000000) r(i)", func(duckdb.Row) error {
		if rows++; rows == 300_000 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	if _, _, err := db.All(t.Context(), "select 1"); !errors.Is(err, enough) {
		t.Errorf("the next query does not say why DuckDB has ended: %v", err)
	}
}

func TestQueryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	// It gives no row for years.
	_, _, err := open(t).All(ctx, "select count(*) from range(1000000000000) a, range(1000000000000) b where hash(a.range) = hash(b.range + 1)")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsAreDuckDBs(t *testing.T) {
	t.Parallel()
	db := open(t)
	for sql, want := range map[string]string{
		"selekt 1":             "syntax error at or near \"selekt\"",
		"select * from orders": "Table with name orders does not exist",
		"select i, error('row ' || i) from range(5000) r(i)": "row 0",
	} {
		_, _, err := db.All(t.Context(), sql)
		if err == nil || !strings.HasPrefix(err.Error(), "ask DuckDB: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", sql, err)
		}
	}
	if _, rows, err := db.All(t.Context(), "select 1, null, [2]"); err != nil || cmp.Diff([][]string{{"1", "NULL", `["2"]`}}, rows) != "" {
		t.Errorf("a query after wrong ones: got %v, %v", rows, err)
	}
	db.Close()
	if _, _, err := db.All(t.Context(), "select 1"); err == nil || err.Error() != "ask DuckDB: it was closed" {
		t.Errorf("after Close: got %v", err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	db := open(t)
	// A partitioned path would add a column.
	folder := filepath.Join(t.TempDir(), "day=it's 1")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "a.parquet")
	if _, _, err := db.All(t.Context(), `copy (select 1 as "a ""b""") to `+duckdb.Text(path)+" (format parquet)"); err != nil {
		t.Fatal(err)
	}
	columns, rows, err := db.All(t.Context(), "select *, "+duckdb.Name(`a "b"`)+" + 1 as more from "+duckdb.File(path))
	want := []duckdb.Column{{Name: `a "b"`, Type: "INTEGER"}, {Name: "more", Type: "INTEGER"}}
	if err != nil || cmp.Diff(want, columns) != "" || cmp.Diff([][]string{{"1", "2"}}, rows) != "" {
		t.Errorf("got %v, %v, %v", columns, rows, err)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Run("no Node.js", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := duckdb.Open(t.Context()); !errors.Is(err, checkout.ErrNoNode) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no DuckDB", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module dynamodb-to-s3\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		if _, err := duckdb.Open(t.Context()); !errors.Is(err, checkout.ErrNotInstalled) {
			t.Errorf("got %v", err)
		}
	})
}
