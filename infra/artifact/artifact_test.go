package main

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/version"

	"github.com/CycloneDX/cyclonedx-go"
)

// built prepares a folder as `make build` does, with this test's own binary as the program, and packs it.
func built(t *testing.T) (folder string, program []byte) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.ReadFile(self); err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	place(t, folder, program)
	if err := release(folder); err != nil {
		t.Fatal(err)
	}
	return folder, program
}

// place writes content as the program of a folder.
func place(t *testing.T, folder string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, "bootstrap"), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestZipHasTheProgramAlone(t *testing.T) {
	t.Parallel()
	folder, program := built(t)
	archive, err := zip.OpenReader(filepath.Join(folder, "lambda.zip"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = archive.Close() })
	if len(archive.File) != 1 {
		t.Fatalf("it has %d files", len(archive.File))
	}
	file := archive.File[0]
	if file.Name != "bootstrap" || file.Mode() != 0o755 || !file.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%s has the mode %s and the time %s", file.Name, file.Mode(), file.Modified)
	}
	content, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, program) {
		t.Errorf("it has %d bytes, want the program's %d: %v", len(got), len(program), err)
	}
}

// The bill lists every module of the program.
func TestBillHasTheModulesOfTheProgram(t *testing.T) {
	t.Parallel()
	folder, program := built(t)
	text, err := os.ReadFile(filepath.Join(folder, "lambda.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	bill := cyclonedx.NewBOM()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(bill); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		want = append(want, "pkg:golang/"+module.Path+"@"+module.Version)
	}
	var got []string
	for _, c := range *bill.Components {
		got = append(got, c.PackageURL)
	}
	if !slices.Equal(got, want) || !slices.Equal(*(*bill.Dependencies)[0].Dependencies, want) || len(want) < 2 {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if bill.SerialNumber != "" || bill.Metadata.Timestamp != "" || bill.SpecVersion != cyclonedx.SpecVersion1_6 || bill.Metadata.Component.Name != "lambda" || bill.Metadata.Component.Version != version.Number {
		t.Errorf("it says of itself: %+v", bill.Metadata)
	}
}

func TestReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	first, _ := built(t)
	second, _ := built(t)
	for _, name := range []string{"lambda.zip", "lambda.cdx.json"} {
		a, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(second, name)); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

func TestProgramIsReleased(t *testing.T) {
	t.Parallel()
	_, program := built(t)
	all, notGo := t.TempDir(), t.TempDir()
	place(t, all, program)
	place(t, notGo, []byte("#!/bin/sh"))
	for _, test := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"programs", []string{all}, 0, ""},
		{"no folder", nil, 2, "usage: artifact <folder>"},
		{"no program", []string{t.TempDir()}, 1, "release the Lambda program: open"},
		{"what is no program of Go's", []string{notGo}, 1, "bill of materials of the Lambda program"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var told bytes.Buffer
			if status := run(test.args, &told); status != test.status || !strings.Contains(told.String(), test.says) {
				t.Errorf("status %d, said %q", status, told.String())
			}
			if test.status != 0 {
				return
			}
			if made, err := filepath.Glob(filepath.Join(all, "*.*")); err != nil || len(made) != 2 {
				t.Errorf("it made %v: %v", made, err)
			}
		})
	}
}
