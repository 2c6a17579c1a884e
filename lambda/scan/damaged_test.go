package scan

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"dynamodb-to-s3/lambda/run"
)

// Pages before an error are handed over, unless the error says that they may be wrong too.
func TestDamagedPagesAreNotHandedOver(t *testing.T) {
	t.Parallel()
	s := &segment{log: slog.New(slog.DiscardHandler)}
	at := position{totals: run.Totals{Pages: 1}}
	if err := s.failureOf(t.Context(), fmt.Errorf("read: %w", ErrDamaged), at); !errors.Is(err, ErrDamaged) {
		t.Errorf("damage: got %v", err)
	}
	if err := s.failureOf(t.Context(), errors.New("the connection ended"), at); err != nil {
		t.Errorf("another error: got %v", err)
	}
}
