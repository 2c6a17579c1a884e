package watch

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/run"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
)

var update = flag.Bool("update", false, "write the golden files")

var begin = time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)

// moment is a look at a time after the start.
type moment struct {
	what  string
	after time.Duration
	look  Look
}

func moments() []moment {
	const arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/export/01769839260000-2d8752fd"
	running := func(phase Phase, change func(*Look)) Look {
		l := Look{Name: "orders-nightly-20260131T060000Z", Status: execution.Running, Start: begin, Phase: phase, Table: "orders", Estimate: &run.Estimated{ReadUnits: 4.6e6}}
		change(&l)
		return l
	}
	segments := func(done, running, failed int64) *Children {
		return &Children{Unit: "segment", Total: 1000, Done: done, Running: running, Failed: failed}
	}
	read := func(change func(*Read)) *Read {
		r := &Read{
			Totals: run.Totals{Scanned: 12_345_678, PageBytes: 15_432_100_000, ReadUnits: 1.9e6}, Lists: 450,
			ItemsPerSecond: 17_012, BytesPerSecond: 21_300_000,
		}
		change(r)
		return r
	}
	throttled := map[string]int64{"TableReadProvisionedThroughputExceeded": 1204, "TableReadKeyRangeThroughputExceeded": 1, "TableReadAccountLimitExceeded": 1}
	return []moment{
		{"the start", 1500 * time.Millisecond, running("", func(*Look) {})},
		{"planning", 3 * time.Second, running(Planning, func(*Look) {})},
		{"planning again after a failure", 9 * time.Second, running(Planning, func(l *Look) { l.Retry = "Throttled" })},
		{"no list yet", 65 * time.Second, running(Scanning, func(l *Look) { l.Segments = segments(0, 100, 0) })},
		{"lists that were not read yet", 12 * time.Minute, running(Scanning, func(l *Look) {
			l.Segments, l.Read = segments(412, 100, 0), read(func(r *Read) { r.Behind, r.Scanned = true, 1 })
		})},
		{"scanning", 12*time.Minute + 5*time.Second, running(Scanning, func(l *Look) {
			l.Segments, l.Read, l.SecondsLeft, l.MaxReadUnits = segments(412, 100, 0), read(func(*Read) {}), new(1050.0), 6e6
		})},
		{"throttled, and segments failed", 75 * time.Minute, running(Scanning, func(l *Look) {
			l.Segments, l.SecondsLeft = segments(990, 7, 2), new(31.0)
			l.Read = read(func(r *Read) { r.Throttles, r.WaitSeconds = throttled, 4000 })
		})},
		{"more than was estimated", 75 * time.Minute, running(Scanning, func(l *Look) {
			l.Segments, l.Estimate, l.Read = segments(990, 7, 0), &run.Estimated{ReadUnits: 1.8e6}, read(func(*Read) {})
		})},
		{"no answer", 75 * time.Minute, running(Scanning, func(l *Look) {
			l.Segments, l.Read = segments(990, 7, 0), read(func(*Read) {})
			l.Problem = "no news since 07:14:05 UTC (EndpointUnreachable): states:DescribeExecution on arn:aws:states:eu-west-1:111122223333:execution:orders:nightly:\nStep Functions cannot be reached"
		})},
		{"a long name", time.Hour, running(Finalizing, func(l *Look) { l.Name = strings.Repeat("夜間バックアップ-", 8) + "x" })},
		{"uploads", 40 * time.Hour, running(Finalizing, func(l *Look) {
			l.Segments, l.Read = &Children{Unit: "batch", Total: 8, Done: 3, Running: 4}, read(func(r *Read) { r.ItemsPerSecond = 0 })
		})},
		{"an export", 11 * time.Minute, running(Exporting, func(l *Look) {
			l.Segments, l.Exports = &Children{Unit: "export", Total: 1, Running: 1}, []Export{{arn, "IN_PROGRESS"}}
		})},
		{"converting", 30 * time.Minute, running(Converting, func(l *Look) {
			l.Segments, l.Read = segments(999, 1, 0), read(func(r *Read) { r.ReadUnits = 0 })
		})},
		{"failed", 31 * time.Minute, running(Scanning, func(l *Look) { l.Status, l.Segments = execution.Failed, segments(998, 0, 2) })},
		{"succeeded", 32 * time.Minute, running(Catalog, func(l *Look) {
			l.Status, l.Read = execution.Succeeded, read(func(r *Read) { r.ItemsPerSecond = 0 })
		})},
		{"one of everything", time.Second, running(Scanning, func(l *Look) {
			l.Segments = &Children{Unit: "segment", Total: 1, Running: 1}
			l.Read = &Read{Totals: run.Totals{Scanned: 1, PageBytes: 1, ReadUnits: 0.5}, Lists: 1, ItemsPerSecond: 1.4, BytesPerSecond: 999, Throttles: map[string]int64{"x": 1}, WaitSeconds: 1}
		})},
	}
}

