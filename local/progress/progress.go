// Package progress shows the progress of work: a bar on a terminal, plain lines elsewhere.
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

// Work is the work to show. Show calls its functions from another goroutine.
type Work struct {
	Name string
	// Total is the amount of work, and Done is how much of it is done, in the same unit. If the total is unknown, Total is nil.
	// Show shows nothing while Total is 0, or, if Total is nil, while Done is 0.
	Total, Done func() int64
	// Detail is a text to show beside the numbers. It may be nil.
	Detail func() string
}

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 2 * time.Second
	// Long work gets fewer lines: after the first lines, only every fifth is written.
	firstLines, thenEvery = 10, 5
)

// Show shows the progress of the work on w until stop is called. stop shows the final state.
func Show(w io.Writer, work Work) (stop func()) {
	var draw func(last bool)
	every := barEvery
	switch file, isFile := w.(*os.File); {
	case !isFile || !term.IsTerminal(int(file.Fd())): //nolint:gosec // a file descriptor is an int everywhere
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
	n, written := 0, int64(0)
	return func(last bool) {
		if !work.begun() {
			return
		}
		// If the total is unknown, a line without a new number says nothing.
		done := work.Done()
		if work.Total == nil && !last && done == written {
			return
		}
		written = done
		if n++; !last && n > firstLines && n%thenEvery != 0 {
			return
		}
		_, _ = fmt.Fprintln(w, work.line()) // a lost line does no harm
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

// clearLine moves to the beginning of a terminal's line and clears it.
const clearLine = "\r\x1b[2K"

// spinner shows that work continues whose total is unknown.
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
		_, _ = io.WriteString(w, text) // a lost frame does no harm
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
		_ = b.Set64(min(work.Done(), work.Total())) // a lost frame does no harm
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

// Count formats a number with commas between thousands.
func Count(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Megabytes formats a number of bytes in MB of a million bytes.
func Megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
