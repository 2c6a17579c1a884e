package progress

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

func TestLinesBecomeFewerAndTheLastIsWritten(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var done atomic.Int64
	draw := lines(&text, Work{Name: "work", Total: func() int64 { return 1234 }, Done: done.Load, Detail: func() string { return "(so far)" }})
	for done.Load() < 33 {
		done.Add(1)
		draw(false)
	}
	done.Store(1234)
	draw(true)
	shown := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(shown) != 10+4+1 || shown[0] != "work: 1/1,234 (so far)" || shown[13] != "work: 30/1,234 (so far)" || shown[14] != "work: 1,234/1,234 (so far)" {
		t.Errorf("%d lines:\n%s", len(shown), text.String())
	}
}

// If the total is unknown, only new numbers are written.
func TestLinesOfUnknownWork(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var done atomic.Int64
	draw := lines(&text, Work{Name: "checks", Done: done.Load, Detail: func() string { return "(so far)" }})
	draw(true) // no work is done yet
	for _, n := range []int64{0, 1, 1, 1, 2} {
		done.Store(n)
		draw(false)
	}
	draw(true)
	if want := "checks: 1 (so far)\nchecks: 2 (so far)\nchecks: 2 (so far)\n"; text.String() != want {
		t.Errorf("got\n%s, want\n%s", text.String(), want)
	}
}

func TestSpinnerEndsInALine(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var done atomic.Int64
	draw := spinner(&text, Work{Name: "checks", Done: done.Load})
	draw(false)
	done.Store(3)
	draw(false)
	draw(true)
	if want := "\r\x1b[2K/ checks: 3\r\x1b[2Kchecks: 3\n"; text.String() != want {
		t.Errorf("got %q, want %q", text.String(), want)
	}
}

func TestShowWritesTheEndWithoutATerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only written for this test
	two := func() int64 { return 2 }
	stop := Show(file, Work{Name: "work", Total: two, Done: two})
	stop()
	stop() // a second call does nothing
	unknown := Show(file, Work{Name: "unknown", Total: func() int64 { return 0 }, Done: two})
	unknown()
	text, err := os.ReadFile(file.Name())
	if err != nil || string(text) != "work: 2/2\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 1234567: "1,234,567", -123: "-123"} {
		if got := Count(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Megabytes(1_550_000); got != "1.6 MB" {
		t.Errorf("got %s", got)
	}
}
