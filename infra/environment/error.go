package environment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/problem"
)

// environmentError is what is wrong with the file of an environment: a line for each problem, in the order of the file.
type environmentError struct {
	file     string
	problems problem.List
}

// maxTold is the number of problems in one error: nobody corrects more at once.
const maxTold = 50

func (e *environmentError) Error() string {
	sorted := slices.SortedStableFunc(slices.Values(e.problems), func(a, b problem.Problem) int { return cmp.Compare(a.Line, b.Line) })
	var lines []string
	for i, each := range sorted {
		if i == maxTold {
			lines = append(lines, fmt.Sprintf("%s:%d: and %d more from here", e.file, each.Line, len(sorted)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("%s:%d: %s", e.file, max(1, each.Line), each))
	}
	return strings.Join(lines, "\n")
}

func (e *environmentError) Unwrap() error { return e.problems }
