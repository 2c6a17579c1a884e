// Package lazyregexp holds regular expressions in package-level variables without the time to compile them at the start of the program.
// Every function runs the same program, and one invocation needs a few of its expressions at most. It imports only the standard library.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that compiles a regular expression at its first call and returns the same one at every further call. It panics
// then if the expression is not valid. A test of this package compiles all expressions of lambda/.
func New(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
