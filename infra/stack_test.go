package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/job"
)

// testProps are those of a stack whose code lies in the given folder.
func testProps(codeFolder string) *Props {
	return &Props{
		Environment: Environment{Name: "test", Bucket: Bucket{Name: "replica"}, Prefix: "dynamodb/{table}", Tables: []string{"orders", "customers"}},
		CodeFolder:  codeFolder,
	}
}

// Whatever is wrong is said before anything is added to a scope: here there is none, and no jsii either.
func TestPropsAreChecked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Props)
		want   []string
	}{
		{"no tables", func(p *Props) { p.Tables = nil }, []string{"tables: name at least one"}},
		{"table by its ARN", func(p *Props) { p.Tables = []string{"arn:aws:dynamodb:eu-west-1:123456789012:table/orders"} }, []string{"want the name of a table"}},
		{"table's name", func(p *Props) { p.Tables = []string{"orders", "a*"} }, []string{`table: got "a*"`}},
		{"no bucket", func(p *Props) { p.Bucket.Name = "" }, []string{"bucket: "}},
		{"bucket and prefix", func(p *Props) { p.Bucket.Name, p.Prefix = "My Bucket", "/{tabel}" }, []string{`bucket: got "My Bucket"`, `prefix: got "/{tabel}"`}},
		{"nothing is built", func(p *Props) { p.CodeFolder = "nowhere" }, []string{
			"the functions are not built, run `make build`: missing nowhere/plan/bootstrap, nowhere/scan/bootstrap, nowhere/export/bootstrap, nowhere/finalize/bootstrap",
		}},
		{"a folder in place of a program", func(p *Props) { replace(t, filepath.Join(p.CodeFolder, "scan", "bootstrap")) }, []string{"run `make build`: missing", "scan/bootstrap"}},
		{"all at once", func(p *Props) { p.Tables, p.CodeFolder = nil, "nowhere" }, []string{"tables: ", "run `make build`"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := build(folder); err != nil {
				t.Fatal(err)
			}
			props := testProps(folder)
			test.change(props)
			err := AddStack(nil, "stack", props)
			if err == nil {
				t.Fatal("the stack was accepted")
			}
			for _, want := range append(test.want, "environment test: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if lines := strings.Count(err.Error(), "\n") + 1; lines > 2 {
				t.Errorf("got %d lines, want one for each kind of fault:\n%v", lines, err)
			}
		})
	}
}

func TestEnvironmentsAreFit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := build(folder); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("environments/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		environment, err := ReadEnvironment(file)
		if err != nil {
			t.Fatal(err)
		}
		props := &Props{Environment: environment, CodeFolder: folder}
		if err := props.check(); err != nil {
			t.Errorf("environment %s: %v", environment.Name, err)
		}
	}
}

// replace puts a folder where a program was.
func replace(t *testing.T, program string) {
	t.Helper()
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(program, 0o755); err != nil {
		t.Fatal(err)
	}
}

// build makes the folders that `make build` makes, with a program in each.
func build(folder string) error {
	for _, function := range job.Functions() {
		own := filepath.Join(folder, string(function))
		if err := os.MkdirAll(own, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(own, "bootstrap"), []byte("a program"), 0o755); err != nil {
			return err
		}
	}
	return nil
}
