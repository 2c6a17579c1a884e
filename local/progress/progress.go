// Package progress shows the progress of work: rows that are redrawn on a terminal, and few plain lines elsewhere. Only a status has a color.
// It also formats numbers, sizes and counts for people.
//
// A [Screen] is the standard error of a program. Other output goes through it too, so that it appears above the rows of the progress.
// The package imports golang.org/x/term for the terminal's width and go-runewidth for the width of texts.
package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

// Work is the work to show. Show calls its functions from another goroutine.
type Work struct {
	// Name says what is done, such as "replicating orders".
	Name string
	// Unit is what Done and Total count, in the singular. Bytes are shown as sizes, such as 15.4 GB.
	Unit string
	Done func() int64
	// Total is how much there is to do, 0 while it is unknown. It may be nil. Nothing is shown while Done and Total are both 0.
	Total func() int64
	// Estimated says that Total may be wrong, as a table's ItemCount may be.
	Estimated bool
	// Detail is a text to show after the numbers. It may be nil.
	Detail func() string
}

// How often the line on a terminal is redrawn, and how often it is checked whether a plain line is due.
const (
	redrawEvery = 100 * time.Millisecond
	checkEvery  = time.Second
)

// Show shows the progress of the work on w, which is a *Screen or no terminal, until stop is called. stop shows the final state.
func Show(w io.Writer, work Work) (stop func()) {
	m := meter{work: work, start: time.Now()}
	draw, every := plainLines(w, &m), checkEvery
	if screen, ok := w.(*Screen); ok && screen.terminal {
		draw, every = screen.redraw(&m), redrawEvery
	}
	ticker := time.NewTicker(every)
	var ended sync.WaitGroup
	quit := make(chan struct{})
	ended.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case now := <-ticker.C:
				draw(now, false)
			case <-quit:
				draw(time.Now(), true)
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(quit); ended.Wait() })
}

// The first plain lines are two seconds apart. Long work gets fewer lines: the next one is due when the work has taken a tenth longer,
// and at the latest after a minute.
const (
	lineSoonest = 2 * time.Second
	lineLatest  = time.Minute
	lineShare   = 10
)

// plainLines writes lines for a log. A line without a new number says nothing, so it is left out.
func plainLines(w io.Writer, m *meter) func(now time.Time, last bool) {
	at, written := m.start, int64(-1)
	return func(now time.Time, last bool) {
		wait := min(max(now.Sub(m.start)/lineShare, lineSoonest), lineLatest)
		done := m.work.Done()
		if !m.begun() || !last && (now.Sub(at) < wait || done == written) {
			return
		}
		at, written = now, done
		_, _ = fmt.Fprintln(w, m.text(now, last, 0)) // a lost line does no harm
	}
}

// meter makes the text of a progress. It is for one goroutine.
type meter struct {
	work  Work
	start time.Time

	// From when on, and from how much on, the speed is measured: since the work has moved for the first time.
	moved  time.Time
	before int64
}

func (m *meter) total() int64 {
	if m.work.Total == nil {
		return 0
	}
	return m.work.Total()
}

func (m *meter) begun() bool { return m.work.Done() > 0 || m.total() > 0 }

// text returns the line for a terminal of so many columns, or the whole line if columns is 0. What matters most comes first.
func (m *meter) text(now time.Time, last bool, columns int) string {
	done, total := m.work.Done(), m.total()
	var parts []string
	switch {
	case total <= 0:
		parts = append(parts, m.amount(done)+m.units(done))
	case done > total:
		parts = append(parts, fmt.Sprintf("%s%s, more than the estimated %s", m.amount(done), m.units(done), m.amount(total)))
	default:
		about := ""
		if m.work.Estimated {
			about = "about "
		}
		parts = append(parts, fmt.Sprintf("%d %%", int(100*(float64(done)/float64(total)))),
			fmt.Sprintf("%s of %s%s%s", m.amount(done), about, m.amount(total), m.units(total)))
	}
	if d, known := m.left(now, done, total); known && !last {
		parts = append(parts, Left(d))
	}
	if m.work.Detail != nil {
		parts = append(parts, m.work.Detail())
	}
	name, rest := m.work.Name+": ", strings.Join(parts, ", ")
	if columns == 0 || runewidth.StringWidth(name+rest) <= columns {
		return name + rest
	}
	// A long name leaves half of the line to the numbers.
	return runewidth.Truncate(runewidth.Truncate(m.work.Name, columns/2-2, "…")+": "+rest, columns, "…")
}

func (m *meter) amount(n int64) string {
	if m.work.Unit == "byte" {
		return Bytes(n)
	}
	return Short(n)
}

// units returns the unit after an amount.
func (m *meter) units(n int64) string {
	if m.work.Unit == "byte" {
		return ""
	}
	return " " + plural(n, m.work.Unit)
}

// An estimate of the time needs this much of the work to be seen: some seconds, and a share of the whole or many seconds.
const (
	seenAtLeast   = 5 * time.Second
	seenShare     = 0.02
	seenLongSince = time.Minute
)

// left estimates how long the rest of the work takes, at the speed so far. It is unknown at the beginning, and if there is more to do
// than was estimated.
func (m *meter) left(now time.Time, done, total int64) (d time.Duration, known bool) {
	if m.moved.IsZero() && done > 0 {
		m.moved, m.before = now, done
	}
	seen, took := float64(done-m.before), now.Sub(m.moved)
	if seen <= 0 || done >= total || took < seenAtLeast || took < seenLongSince && seen < seenShare*float64(total) {
		return 0, false
	}
	return time.Duration(took.Seconds() / seen * float64(total-done) * float64(time.Second)), true
}
