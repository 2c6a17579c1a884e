package failure_test

import (
	"errors"
	"testing"

	"dynamodb-to-s3/lambda/failure"
)

func TestErrorNamesAreListedOnce(t *testing.T) {
	t.Parallel()
	seen := map[failure.Name]bool{}
	for _, name := range failure.Names() {
		if seen[name] || !name.Understood() {
			t.Errorf("%s is listed twice, or is not a valid name", name)
		}
		seen[name] = true
	}
	if !failure.InvalidRequest.Permanent() || failure.Throttled.Permanent() || failure.Name("x").Permanent() {
		t.Error("Permanent is wrong")
	}
	if got := failure.NameOf(errors.New("x")); got != failure.Internal {
		t.Errorf("an error without a name is %s", got)
	}
}
