package badinput

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dynamodb-to-s3/infra/environment"
)

// file is an environment file that must be refused. The error has a line for each fault, which begins with the file and the line.
type file struct {
	expected `yaml:",inline"`
	// With follows a table and a bucket, which are lines 1 and 2. Text is a complete file.
	With text `yaml:"with"`
	Text text `yaml:"text"`
}

func TestBadEnvironmentsAreRefusedByLine(t *testing.T) {
	t.Parallel()
	each(t, "environments", 40, func(f file) expected { return f.expected }, func(t *testing.T, f file) {
		content := f.Text.written()
		if f.With != "" {
			content = "tables: [orders]\nbucket: {name: replica}\n" + f.With.written()
		}
		name := filepath.Join(t.TempDir(), "test.yaml")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := environment.Read(name)
		if err == nil {
			t.Fatal("the file was accepted")
		}
		var told []string
		for line := range strings.SplitSeq(err.Error(), "\n") {
			words, begins := strings.CutPrefix(line, name+":")
			if !begins {
				t.Errorf("got %q, want the file first", line)
			}
			told = append(told, words)
		}
		f.hold(t, "faults", strings.Join(told, " | "))
	})
}
