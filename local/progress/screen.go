package progress

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// Screen is a program's standard error. On a terminal, what is written appears above the rows that are redrawn. Elsewhere a Screen only
// passes on what is written.
type Screen struct {
	terminal, colors bool
	size             func() (columns, rows int)

	mu   sync.Mutex // guards what follows, and the order of what is written
	w    io.Writer
	rows []string // that are shown
	wide int      // the columns of the terminal when they were written
	open bool     // the last byte that was written is no line break, so the progress waits
}

// NewScreen returns the screen of w. A terminal without cursor movement (TERM=dumb) counts as no terminal.
func NewScreen(w io.Writer) *Screen {
	s := &Screen{w: w, terminal: isTerminal(w), colors: Colors(w)}
	if !s.terminal {
		return s
	}
	file := w.(*os.File) //nolint:forcetypeassert // only a file is a terminal
	s.size = func() (columns, rows int) {
		columns, rows, err := term.GetSize(int(file.Fd())) //nolint:gosec // a file descriptor is an int everywhere
		if err != nil || columns <= 0 || rows <= 0 {
			return 80, 24 // what terminals begin with
		}
		return columns, rows
	}
	return s
}

// Terminal reports whether Draw shows rows.
func (s *Screen) Terminal() bool { return s.terminal }

// Write writes above the rows that are redrawn.
func (s *Screen) Write(p []byte) (int, error) {
	if !s.terminal || len(p) == 0 {
		return s.w.Write(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows) > 0 && !s.open {
		s.put(s.back() + clearBelow)
	}
	n, err := s.w.Write(p)
	if s.open = p[len(p)-1] != '\n'; !s.open && len(s.rows) > 0 {
		s.put(strings.Join(s.rows, "\n"))
	}
	return n, err
}

// Control sequences: clearRight clears a terminal's line from the cursor to its end, and clearBelow all lines below it too.
const (
	clearRight = "\x1b[K"
	clearBelow = "\x1b[J"
)

// Draw replaces the rows that are shown. It asks for those of a terminal with so many columns, which is its width now. Rows may have the colors of
// Status.
func (s *Screen) Draw(rows func(columns int) []string) {
	if !s.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, most := s.size()
	// A text in the last column would make some terminals begin a new line. If the rows do not fit, the first ones matter most.
	shown := rows(max(columns-1, 1))
	shown = shown[:min(len(shown), max(most-1, 1))]
	if (!slices.Equal(shown, s.rows) || columns != s.wide) && !s.open {
		s.replace(shown, columns)
	}
	s.rows = shown
}

// Keep leaves the rows where they are. Whatever is written or drawn from now on comes below them.
func (s *Screen) Keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows) > 0 && !s.open {
		s.put("\n")
	}
	s.rows = nil
}

// redraw returns a function that shows the meter in one line of the terminal, whatever its width is now.
func (s *Screen) redraw(m *meter) func(now time.Time, last bool) {
	return func(now time.Time, last bool) {
		if !m.begun() {
			return
		}
		s.Draw(func(columns int) []string {
			if last {
				columns = 0
			}
			return []string{m.text(now, last, columns)}
		})
		if last {
			s.Keep()
		}
	}
}

// replace writes rows in place of those that are shown, on a terminal that has so many columns now.
func (s *Screen) replace(rows []string, columns int) {
	text, after := s.back(), ""
	switch {
	case columns != s.wide && len(s.rows) > 0:
		text += clearBelow // also the marks of wrapped lines, which the terminal would join again when it becomes wider
	case len(s.rows) > len(rows):
		after = clearBelow
	}
	s.wide = columns
	s.put(text + strings.Join(rows, clearRight+"\n") + clearRight + after)
}

// back moves the cursor to the beginning of the rows that are shown. If the terminal has become narrower since, it has wrapped them.
func (s *Screen) back() string {
	columns, _ := s.size()
	height := 0
	for _, row := range s.rows {
		height += max(1, (width(row)+columns-1)/max(columns, 1))
	}
	if height > 1 {
		return fmt.Sprintf("\r\x1b[%dA", height-1)
	}
	return "\r"
}

// width is how many columns a row needs.
func width(row string) int { return runewidth.StringWidth(coloring.ReplaceAllString(row, "")) }

// put writes to the terminal. A lost frame does no harm.
func (s *Screen) put(text string) { _, _ = io.WriteString(s.w, text) }
