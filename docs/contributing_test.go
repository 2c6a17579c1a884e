package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// read returns the contents of the repository's files with an extension, by their paths.
func read(t *testing.T, extension string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".."
		if err == nil && entry.IsDir() && (hidden || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, extension) {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// The tests that CONTRIBUTING.md names are there.
func TestNamedTestsExist(t *testing.T) {
	var tests strings.Builder
	for _, text := range read(t, "_test.go") {
		tests.WriteString(text)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(read(t, ".md")["../CONTRIBUTING.md"], -1)
	for _, name := range named {
		if !strings.Contains(tests.String(), "func "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
	if len(named) < 5 {
		t.Errorf("found %q", named)
	}
}

// The files and the headings that pages link to are there.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := read(t, ".md")
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for page, text := range pages {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			file, heading, _ := strings.Cut(found[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			}
			if heading != "" && !headings(pages[target])[heading] {
				t.Errorf("%s: %s has no heading #%s", page, target, heading)
			}
		}
	}
}

// headings returns the anchors that GitHub gives the headings of a page.
func headings(page string) map[string]bool {
	anchors := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		plain := regexp.MustCompile(`[^\p{L}\p{N}\- ]`).ReplaceAllString(strings.ToLower(found[1]), "")
		anchors[strings.ReplaceAll(plain, " ", "-")] = true
	}
	return anchors
}
