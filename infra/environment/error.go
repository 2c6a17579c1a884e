package environment

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// faults collects all that is wrong with an environment's file, so that a person mends it in one go. Each has the line to look
// at, the field's path, what was given and what is allowed.
type faults struct {
	file  string
	lines map[string]int  // by path, of every field and element that is given
	bad   map[string]bool // by path, what is not understood: nothing below it is judged any further
	all   []fault
}

type fault struct {
	line int
	text string
}

// add tells a fault of the field at path, unless that could not even be understood.
func (f *faults) add(path, format string, args ...any) {
	if !f.understood(path) {
		return
	}
	told := fault{f.line(path), orFile(path) + ": " + fmt.Sprintf(format, args...)}
	if !slices.Contains(f.all, told) {
		f.all = append(f.all, told)
	}
}

// misunderstood tells a fault, and keeps what follows from it to itself.
func (f *faults) misunderstood(path, format string, args ...any) {
	f.add(path, format, args...)
	f.bad[bare(path)] = true
}

// understood tells whether what stands at path, and all around it, could be decoded.
func (f *faults) understood(path string) bool {
	for path = bare(path); path != ""; path = parent(path) {
		if f.bad[path] {
			return false
		}
	}
	return true
}

// given tells whether the file has something at path.
func (f *faults) given(path string) bool { return f.lines[bare(path)] != 0 }

// line is where the field at path stands; for one that is missing, where it would.
func (f *faults) line(path string) int {
	for path = bare(path); path != ""; path = parent(path) {
		if line := f.lines[path]; line != 0 {
			return line
		}
	}
	return 1
}

// err returns nil, or one error with a line for each fault, in the order of the file.
func (f *faults) err() error {
	if len(f.all) == 0 {
		return nil
	}
	slices.SortStableFunc(f.all, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	return &environmentError{file: f.file, faults: f.all}
}

// environmentError is what is wrong with the file of an environment.
type environmentError struct {
	file   string
	faults []fault
}

// maxFaults is how many faults one error tells: nobody mends more in one go.
const maxFaults = 50

func (e *environmentError) Error() string {
	var lines []string
	for i, each := range e.faults {
		if i == maxFaults {
			each.text = "and " + strconv.Itoa(len(e.faults)-i) + " more from here"
		}
		lines = append(lines, e.file+":"+strconv.Itoa(each.line)+": "+shortened(each.text))
		if i == maxFaults {
			break
		}
	}
	return strings.Join(lines, "\n")
}

// shortened leaves out the middle of a fault that is very long: that of a field which lies in thousands of others.
func shortened(text string) string {
	const most = 1000 // bytes at either end
	if len(text) <= 2*most {
		return text
	}
	return strings.ToValidUTF8(text[:most]+"…"+text[len(text)-most:], "")
}

// plainName is what a path shows as it is: up to a little more than the longest key of a tag.
var plainName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,150}$`)

// join returns the path of a member. A name that could be mistaken for more than one is in quotes.
func join(path, name string) string {
	if !plainName.MatchString(name) {
		name = quoted(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// bare is a path as lines are found by it: package request quotes names elsewhere than join does.
func bare(path string) string { return strings.ReplaceAll(path, `"`, "") }

func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// bounded shows what YAML took for a number, a name or the like: as it is where that is short and plain.
func bounded(text string) string {
	if len(text) > 40 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return quoted(text)
	}
	return text
}

// quoted shows what somebody else wrote, which may hold anything, on one line and not too long.
func quoted(text string) string {
	const most = 100
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "…"
	}
	return strconv.Quote(text)
}
