package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/testservers"
)

// The command at the end of a run answers a query, exactly as it is printed.
func TestRunSaysHowToQueryIt(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, 300)
	repository, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ fields, flag, sql, answer string }{
		"DYNAMODB_JSON": {`"format": "DYNAMODB_JSON"`, "", "count(distinct (item['orderId']))", "\n300  "},
		"JSON":          {`"format": "JSON"`, "", `count(distinct ("orderId"))`, "\n300  "},
		"PARQUET":       {`"format": "PARQUET"`, "", `sum("total")`, "\n300  "},
		"ION":           {`"format": "ION"`, "", "", ""},
		"a part":        {`"scan": {"FilterExpression": "attribute_exists(orderId)"}`, "", "", ""},
		"export":        {`"export": {}`, "--local-exports", "select count(*) from ", "\n300\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bucket := testservers.Bucket(t)
			args := []string{"--input", requestFile(t, fmt.Sprintf(`{"table": %q, "bucket": %q, "prefix": "the lake/{table}", %s}`, table, bucket, test.fields))}
			if test.flag != "" {
				args = append(args, test.flag)
			}
			o := runProgram(t, args...)
			if o.code != 0 || strings.Contains(o.stderr, "no report was written") {
				t.Fatalf("exit %d: %+v\n%s", o.code, o.failed, o.stderr)
			}
			_, command, found := strings.Cut(o.stderr, "query it with DuckDB:\n  ")
			command, _, _ = strings.Cut(command, "\n")
			if found != (test.sql != "") || !strings.Contains(command, test.sql) {
				t.Fatalf("standard error has\n%s", o.stderr)
			}
			if !found {
				return
			}
			shell := exec.CommandContext(t.Context(), "sh", "-c", command)
			shell.Dir, shell.Env = repository.Root, program(t.Context(), t).Env
			answer, err := shell.CombinedOutput()
			if err != nil || !strings.Contains(string(answer), test.answer) {
				t.Errorf("%v: %s%s", err, command, answer)
			}
		})
	}
}

// The first query installs DuckDB with the Makefile.
func TestQueryInstallsDuckDB(t *testing.T) {
	t.Parallel()
	repository, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":           "module dynamodb-to-s3\n",
		"Makefile":         "local/duckdb/node_modules/.package-lock.json:\n\t@ln -s " + repository.Root + "/local/duckdb/node_modules local/duckdb\n",
		".local/s3/.empty": "",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "local", "duckdb"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"local/node", "local/duckdb/duckdb.mjs"} {
		if err := os.Symlink(filepath.Join(repository.Root, path), filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	for i, says := range []string{"installing DuckDB once\n", ""} {
		cmd := program(t.Context(), t, "query", "--csv", "select 6 * 7 as answer")
		cmd.Dir = root
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if answer, err := cmd.Output(); err != nil || string(answer) != "answer\n42\n" || stderr.String() != says {
			t.Errorf("query %d: %v: %s%s", i+1, err, answer, &stderr)
		}
	}
}