// golden compares a text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// No row is wider than the terminal, and each is what the golden file has.
func TestRowsOfATerminal(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{60, 80, 200} {
		var text strings.Builder
		for _, m := range moments() {
			fmt.Fprintf(&text, "# %s\n", m.what)
			for _, row := range rows(m.look, begin.Add(m.after), columns-1) {
				if width := runewidth.StringWidth(row); width >= columns || strings.Contains(row, "\n") {
					t.Errorf("%d columns: %q needs %d", columns, row, width)
				}
				fmt.Fprintln(&text, row)
			}
			fmt.Fprintln(&text)
		}
		golden(t, fmt.Sprint("columns-", columns, ".txt"), text.String())
	}
}

// A terminal of any width has whole rows, with the status first.
func TestRowsOfAnyTerminal(t *testing.T) {
	t.Parallel()
	for _, m := range moments() {
		for columns := range 250 {
			for i, row := range rows(m.look, begin.Add(m.after), columns+1) {
				if width := runewidth.StringWidth(row); width > columns+1 {
					t.Errorf("%s, %d columns: %q needs %d", m.what, columns+1, row, width)
				}
				if i == 0 && columns > 10 && !strings.HasPrefix(row, string(m.look.Status)) {
					t.Errorf("%s, %d columns: %q does not begin with the status", m.what, columns+1, row)
				}
			}
		}
	}
}

// In a pipe, each look is one line without control characters.
func TestLinesOfAPipe(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, m := range moments() {
		row := line(m.look, begin.Add(m.after))
		if strings.ContainsFunc(row, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%s: %q has control characters", m.what, row)
		}
		fmt.Fprintln(&text, row)
	}
	golden(t, "pipe.txt", text.String())
}

// In a pipe, a line comes at each change of the phase, and otherwise after 10 seconds, later after a minute.
func TestLinesOfAPipeAreFew(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	v := newView(&text)
	var at []int
	for second := range 3600 {
		phase := Planning
		if second >= 3 {
			phase = Scanning
		}
		before := text.Len()
		v.show(Look{Status: execution.Running, Start: begin, Phase: phase}, begin.Add(time.Duration(second)*time.Second))
		if text.Len() > before {
			at = append(at, second)
		}
	}
	if len(at) < 60 || len(at) > 80 || !cmp.Equal(at[:4], []int{0, 3, 13, 23}) || at[len(at)-1]-at[len(at)-2] != 60 {
		t.Errorf("got %d lines, at the seconds %v", len(at), at)
	}
	v.end()
	if lines := strings.Count(text.String(), "\n"); lines != len(at) {
		t.Errorf("got %d lines, want %d", lines, len(at))
	}
}

// Only a status has a color, and only on a terminal with colors.
func TestOnlyTheStatusHasAColor(t *testing.T) {
	t.Parallel()
	look := Look{Status: execution.Aborted, Name: "ABORTED", Start: begin}
	for colors, want := range map[bool]string{true: "\x1b[90mABORTED\x1b[0m  0 s  ABORTED", false: "ABORTED  0 s  ABORTED"} {
		v := &view{w: io.Discard, colors: colors}
		if got := v.painted(look, rows(look, begin, 60)); !cmp.Equal(got, []string{want}) {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := v.painted(look, rows(look, begin, 5)); !cmp.Equal(got, []string{"ABOR…"}) {
			t.Errorf("got %q", got)
		}
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 1999 * time.Millisecond: "1 s", 59 * time.Second: "59 s", time.Minute: "1 min 00 s", 3599 * time.Second: "59 min 59 s",
		time.Hour: "1 h 00 min", 100*time.Hour + 61*time.Second: "100 h 01 min",
	} {
		if got := duration(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}
