package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/local/checkout"

	"github.com/google/go-cmp/cmp"
)

// needless are packages with install scripts that are not needed, and the reasons.
var needless = map[string]string{
	"local/node: node_modules/classic-level": "builds LevelDB for tables on a disk; dynalite keeps them in memory here",
}

// Every folder with npm packages is audited, and no package may run code while it is installed.
func TestNoPackageRunsCodeWhenInstalled(t *testing.T) {
	t.Parallel()
	checkout, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	if found := locked(t, checkout.Root); !slices.Equal(found, slices.Sorted(slices.Values(packages))) {
		t.Errorf("there are package-lock.json files in %v, but %v are audited", found, packages)
	}
	for _, folder := range packages {
		settings, err := os.ReadFile(filepath.Join(checkout.Root, folder, ".npmrc"))
		if err != nil || !bytes.Contains(settings, []byte("\nignore-scripts=true\n")) {
			t.Errorf("%s/.npmrc does not say ignore-scripts=true: %v", folder, err)
		}
		text, err := os.ReadFile(filepath.Join(checkout.Root, folder, "package-lock.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range withScripts(t, text) {
			if needless[folder+": "+name] == "" {
				t.Errorf("%s: %s has an install script, and needless has no reason why it is not needed", folder, name)
			}
		}
	}
}

func TestInstallScriptsAreSeen(t *testing.T) {
	t.Parallel()
	got := withScripts(t, []byte(`{"packages": {"": {}, "node_modules/a": {"hasInstallScript": true}, "node_modules/b": {}}}`))
	if diff := cmp.Diff([]string{"node_modules/a"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// withScripts returns the packages in a package-lock.json that have install scripts.
func withScripts(t *testing.T, text []byte) (names []string) {
	t.Helper()
	var lock struct {
		Packages map[string]struct{ HasInstallScript bool }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for name, locked := range lock.Packages {
		if locked.HasInstallScript {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// locked returns the folders of the repository with a package-lock.json.
func locked(t *testing.T, root string) (folders []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != root && entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case entry.Name() == "package-lock.json":
			folder, err := filepath.Rel(root, filepath.Dir(path))
			folders = append(folders, filepath.ToSlash(folder))
			return err
		default:
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(slices.Values(folders))
}
