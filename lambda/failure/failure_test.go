package failure_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
)

func TestErrorNamesAreListedOnce(t *testing.T) {
	t.Parallel()
	seen := map[failure.Name]bool{}
	for _, name := range failure.Names() {
		if seen[name] || !name.Understood() {
			t.Errorf("%s is listed twice, or is not a valid name", name)
		}
		seen[name] = true
	}
	if !failure.InvalidRequest.Permanent() || failure.Throttled.Permanent() || failure.Name("x").Permanent() {
		t.Error("Permanent is wrong")
	}
	if got := failure.NameOf(errors.New("x")); got != failure.Internal {
		t.Errorf("an error without a name is %s", got)
	}
}

// Every name is returned somewhere, except the codes that come from DynamoDB and have no exported name here.
func TestEveryNameIsReturned(t *testing.T) {
	t.Parallel()
	declared, err := os.ReadFile("failure.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	compared := regexp.MustCompile(`[=!]= failure\.\w+`)
	use := regexp.MustCompile(`failure\.([A-Z]\w+)\b`)
	look := func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			code, _, _ := strings.Cut(line, "//")
			for _, found := range use.FindAllStringSubmatch(compared.ReplaceAllString(code, ""), -1) {
				used[found[1]] = true
			}
		}
		return err
	}
	for _, folder := range []string{"..", "../../infra"} { // the state machine itself fails with a name
		if err := filepath.WalkDir(folder, look); err != nil {
			t.Fatal(err)
		}
	}
	exported := 0
	for _, found := range regexp.MustCompile(`(?m)^\t(\w+) +Name = "(\w+)"`).FindAllStringSubmatch(string(declared), -1) {
		constant, name := found[1], failure.Name(found[2])
		if !slices.Contains(failure.Names(), name) {
			t.Errorf("%s is declared, but neither permanent nor transient", name)
		}
		if constant != string(name) {
			if strings.ToUpper(constant[:1]) == constant[:1] {
				t.Errorf("%s has the name %s", constant, name)
			}
			continue
		}
		if exported++; !used[constant] && name != failure.Internal {
			t.Errorf("no code returns %s: remove it", name)
		}
	}
	if exported < 30 || len(used) < 30 {
		t.Errorf("found %d declarations and %d uses", exported, len(used))
	}
}
