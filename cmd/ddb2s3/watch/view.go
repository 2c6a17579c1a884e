package watch

import (
	"fmt"
	"io"
	"strings"
	"time"

	"dynamodb-to-s3/local/progress"

	"github.com/mattn/go-runewidth"
)

// view shows looks: on a terminal in rows that are redrawn, elsewhere in lines.
type view struct {
	w      io.Writer
	screen *progress.Screen // nil if w is no terminal
	colors bool

	// What the last line was about, and when it was written.
	phase Phase
	at    time.Time
}

func newView(w io.Writer) *view {
	v := &view{w: w, colors: progress.Colors(w)}
	if screen, ok := w.(*progress.Screen); ok && screen.Terminal() {
		v.screen = screen
	}
	return v
}

// show shows a look at a moment.
func (v *view) show(look Look, now time.Time) {
	if v.screen != nil {
		v.screen.Draw(func(columns int) []string { return v.painted(look, rows(look, now, columns)) })
		return
	}
	if look.Phase == v.phase && !look.ended() && now.Sub(v.at) < lineAfter(now.Sub(look.Start)) {
		return
	}
	v.phase, v.at = look.Phase, now
	_, _ = fmt.Fprintln(v.w, line(look, now)) // a lost line does no harm
}

// end leaves what is shown.
func (v *view) end() {
	if v.screen != nil {
		v.screen.Keep()
	}
}

// painted gives the status its color. It is the first word of the first row.
func (v *view) painted(look Look, rows []string) []string {
	if rest, whole := strings.CutPrefix(rows[0], string(look.Status)); v.colors && whole {
		rows[0] = progress.Status(look.Status) + rest
	}
	return rows
}

// A line comes after 10 seconds, and at the latest after a minute. Long runs get fewer lines.
const (
	lineSoonest = 10 * time.Second
	lineLatest  = time.Minute
	lineShare   = 10
)

func lineAfter(passed time.Duration) time.Duration {
	return min(max(passed/lineShare, lineSoonest), lineLatest)
}

// line returns a look as one line.
func line(look Look, now time.Time) string {
	var fields []string
	for _, group := range look.groups(now) {
		fields = append(fields, group...)
	}
	return strings.ReplaceAll(strings.Join(fields, ", "), "\n", " ")
}

// The bar takes a fifth of the columns, within these bounds.
const (
	leastBar = 8
	mostBar  = 40
)

// rows returns a look as rows for a terminal of so many columns. A group is a row. What does not fit is left out.
func rows(look Look, now time.Time, columns int) []string {
	var rows []string
	for i, fields := range look.groups(now) {
		if len(fields) == 0 {
			continue
		}
		if s := look.Segments; i == 1 && s != nil && s.Total > 0 && s.Unit != "export" {
			fields = append([]string{bar(s.Done, s.Total, min(max(columns/5, leastBar), mostBar))}, fields...)
		}
		rows = append(rows, fit(fields, columns))
	}
	return rows
}

// bar returns a bar with so many places.
func bar(done, total int64, places int) string {
	full := int(float64(places) * float64(min(done, total)) / float64(total))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", places-full) + "]"
}

// fit joins as many fields as the columns have place for. The first field that does not fit is cut if it is a name or a sentence: half of a number
// would mislead.
func fit(fields []string, columns int) string {
	const between, long, least = "  ", 24, 12
	row := ""
	for i, field := range fields {
		field = strings.ReplaceAll(field, "\n", " ")
		width := runewidth.StringWidth(field)
		if i > 0 {
			field, width = between+field, width+len(between)
		}
		if place := columns - runewidth.StringWidth(row); width > place {
			if i == 0 || width > long && place >= least {
				row += runewidth.Truncate(field, place, "…")
			}
			break
		}
		row += field
	}
	return row
}
