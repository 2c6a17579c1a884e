package ddbjson

import (
	"errors"
	"fmt"
)

// ErrMalformed matches every error of this package with errors.Is.
var ErrMalformed = errors.New("malformed")

// MalformedError says where an answer or an item is not what DynamoDB sends. It never contains a byte of either.
type MalformedError struct {
	Op     string // "parse answer" or "encode item"
	Offset int    // in bytes, from the start of the answer or the item
	Size   int    // of the answer or the item, in bytes; equal to Offset if the input ends too early
	Want   string // what was expected at Offset
}

// Expectations that occur in several places.
const (
	wantObject         = "an object"
	wantType           = "an attribute type: S, N, B, BOOL, NULL, M, L, SS, NS or BS"
	wantName           = "a member name"
	wantColon          = "a colon"
	wantCommaOrBrace   = "a comma or the end of the object"
	wantCharacter      = "a character of a string, an escape sequence or the closing quote"
	wantShallower      = "no nesting deeper than DynamoDB's"
	wantCommaOrBracket = "a comma or the end of the array"
)

func (e *MalformedError) Error() string {
	return fmt.Sprintf("%s: %v at byte %d of %d: expected %s", e.Op, ErrMalformed, e.Offset, e.Size, e.Want)
}

// Unwrap returns [ErrMalformed].
func (e *MalformedError) Unwrap() error { return ErrMalformed }

// malformed says that b[offset:] does not start with want. The entry points add Op.
func malformed(b []byte, offset int, want string) *MalformedError {
	return &MalformedError{Offset: offset, Size: len(b), Want: want}
}
