package document

import (
	"fmt"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
)

// Report has what is wrong with one document, and which fields the document gives.
type Report struct {
	Problems problem.List
	told     map[problem.Problem]bool
	lines    map[string]int  // by path, of each member and element
	rejected map[string]bool // by path
	empty    map[string]bool // by path, of the rejected ones
}

// NewReport returns a report without problems.
func NewReport() *Report {
	return &Report{told: map[problem.Problem]bool{}, lines: map[string]int{}, rejected: map[string]bool{}, empty: map[string]bool{}}
}

// Add adds a problem of the field at path, once, unless the field was rejected: what follows from a rejected value is no problem of its own.
func (r *Report) Add(path, got, want string, args ...any) {
	if r.Understood(path) {
		r.AddProblem(problem.Problem{Path: path, Got: got, Want: fmt.Sprintf(want, args...), Line: r.Line(path)})
	}
}

// AddGiven adds a problem of a field that must not be given, once and whatever its value is.
func (r *Report) AddGiven(path, want string, args ...any) {
	r.AddProblem(problem.Problem{Path: path, Want: fmt.Sprintf(want, args...), Line: r.Line(path)})
}

// AddProblem adds a problem, once.
func (r *Report) AddProblem(p problem.Problem) {
	if !r.told[p] {
		r.told[p] = true
		r.Problems = append(r.Problems, p)
	}
}

// Reject adds a problem of the field at path, whose value has no meaning: no more problems are added for it and for what is in it.
func (r *Report) Reject(path, got, want string, args ...any) {
	r.Add(path, got, want, args...)
	r.rejected[path] = true
}

// Understood says that neither the field at path nor any field around it was rejected.
func (r *Report) Understood(path string) bool {
	for ; path != ""; path = parent(path) {
		if r.rejected[path] {
			return false
		}
	}
	return !r.rejected[""]
}

func (r *Report) rejectEmpty(path string) {
	r.Reject(path, "", "is empty: leave it out, or give a value")
	r.empty[path] = true
}

// Given says that the document has a field at path whose value is not empty. The value can be one that was rejected.
func (r *Report) Given(path string) bool {
	_, given := r.lines[path]
	return given && !r.empty[path]
}

// Line returns the line of the field at path. For a field that is missing it is the line of the nearest field around it, and 0 if no
// line is known.
func (r *Report) Line(path string) int {
	for ; path != ""; path = parent(path) {
		if line, given := r.lines[path]; given {
			return line
		}
	}
	return 0
}

// EachMember calls visit for each member of an object, and rejects any other value. It does not visit a member whose name is given again.
// The problem does not show the value, which can be an attribute's.
func (r *Report) EachMember(node *Node, path string, visit func(name string, value *Node, path string)) {
	if node.Kind != Object {
		r.Reject(path, string(node.Kind), string(Object))
	}
	seen := map[string]int{} // the line by the whole name: a path shortens long names, so that two can have one path
	for _, member := range node.Members {
		own := Join(path, member.Name)
		first, twice := seen[member.Name]
		switch {
		case !twice:
			seen[member.Name], r.lines[own] = member.Line, member.Line
			visit(member.Name, member.Value, own)
		case first > 0:
			r.AddProblem(problem.Problem{Path: own, Want: "given twice, first in line " + strconv.Itoa(first), Line: member.Line})
		default:
			r.AddProblem(problem.Problem{Path: own, Want: "given twice"})
		}
	}
}

// EachElement calls visit for each element of a list, and rejects any other value.
func (r *Report) EachElement(node *Node, path string, visit func(element *Node, path string)) {
	if node.Kind != List {
		r.Reject(path, string(node.Kind), string(List))
	}
	for i, element := range node.Elements {
		own := Element(path, i)
		r.lines[own] = element.Line
		visit(element, own)
	}
}

// plainName is a name that a path shows as it is, up to a little more than the longest key of a tag.
var plainName = lazyregexp.New(`^[#:]?[a-zA-Z0-9_-]{1,150}$`)

// Join returns the path of a member of the object at path. A name that could be mistaken for more than one is in quotes.
func Join(path, name string) string {
	if !plainName().MatchString(name) {
		name = problem.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// Element returns the path of an element of the list at path.
func Element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }
