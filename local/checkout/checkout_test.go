package checkout_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"dynamodb-to-s3/local/checkout"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	inner := filepath.Join(root, "vendored", "deep")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	// Find passes the go.mod of another module on the way up.
	for dir, text := range map[string]string{root: "// a comment\nmodule dynamodb-to-s3\n\ngo 1.26.0\n", filepath.Dir(inner): "module other\n"} {
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(inner)
	here, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := filepath.EvalSymlinks(root); err != nil || here.Root != root && here.Root != want {
		t.Errorf("found %s, want %s (%v)", here.Root, want, err)
	}
	if _, err := here.VersityGW(); !errors.Is(err, checkout.ErrNotInstalled) {
		t.Errorf("a missing VersityGW: %v", err)
	}
	if _, err := here.Scripts(); !errors.Is(err, checkout.ErrNotInstalled) {
		t.Errorf("missing packages: %v", err)
	}
	if _, err := here.DuckDB(); !errors.Is(err, checkout.ErrNotInstalled) {
		t.Errorf("a missing DuckDB: %v", err)
	}
}
