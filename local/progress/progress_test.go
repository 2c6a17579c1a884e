package progress

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
)

var begin = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func count(n int64) func() int64 { return func() int64 { return n } }

// The line that is redrawn never needs a second row, on any terminal, however much there is to do.
func TestScreenStaysInOneRow(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{1, 2, 5, 20, 40, 60, 80, 200} {
		for _, name := range []string{"replicating orders", "replicating " + strings.Repeat("long-name.", 25), "checking 東京の注文🧾 👩‍👩‍👧‍👦 e\u0301.jsonl"} {
			for _, total := range []int64{0, 1, 50_000, 1e7, 1e10, math.MaxInt64} {
				var done atomic.Int64
				var text strings.Builder
				s := &Screen{w: &text, terminal: true, size: func() (int, int) { return columns, 24 }}
				draw := s.redraw(&meter{start: begin, work: Work{
					Name: name, Unit: "item", Done: done.Load, Total: count(total), Estimated: true,
					Detail: func() string { return fmt.Sprint(done.Load()%7, " MB at 84.2 MB/s, 4 of 10,000 segments") },
				}})
				for i := range 100 {
					done.Store(1 + total/90*int64(i)) // at the end it is more than the total
					draw(begin.Add(time.Duration(i)*time.Second), false)
				}
				frames := strings.Split(strings.ReplaceAll(text.String(), clearRight, ""), "\r")[1:]
				if len(frames) > 100 || columns >= 80 && total > 90 && len(frames) < 20 || strings.Contains(text.String(), "\n") {
					t.Fatalf("%d columns: %d frames:\n%q", columns, len(frames), text.String())
				}
				for _, frame := range frames {
					if width := runewidth.StringWidth(frame); width >= max(columns, 2) {
						t.Errorf("%d columns, %d items: %q is %d wide", columns, total, frame, width)
					}
				}
				if columns >= 80 && len(name) < 60 && total > 1 && !strings.Contains(frames[len(frames)/2], " %, ") {
					t.Errorf("%d columns, %d items: %q has no percentage", columns, total, frames[len(frames)/2])
				}
			}
		}
	}
}

func TestScreenFollowsTheWidth(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	columns := 60
	s := &Screen{w: &text, terminal: true, size: func() (int, int) { return columns, 24 }}
	draw := s.redraw(&meter{start: begin, work: Work{Name: "replicating orders", Unit: "item", Done: count(31_000), Total: count(50_000)}})
	draw(begin, false)
	columns = 30
	draw(begin, false)
	columns = 60
	draw(begin, false)
	draw(begin, true)
	whole := "replicating orders: 62 %, 31,000 of 50,000 items"
	// The narrow terminal has wrapped the row.
	if want := "\r" + whole + clearRight + "\r\x1b[1A" + clearBelow + "replicating…: 62 %, 31,000 o…" + clearRight + "\r" + clearBelow + whole + clearRight + "\n"; text.String() != want {
		t.Errorf("got  %q\nwant %q", text.String(), want)
	}
}

func TestBytesAreSizes(t *testing.T) {
	t.Parallel()
	m := meter{start: begin, work: Work{Name: "checking the items", Unit: "byte", Done: count(1_250_000), Total: count(2_500_000)}}
	if got, want := m.text(begin, false, 0), "checking the items: 50 %, 1.2 MB of 2.5 MB"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Other output of the program is in rows of its own.
func TestScreenShowsOtherOutputAbove(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	s := &Screen{w: &text, terminal: true, size: func() (int, int) { return 60, 24 }}
	var done atomic.Int64
	done.Store(1)
	draw := s.redraw(&meter{start: begin, work: Work{Name: "work", Unit: "item", Done: done.Load}})
	_, _ = fmt.Fprintln(s, "before")
	draw(begin, false)
	_, _ = fmt.Fprintln(s, "retry 1")
	_, _ = fmt.Fprint(s, "half ")
	done.Store(2)
	draw(begin, false) // waits for the other half
	_, _ = fmt.Fprintln(s, "a line")
	draw(begin, true)
	_, _ = fmt.Fprintln(s, "after")
	first, second, cleared := "work: 1 item", "work: 2 items", "\r"+clearBelow
	want := "before\n\r" + first + clearRight + cleared + "retry 1\n" + first + cleared + "half a line\n" + second + "\nafter\n"
	if text.String() != want {
		t.Errorf("got  %q\nwant %q", text.String(), want)
	}
}

// A log of an hour's work has few lines, and the last of them is the end.
func TestPlainLinesBecomeFewer(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var done atomic.Int64
	draw := plainLines(&text, &meter{start: begin, work: Work{Name: "work", Unit: "item", Done: done.Load, Total: count(3600)}})
	draw(begin, false) // nothing has begun to move
	for s := range 3600 {
		done.Store(int64(s))
		draw(begin.Add(time.Duration(s)*time.Second), false)
	}
	done.Store(3600)
	draw(begin.Add(time.Hour), true)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) < 50 || len(lines) > 120 || lines[0] != "work: 0 %, 2 of 3,600 items" || lines[len(lines)-1] != "work: 100 %, 3,600 of 3,600 items" {
		t.Errorf("%d lines:\n%s", len(lines), text.String())
	}
}

