package function

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// Step Functions cuts a cause after 32,768 characters, and a state of the state machine reads it as JSON.
func TestCauseIsNeverCut(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"x", "<", "\"", "\n", "\x00", "\xff", "é", "\u2028", "\U0001F600", "\U0010FFFF"} {
		cause, err := json.Marshal(named(errors.New(strings.Repeat(message, 40_000))))
		if err != nil {
			t.Fatal(err)
		}
		if n := len([]rune(string(cause))); n > 32_768 || n < 1_000 {
			t.Errorf("a message of %q makes a cause of %d characters", message, n)
		}
	}
}
