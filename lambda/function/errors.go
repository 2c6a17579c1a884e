package function

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/failure"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// named returns err as the answer of a function: under the name that Retry and Catch match. aws-lambda-go names any other
// error by the outermost Go type, which a single fmt.Errorf changes.
func named(err error) messages.InvokeResponse_Error {
	name := failure.NameOf(err)
	if name == failure.Internal && errors.Is(err, context.DeadlineExceeded) {
		name = failure.NoProgress
	}
	if !name.Understood() { // a code with which an export has failed is DynamoDB's to choose
		name = failure.Internal
	}
	return messages.InvokeResponse_Error{Type: string(name), Message: printable(err.Error(), maxMessage)}
}

// maxMessage is how many bytes a message has at most: a quarter of the cause that Step Functions keeps.
const maxMessage = 8 << 10

// printable returns a text as logs and consoles can show it: on one line, what does not print as Go would write it, and not too
// long. Whoever puts what others wrote into a message quotes it there; the words of services are put in as they come.
func printable(text string, most int) string {
	var shown strings.Builder
	for i, r := range text {
		if shown.Len() >= most {
			shown.WriteString("…")
			break
		}
		switch _, size := utf8.DecodeRuneInString(text[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&shown, `\x%02x`, text[i])
		case unicode.IsPrint(r):
			shown.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			shown.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return shown.String()
}
