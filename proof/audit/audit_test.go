package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write writes files into a new folder and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// vulnerable is a database with a vulnerability in a function of the standard library.
// https://go.dev/doc/security/vuln/database#api
func vulnerable(t *testing.T, symbol string) string {
	return "file://" + write(t, map[string]string{
		"index/db.json":      `{"modified": "2026-01-31T00:00:00Z"}`,
		"index/modules.json": `[{"path": "stdlib", "vulns": [{"id": "GO-2026-0001", "modified": "2026-01-31T00:00:00Z"}]}]`,
		"ID/GO-2026-0001.json": `{"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": "2026-01-31T00:00:00Z", "summary": "from a test",
			"affected": [{"package": {"name": "stdlib", "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
			"ecosystem_specific": {"imports": [{"path": "errors", "symbols": ["` + symbol + `"]}]}}],
			"database_specific": {"url": "https://example.com"}}`,
	})
}

func TestGoModules(t *testing.T) {
	t.Parallel()
	module := write(t, map[string]string{
		"go.mod":  "module example\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"errors\"\n\nfunc main() { panic(errors.New(\"x\")) }\n",
	})
	for _, test := range []struct {
		name, db, says string
		unreachable    bool
	}{
		{"no vulnerability", vulnerable(t, "Join"), "", false},
		{"a vulnerable function is called", vulnerable(t, "New"), "calls a vulnerable function", false},
		{"no database", "http://127.0.0.1:1", "the database http://127.0.0.1:1 does not answer", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var output bytes.Buffer
			err := goModules(t.Context(), module, test.db, &output)
			wantError(t, err, test.says, test.unreachable)
			if strings.Contains(output.String(), "GO-2026-0001") != (test.says != "" && !test.unreachable) {
				t.Errorf("the output is\n%s", output.String())
			}
		})
	}
	broken := write(t, map[string]string{"go.mod": "module example\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { missing() }\n"})
	wantError(t, goModules(t.Context(), broken, vulnerable(t, "New"), io.Discard), "undefined: missing", false)
}

func TestNPMPackages(t *testing.T) {
	folder := write(t, map[string]string{
		"package.json": `{"name": "example", "dependencies": {"left": "1.0.0"}}`,
		"package-lock.json": `{"name": "example", "lockfileVersion": 3, "requires": true, "packages": {
			"": {"name": "example", "dependencies": {"left": "1.0.0"}}, "node_modules/left": {"version": "1.0.0"}}}`,
	})
	advisory := func(severity string) string {
		return `{"left": [{"id": 1, "url": "https://example.com", "title": "from a test", "severity": "` + severity + `", "vulnerable_versions": "<2"}]}`
	}
	for _, test := range []struct {
		name        string
		status      int
		advisories  string
		says, want  string
		unreachable bool
	}{
		{"no vulnerability", 200, `{}`, "", "example: no high or critical vulnerabilities found", false},
		{"a moderate vulnerability", 200, advisory("moderate"), "", "example: left: moderate\n", false},
		{"a high vulnerability", 200, advisory("high"), "1 packages have vulnerabilities", "example: left: high\n", false},
		{"a critical vulnerability", 200, advisory("critical"), "1 packages have vulnerabilities", "example: left: critical\n", false},
		{"a registry without audits", 405, ``, "the registry answers no audit (405", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/advisories/bulk") {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.advisories) // an error shows in the audit
			}))
			t.Cleanup(registry.Close)
			t.Setenv("npm_config_registry", registry.URL)
			t.Setenv("npm_config_cache", t.TempDir())
			t.Setenv("npm_config_fetch_retries", "0")
			var output bytes.Buffer
			wantError(t, npmPackages(t.Context(), folder, "example", &output), test.says, test.unreachable)
			if !strings.Contains(output.String(), test.want) {
				t.Errorf("the output is\n%s\nwant %q", output.String(), test.want)
			}
		})
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, npmPackages(canceled, folder, "example", io.Discard), "npm audit in example: context canceled", false)
}

// Only a database that does not answer can be accepted, and only with the flag.
func TestReport(t *testing.T) {
	t.Parallel()
	ok, unreachable, vulnerable := error(nil), errUnreachable, errors.New("vulnerable")
	for _, test := range []struct {
		name            string
		found           []error
		strict, lenient int
	}{
		{"nothing", []error{ok, ok}, 0, 0},
		{"unreachable", []error{unreachable, ok}, 1, 0},
		{"vulnerable", []error{ok, vulnerable}, 1, 1},
		{"both", []error{vulnerable, unreachable}, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for lenient, want := range map[bool]int{false: test.strict, true: test.lenient} {
				var audits []func() error
				for _, err := range test.found {
					audits = append(audits, func() error { return err })
				}
				if got := report(audits, lenient, io.Discard); got != want {
					t.Errorf("lenient %t: status %d, want %d", lenient, got, want)
				}
			}
		})
	}
}

func wantError(t *testing.T, err error, says string, unreachable bool) {
	t.Helper()
	if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) || errors.Is(err, errUnreachable) != unreachable {
		t.Errorf("got %v, want %q, unreachable: %t", err, says, unreachable)
	}
}
