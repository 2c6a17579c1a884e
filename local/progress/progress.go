// Package meter shows how far a piece of work is: a bar on a terminal, plain lines elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Work is what is shown. The functions are called from another goroutine.
type Work struct {
	Name string
	// Total and Done say how much there is and how much of it is done, in the same unit. Nothing is shown as long as Total is 0.
	// Total is nil where nobody knows how much there is; nothing is shown then as long as Done is 0.
	Total, Done func() int64
	// Detail is shown beside it; it may be nil.
	Detail func() string
}

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 2 * time.Second
	// Work that takes long is told of less often: after so many lines, of so many only one.
	oftenLines, seldom = 10, 5
)

// Show shows the work on w until stop is called, which shows its end.
func Show(w *os.File, work Work) (stop func()) {
	var draw func(last bool)
	every := barEvery
	switch {
	case !term.IsTerminal(int(w.Fd())): //nolint:gosec // a file descriptor is an int everywhere
		draw, every = lines(w, work), lineEvery
	case work.Total == nil:
		draw = spinner(w, work)
	default:
		draw = bar(w, work)
	}
	ticker := time.NewTicker(every)
	var ended sync.WaitGroup
	quit := make(chan struct{})
	ended.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				draw(false)
			case <-quit:
				draw(true)
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(quit); ended.Wait() })
}

func lines(w io.Writer, work Work) func(last bool) {
	n, told := 0, int64(0)
	return func(last bool) {
		if !work.begun() {
			return
		}
		// What waits for something has nothing to tell until there is something new.
		done := work.Done()
		if work.Total == nil && !last && done == told {
			return
		}
		told = done
		if n++; !last && n > oftenLines && n%seldom != 0 {
			return
		}
		_, _ = fmt.Fprintln(w, work.line()) // a lost line is no harm
	}
}

func (work Work) begun() bool {
	if work.Total == nil {
		return work.Done() > 0
	}
	return work.Total() > 0
}

func (work Work) line() string {
	if work.Total == nil {
		return fmt.Sprintf("%s: %s%s", work.Name, Count(work.Done()), detail(work))
	}
	return fmt.Sprintf("%s: %s/%s%s", work.Name, Count(work.Done()), Count(work.Total()), detail(work))
}

// clearLine goes back to the beginning of a terminal's line and empties it.
const clearLine = "\r\x1b[2K"

// spinner shows that something is going on where nobody knows how much of it there is.
func spinner(w io.Writer, work Work) func(last bool) {
	frames, n := []string{"|", "/", "-", "\\"}, 0
	return func(last bool) {
		if !work.begun() {
			return
		}
		n++
		text := clearLine + frames[n%len(frames)] + " " + work.line()
		if last {
			text = clearLine + work.line() + "\n"
		}
		_, _ = io.WriteString(w, text) // a lost frame is no harm
	}
}

func bar(w io.Writer, work Work) func(last bool) {
	b := progressbar.NewOptions64(1, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(24),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish())
	return func(last bool) {
		if !work.begun() {
			return
		}
		b.ChangeMax64(work.Total())
		b.Describe(work.Name + detail(work))
		_ = b.Set64(min(work.Done(), work.Total())) // a lost frame is no harm
		if last {
			_ = b.Clear()
			lines(w, work)(true)
		}
	}
}

func detail(work Work) string {
	if work.Detail == nil {
		return ""
	}
	return " " + work.Detail()
}

// Count writes a number with a comma at every thousand.
func Count(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Megabytes writes a number of bytes as MB of a million bytes.
func Megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
