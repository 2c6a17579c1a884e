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

// needless are the packages whose install scripts are known and not needed, by why they are not.
var needless = map[string]string{
	"local/node: node_modules/classic-level": "builds LevelDB for tables on a disk; dynalite keeps them in memory here",
}

// Every folder with npm packages is audited, and none of its packages may run code while it is installed.
func TestNoPackageRunsCodeWhenInstalled(t *testing.T) {
	t.Parallel()
	checkout, err := checkout.Find()
	if err != nil {
		t.Fatal(err)
	}
	if found := locked(t, checkout.Root); !slices.Equal(found, slices.Sorted(slices.Values(packages))) {
		t.Errorf("there are package-lock.json in %v, and %v are audited", found, packages)
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
				t.Errorf("%s: %s wants to run a script when it is installed, and nothing says why it need not", folder, name)
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

// withScripts returns the packages of a lock that have install scripts.
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

// locked returns the folders of the checkout that have a package-lock.json of their own.
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
