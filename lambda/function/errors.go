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

// named returns err as a function's answer, under the name that Retry and Catch match. aws-lambda-go would use the outermost Go
// type as the name, which one fmt.Errorf changes.
func named(err error) messages.InvokeResponse_Error {
	name := failure.NameOf(err)
	if name == failure.Internal && errors.Is(err, context.DeadlineExceeded) {
		name = failure.NoProgress
	}
	if !name.Understood() { // DynamoDB chooses the failure code of an export
		name = failure.Internal
	}
	return messages.InvokeResponse_Error{Type: string(name), Message: printable(err.Error(), maxMessage)}
}

// maxMessage is the most bytes of a message: a quarter of the cause that Step Functions keeps.
const maxMessage = 8 << 10

// printable returns a text that logs and consoles can show: on one line, unprintable characters escaped as in Go, and not too long.
// Messages quote text from users. They show messages of services as they come.
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
