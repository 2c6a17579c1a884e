package progress

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Screen is a program's standard error. On a terminal, what is written appears above the line that Show redraws. Elsewhere a Screen
// only passes on what is written.
type Screen struct {
	terminal bool
	columns  func() int

	mu   sync.Mutex // guards what follows, and the order of what is written
	w    io.Writer
	line string // the line that is shown; "" for none
	open bool   // the last byte that was written is no line break, so the progress waits
}

// NewScreen returns the screen of w. A terminal without cursor movement (TERM=dumb) counts as no terminal.
func NewScreen(w io.Writer) *Screen {
	s := &Screen{w: w}
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) { //nolint:gosec // a file descriptor is an int everywhere
		return s
	}
	s.terminal = true
	s.columns = func() int {
		columns, _, err := term.GetSize(int(file.Fd())) //nolint:gosec // see above
		if err != nil || columns <= 0 {
			return 80 // what terminals begin with
		}
		return columns
	}
	return s
}

// Write writes above the line that Show redraws.
func (s *Screen) Write(p []byte) (int, error) {
	if !s.terminal || len(p) == 0 {
		return s.w.Write(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != "" && !s.open {
		s.put("\r" + clearRight)
	}
	n, err := s.w.Write(p)
	if s.open = p[len(p)-1] != '\n'; !s.open && s.line != "" {
		s.put(s.line)
	}
	return n, err
}

// clearRight clears a terminal's line from the cursor to its end.
const clearRight = "\x1b[K"

// redraw returns a function that shows the meter in one line of the terminal, whatever its width is now.
func (s *Screen) redraw(m *meter) func(now time.Time, last bool) {
	return func(now time.Time, last bool) {
		if !m.begun() {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		// A text in the last column would make some terminals begin a new line.
		columns := max(s.columns()-1, 1)
		if last {
			s.line = ""
			s.put("\r" + m.text(now, true, 0) + clearRight + "\n")
			return
		}
		text := m.text(now, false, columns)
		if text != s.line && !s.open {
			s.put("\r" + text + clearRight)
		}
		s.line = text
	}
}

// put writes to the terminal. A lost frame does no harm.
func (s *Screen) put(text string) { _, _ = io.WriteString(s.w, text) }
