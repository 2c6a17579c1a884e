package progress

import (
	"fmt"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/execution"
)

// terminalOf returns the screen of a terminal, and what is written to it.
func terminalOf(columns, rows *int) (*Screen, *strings.Builder) {
	var text strings.Builder
	return &Screen{w: &text, terminal: true, size: func() (int, int) { return *columns, *rows }}, &text
}

func these(rows ...string) func(int) []string { return func(int) []string { return rows } }

// Several rows are redrawn in place, whatever is written in between.
func TestScreenDrawsRows(t *testing.T) {
	t.Parallel()
	columns, rows := 60, 24
	s, text := terminalOf(&columns, &rows)
	step := func(name, want string, do func()) {
		t.Helper()
		text.Reset()
		if do(); text.String() != want {
			t.Errorf("%s: got  %q\nwant %q", name, text.String(), want)
		}
	}
	step("first", "\rone"+clearRight+"\ntwo"+clearRight+"\nthree"+clearRight, func() { s.Draw(these("one", "two", "three")) })
	step("the same", "", func() { s.Draw(these("one", "two", "three")) })
	step("fewer", "\r\x1b[2Aone"+clearRight+"\n2"+clearRight+clearBelow, func() { s.Draw(these("one", "2")) })
	step("other output", "\r\x1b[1A"+clearBelow+"retry\none\n2", func() { _, _ = fmt.Fprintln(s, "retry") })
	step("more", "\r\x1b[1Aone"+clearRight+"\n2"+clearRight+"\n3"+clearRight, func() { s.Draw(these("one", "2", "3")) })
	step("keep", "\n", s.Keep)
	step("keep nothing", "", s.Keep)
	step("below", "\rnew"+clearRight, func() { s.Draw(these("new")) })
}

// Rows that a narrower terminal has wrapped are replaced as a whole, and rows for which the terminal has no place are left out.
func TestScreenFollowsTheSize(t *testing.T) {
	t.Parallel()
	columns, rows := 60, 24
	s, text := terminalOf(&columns, &rows)
	s.Draw(these(strings.Repeat("a", 50), strings.Repeat("b", 20), ""))
	columns = 20
	text.Reset()
	s.Draw(func(columns int) []string {
		return []string{strings.Repeat("a", columns), strings.Repeat("b", columns), ""}
	})
	// 50 columns became three rows of 20, and 20 columns one. With the empty row, the cursor is in the fifth.
	if want := "\r\x1b[4A" + clearBelow + strings.Repeat("a", 19) + clearRight + "\n" + strings.Repeat("b", 19) + clearRight + "\n" + clearRight; text.String() != want {
		t.Errorf("got  %q\nwant %q", text.String(), want)
	}
	columns = 60
	text.Reset()
	s.Draw(these("one", "two", "three"))
	if want := "\r\x1b[2A" + clearBelow + "one" + clearRight + "\ntwo" + clearRight + "\nthree" + clearRight; text.String() != want {
		t.Errorf("got  %q\nwant %q", text.String(), want)
	}
	rows = 2
	text.Reset()
	s.Draw(these("one", "two", "three"))
	if want := "\r\x1b[2Aone" + clearRight + clearBelow; text.String() != want {
		t.Errorf("got  %q\nwant %q", text.String(), want)
	}
}

// A color needs no column.
func TestColorsHaveNoWidth(t *testing.T) {
	t.Parallel()
	for status, want := range map[execution.Status]string{
		execution.Running: "\x1b[34mRUNNING\x1b[0m", execution.Succeeded: "\x1b[32mSUCCEEDED\x1b[0m", execution.Failed: "\x1b[31mFAILED\x1b[0m",
		execution.TimedOut: "\x1b[31mTIMED_OUT\x1b[0m", execution.Aborted: "\x1b[90mABORTED\x1b[0m", execution.Unknown: "\x1b[39mUNKNOWN\x1b[0m",
	} {
		if got := Status(status); got != want || width(got) != len(status) {
			t.Errorf("got %q, %d columns wide, want %q", got, width(got), want)
		}
	}
}

// What is no terminal gets no rows.
func TestScreenDrawsOnTerminalsOnly(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	s := NewScreen(&text)
	s.Draw(these("one"))
	s.Keep()
	if _, err := fmt.Fprintln(s, "line"); err != nil || text.String() != "line\n" || s.Terminal() || Colors(s) {
		t.Errorf("got %q, %v", text.String(), err)
	}
}
