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
	"dynamodb-to-s3/lambda/run"

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
	message := printable(err.Error(), maxMessage)
	if len(run.Marshal(message)) > maxInJSON {
		message = printable(err.Error(), maxMessage/2)
	}
	return messages.InvokeResponse_Error{Type: string(name), Message: message}
}

const (
	// maxMessage is the most bytes of a message.
	maxMessage = 8 << 10
	// maxInJSON is the most bytes of a message in JSON, which makes six of one at most. Step Functions cuts a cause after 32,768 characters,
	// and then it is no JSON any more.
	maxInJSON = 32_000
)

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
