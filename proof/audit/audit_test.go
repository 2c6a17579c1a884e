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

// write makes files below a folder of its own, and returns it.
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

// vulnerable is a database that knows something of a function of the standard library.
// https://go.dev/doc/security/vuln/database#api
func vulnerable(t *testing.T, symbol string) string {
	return "file://" + write(t, map[string]string{
		"index/db.json":      `{"modified": "2026-01-31T00:00:00Z"}`,
		"index/modules.json": `[{"path": "stdlib", "vulns": [{"id": "GO-2026-0001", "modified": "2026-01-31T00:00:00Z"}]}]`,
		"ID/GO-2026-0001.json": `{"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": "2026-01-31T00:00:00Z", "summary": "told by a test",
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
		{"nothing is known", vulnerable(t, "Join"), "", false},
		{"what is called is vulnerable", vulnerable(t, "New"), "calls what is known to be vulnerable", false},
		{"no database", "http://127.0.0.1:1", "the database http://127.0.0.1:1 does not answer", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var told bytes.Buffer
			err := goModules(t.Context(), module, test.db, &told)
			judge(t, err, test.says, test.unreachable)
			if strings.Contains(told.String(), "GO-2026-0001") != (test.says != "" && !test.unreachable) {
				t.Errorf("it told:\n%s", told.String())
			}
		})
	}
	broken := write(t, map[string]string{"go.mod": "module example\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { missing() }\n"})
	judge(t, goModules(t.Context(), broken, vulnerable(t, "New"), io.Discard), "undefined: missing", false)
}

func TestNPMPackages(t *testing.T) {
	folder := write(t, map[string]string{
		"package.json": `{"name": "example", "dependencies": {"left": "1.0.0"}}`,
		"package-lock.json": `{"name": "example", "lockfileVersion": 3, "requires": true, "packages": {
			"": {"name": "example", "dependencies": {"left": "1.0.0"}}, "node_modules/left": {"version": "1.0.0"}}}`,
	})
	advisory := func(severity string) string {
		return `{"left": [{"id": 1, "url": "https://example.com", "title": "told by a test", "severity": "` + severity + `", "vulnerable_versions": "<2"}]}`
	}
	for _, test := range []struct {
		name        string
		status      int
		advisories  string
		says, told  string
		unreachable bool
	}{
		{"nothing is known", 200, `{}`, "", "example: no vulnerabilities found", false},
		{"what is moderate is told", 200, advisory("moderate"), "", "example: left: moderate\n", false},
		{"what is high fails", 200, advisory("high"), "1 packages have vulnerabilities", "example: left: high\n", false},
		{"what is critical fails", 200, advisory("critical"), "1 packages have vulnerabilities", "example: left: critical\n", false},
		{"a registry that audits nothing", 405, ``, "the registry answers no audit (405", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/advisories/bulk") {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.advisories) // the audit's failure would show below
			}))
			t.Cleanup(registry.Close)
			t.Setenv("npm_config_registry", registry.URL)
			t.Setenv("npm_config_cache", t.TempDir())
			t.Setenv("npm_config_fetch_retries", "0")
			var told bytes.Buffer
			judge(t, npmPackages(t.Context(), folder, "example", &told), test.says, test.unreachable)
			if !strings.Contains(told.String(), test.told) {
				t.Errorf("it told:\n%s\nwant %q", told.String(), test.told)
			}
		})
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	judge(t, npmPackages(canceled, folder, "example", io.Discard), "npm audit in example: context canceled", false)
}

// Only what could not be reached can be forgiven, and only where that is asked for.
func TestReport(t *testing.T) {
	t.Parallel()
	fine, unreachable, known := error(nil), errUnreachable, errors.New("vulnerable")
	for _, test := range []struct {
		name            string
		found           []error
		strict, lenient int
	}{
		{"nothing", []error{fine, fine}, 0, 0},
		{"not reached", []error{unreachable, fine}, 1, 0},
		{"vulnerable", []error{fine, known}, 1, 1},
		{"both", []error{known, unreachable}, 1, 1},
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

func judge(t *testing.T, err error, says string, unreachable bool) {
	t.Helper()
	if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) || errors.Is(err, errUnreachable) != unreachable {
		t.Errorf("got %v, want %q, unreachable: %t", err, says, unreachable)
	}
}
