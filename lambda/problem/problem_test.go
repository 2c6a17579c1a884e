package problem_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
)

func TestProblemsAreOneMessageAndReadableAsData(t *testing.T) {
	t.Parallel()
	if err := problem.List(nil).Err(); err != nil {
		t.Errorf("no problems: got %v", err)
	}
	many := problem.List{{Path: "a", Got: "5", Want: "1 to 3"}, {Want: "not valid JSON", Line: 7}}
	if got, want := many.Err().Error(), "invalid request: 2 problems: a: got 5, want 1 to 3; not valid JSON"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := many[:1].Err().Error(), "invalid request: a: got 5, want 1 to 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	wrapped := fmt.Errorf("plan: %w", many.Err())
	if got, ok := errors.AsType[problem.List](wrapped); !ok || len(got) != 2 || got[0] != many[0] || failure.NameOf(wrapped) != failure.InvalidRequest {
		t.Errorf("got %v, %s", got, failure.NameOf(wrapped))
	}
	for range 30 {
		many = append(many, problem.Problem{Path: strings.Repeat("é", 5000), Want: strings.Repeat("ü", 5000)})
	}
	got := many.Err().Error()
	if !strings.HasPrefix(got, "invalid request: 32 problems: a: ") || !strings.HasSuffix(got, "; and 12 more") || strings.Count(got, "; ") != 20 || len(got) > 32_768 ||
		strings.ToValidUTF8(got, "") != got {
		t.Errorf("%d bytes: %.300s", len(got), got)
	}
}
