// Package badinput holds a corpus of invalid input from people and services, and gives all of it to the real code. The corpus is data, in
// the folders beside this file. README.md says how to add an entry.
package badinput

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/failure"

	"go.yaml.in/yaml/v3"
)

const (
	// secret is the value of an attribute in the corpus. No message and no line of a log may have it.
	secret = "s3cr3t"
	// mostWords is the most bytes of a message, for an input of any length.
	mostWords = 9 << 10
	// patience is far longer than any input takes, so that no test fails because the machine is busy.
	patience = 20 * time.Second
)

// expected is the name of an entry and the error that it must cause.
type expected struct {
	Name  string   `yaml:"name"`
	Error string   `yaml:"error"`
	Says  []string `yaml:"says"`
}

// hold checks an error against the entry, and against the rules for all errors.
func (e expected) hold(t *testing.T, name, message string) {
	t.Helper()
	if name != e.Error {
		t.Errorf("got %s, want %s", name, e.Error)
	}
	for _, words := range e.Says {
		if !strings.Contains(message, words) {
			t.Errorf("the message does not say %q", words)
		}
	}
	if len(message) > mostWords {
		t.Errorf("the message has %d bytes, want at most %d", len(message), mostWords)
	}
	if i := strings.IndexFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(message) {
		t.Errorf("the message is not printable at byte %d", i)
	}
	if strings.Contains(message, secret) {
		t.Error("the message shows the value of an attribute")
	}
	if t.Failed() {
		t.Logf("the message is %.2000q", message)
	}
}

// each reads the entries of a kind and runs check for each, as a test of its own.
func each[E any](t *testing.T, kind string, least int, of func(E) expected, check func(*testing.T, E)) {
	files, err := filepath.Glob(filepath.Join(kind, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		for _, entry := range read[E](t, file) {
			e := of(entry)
			if e.Name == "" || e.Error == "" || len(e.Says) == 0 || names[e.Name] {
				t.Errorf("%s: the entry %q has no name, error or words, or its name is there twice", file, e.Name)
			}
			if e.Error == string(failure.Internal) && filepath.Base(file) != "faults.yaml" {
				t.Errorf("%s: %q expects Internal, which only faults.yaml may have", file, e.Name)
			}
			names[e.Name] = true
			t.Run(e.Name, func(t *testing.T) {
				t.Parallel()
				begun := time.Now()
				check(t, entry)
				if took := time.Since(begun); took > patience {
					t.Errorf("took %s", took)
				}
			})
		}
	}
	t.Logf("%d %s in %d files", len(names), kind, len(files))
	if len(names) < least {
		t.Errorf("%d %s, want at least %d", len(names), kind, least)
	}
}

func read[E any](t *testing.T, file string) []E {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var entries []E
	if err := decoder.Decode(&entries); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return entries
}

// text is input as the corpus writes it: ⟦3×ab⟧ is ababab, and ⟦ff 00⟧ are these two bytes.
type text string

var (
	repeated = regexp.MustCompile(`⟦(\d+)×([^⟧]*)⟧`)
	numbers  = regexp.MustCompile(`⟦([0-9a-f]{2}(?: [0-9a-f]{2})*)⟧`)
)

// written returns the input with its marks replaced.
func (x text) written() string {
	bare := numbers.ReplaceAllStringFunc(string(x), func(mark string) string {
		var octets []byte
		for field := range strings.FieldsSeq(strings.Trim(mark, "⟦⟧")) {
			number, _ := strconv.ParseUint(field, 16, 8) // two digits, as matched
			octets = append(octets, byte(number))
		}
		return string(octets)
	})
	return repeated.ReplaceAllStringFunc(bare, func(mark string) string {
		parts := repeated.FindStringSubmatch(mark)
		count, _ := strconv.Atoi(parts[1]) // digits, as matched
		return strings.Repeat(parts[2], count)
	})
}