// A line without a new number says nothing.
func TestPlainLinesHaveNewNumbers(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var done atomic.Int64
	draw := plainLines(&text, &meter{start: begin, work: Work{Name: "exporting orders", Unit: "check", Done: done.Load, Detail: func() string { return "so far" }}})
	draw(begin.Add(time.Minute), true) // no work is done yet
	for i, n := range []int64{0, 1, 1, 1, 2} {
		done.Store(n)
		draw(begin.Add(time.Duration(i+1)*time.Minute), false)
	}
	draw(begin.Add(time.Hour), true)
	if want := "exporting orders: 1 check, so far\nexporting orders: 2 checks, so far\nexporting orders: 2 checks, so far\n"; text.String() != want {
		t.Errorf("got\n%s, want\n%s", text.String(), want)
	}
}

func TestShowWritesTheEndWithoutATerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only written for this test
	screen := NewScreen(file)
	stop := Show(screen, Work{Name: "work", Unit: "item", Total: count(2), Done: count(2)})
	stop()
	stop() // a second call does nothing
	unknown := Show(screen, Work{Name: "unknown", Unit: "item", Done: count(0)})
	unknown()
	text, err := os.ReadFile(file.Name())
	if err != nil || string(text) != "work: 100 %, 2 of 2 items\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		done, total int64
		after       time.Duration // since the first item
		estimated   bool
		want        string
	}{
		{"too early", 500, 1000, 4 * time.Second, false, "work: 50 %, 500 of 1,000 items"},
		{"too little", 11, 1000, 30 * time.Second, false, "work: 1 %, 11 of 1,000 items"},
		{"little in a long time", 11, 1000, time.Minute, false, "work: 1 %, 11 of 1,000 items, about 2 h left"},
		{"enough", 501, 1000, 5 * time.Second, false, "work: 50 %, 501 of 1,000 items, about 10 s left"},
		{"a large table", 1 + 1e9, 10e9, time.Hour, true, "work: 10 %, 1.0 billion of about 10.0 billion items, about 9 h left"},
		{"many days", 1 + 1e9, 100e9, 24 * time.Hour, true, "work: 1 %, 1.0 billion of about 100.0 billion items, about 99 days left"},
		{"all", 1000, 1000, time.Minute, true, "work: 100 %, 1,000 of about 1,000 items"},
		{"more than was estimated", 3_500_000, 3_400_000, time.Minute, true, "work: 3.5 million items, more than the estimated 3.4 million"},
		{"an unknown total", 3_500_000, 0, time.Minute, true, "work: 3.5 million items"},
	} {
		var done atomic.Int64
		m := meter{start: begin, work: Work{Name: "work", Unit: "item", Done: done.Load, Total: count(test.total), Estimated: test.estimated}}
		at := begin.Add(time.Hour) // the wait before the first item says nothing about the speed
		done.Store(1)
		_ = m.text(at, false, 0)
		done.Store(test.done)
		if got := m.text(at.Add(test.after), false, 0); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if got := m.text(at.Add(test.after), true, 0); strings.Contains(got, " left") {
			t.Errorf("%s: at the end: %q", test.name, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 1234567: "1,234,567", -123: "-123"} {
		if got := Count(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 objects", 1: "1 object", 2: "2 objects", 1204: "1,204 objects"} {
		if got := Plural(n, "object"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 1_550_000: "1.6 MB", 15_400_000_000: "15.4 GB",
		1e12: "1.0 TB", 1e15: "1.0 PB", math.MaxInt64: "9.2 EB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0", 1: "1", 999_999: "999,999", 1_000_000: "1.0 million", 2_134_567: "2.1 million", 999_950_000: "1.0 billion", 1e10: "10.0 billion", math.MaxInt64: "9.2 quintillion",
	} {
		if got := Short(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "about 10 s left", 11 * time.Second: "about 20 s left", 50 * time.Second: "about 50 s left", 51 * time.Second: "about 1 min left", 61 * time.Second: "about 2 min left",
		90 * time.Minute: "about 2 h left", 47 * time.Hour: "about 47 h left", 48 * time.Hour: "about 2 days left",
	} {
		if got := Left(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
