package states

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const arnPrefix = "arn:aws:states:" + Region + ":" + Account + ":"

// The limits of Step Functions' API.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
const (
	maxName  = 80     // characters
	maxError = 256    // characters
	maxCause = 32_768 // characters
	maxPage  = 1000   // entries
	usePage  = 100    // entries, if the call does not say how many
)

// invalid is the error for an input that is not of the model.
func invalid(format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	return &types.ValidationException{Message: &message}
}

// constraint is the error for a member that does not keep a constraint of the model.
func constraint(value any, member, words string, values ...any) error {
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, fmt.Sprintf(words, values...))
}

// checkLength checks a text that may be absent.
func checkLength(member string, text *string, most int) error {
	if utf8.RuneCountInString(aws.ToString(text)) > most {
		return constraint(*text, member, "Member must have length less than or equal to %d", most)
	}
	return nil
}

// checkARN checks an ARN that must be given. kind is a type of resource, such as execution.
func checkARN(member string, arn *string, kind string) error {
	if arn == nil {
		return constraint("null", member, "Member must not be null")
	}
	parts := strings.SplitN(*arn, ":", 7)
	if len(parts) < 7 || parts[0] != "arn" || parts[2] != "states" || parts[6] == "" {
		message := fmt.Sprintf("Invalid Arn: 'Invalid ARN prefix: %s'", *arn)
		return &types.InvalidArn{Message: &message}
	}
	if parts[5] == kind {
		return nil
	}
	message := fmt.Sprintf("Invalid Arn: 'Resource type not valid in this context: %s'", parts[5])
	return &types.InvalidArn{Message: &message}
}

// checkName checks the name of an execution.
func checkName(name string) error {
	if err := checkLength("name", &name, maxName); err != nil {
		return err
	}
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) || unicode.IsControl(r) || r == utf8.RuneError || r == '\uFFFE' || r == '\uFFFF' || r == '\U0010FFFF'
	}
	if name == "" || strings.ContainsFunc(name, bad) {
		message := fmt.Sprintf("Invalid Name: '%s'", name)
		return &types.InvalidName{Message: &message}
	}
	return nil
}

// checkInput checks the input of an execution: JSON within the quota.
func checkInput(input string) error {
	if len(input) > statemachine.PayloadLimit {
		return constraint("(omitted)", "input", "Member must have length less than or equal to %d", statemachine.PayloadLimit)
	}
	var any json.RawMessage
	if err := json.NewDecoder(bytes.NewReader([]byte(input))).Decode(&any); err != nil || !json.Valid([]byte(input)) {
		if err == nil {
			err = fmt.Errorf("there is more after the first value")
		}
		message := fmt.Sprintf("Invalid State Machine Execution Input: '%s'", err)
		return &types.InvalidExecutionInput{Message: &message}
	}
	return nil
}

// checkPage returns how many entries a page has.
func checkPage(given int32) (int, error) {
	switch {
	case given < 0:
		return 0, constraint(given, "maxResults", "Member must have value greater than or equal to 0")
	case given > maxPage:
		return 0, constraint(given, "maxResults", "Member must have value less than or equal to %d", maxPage)
	case given == 0:
		return usePage, nil
	}
	return int(given), nil
}

// uuid returns a new name, as Step Functions makes them.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
