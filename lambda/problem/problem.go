// Package problem owns the lists of what is wrong with an input, such as a request or an environment. Start with List. It may import failure.
package problem

import (
	"fmt"
	"strconv"
	"strings"

	"dynamodb-to-s3/lambda/failure"
)

// Problem is one thing that is wrong with an input.
type Problem struct {
	// Path is the path of the field, such as scan.Limit; "" for the whole input.
	Path string
	// Got shows what was given, on one line; "" where Want says everything.
	Got string
	// Want is what is allowed, or what to do.
	Want string
	// Line is the line in the file, from 1; 0 where it is not known.
	Line int
}

// String returns the problem as a person reads it: "path: got X, want Y", or "path: Y" without Got.
func (p Problem) String() string {
	words := shortened(p.Want, 1000)
	if p.Got != "" {
		words = "got " + p.Got + ", want " + words
	}
	if p.Path == "" {
		return words
	}
	return shortened(p.Path, 200) + ": " + words
}

// List is an error that lists everything that is wrong with an input, so that a person can correct it all at once.
// Callers read the list with errors.AsType.
type List []Problem //nolint:errname // it is a list of data first, and named as messages name it

// maxTold is the number of problems in one message: a request can have thousands, and Step Functions keeps 32 KiB of a cause.
const maxTold = 20

func (p List) Error() string {
	var told []string
	for _, each := range p[:min(len(p), maxTold)] {
		told = append(told, each.String())
	}
	if len(p) > maxTold {
		told = append(told, fmt.Sprintf("and %d more", len(p)-maxTold))
	}
	if len(p) == 1 {
		return told[0]
	}
	return fmt.Sprintf("%d problems: %s", len(p), strings.Join(told, "; "))
}

// Err returns nil if there are no problems, otherwise an InvalidRequest that holds them.
func (p List) Err() error {
	if len(p) == 0 {
		return nil
	}
	return failure.Errorf(failure.InvalidRequest, "invalid request: %w", p)
}

// Quote shows text that a person or a service wrote, which can hold anything: quoted, on one line, and not too long.
func Quote(text string) string {
	const most = 100
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "…"
	}
	return strconv.Quote(text)
}

// shortened leaves out the middle of a text that has more than most bytes.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2]+"…"+text[len(text)-most/2:], "")
}
