package progress

import (
	"cmp"
	"io"
	"os"
	"regexp"

	"dynamodb-to-s3/lambda/execution"

	"golang.org/x/term"
)

// Colors reports whether w shows colors: a terminal that can, unless the environment has NO_COLOR.
// https://no-color.org
func Colors(w io.Writer) bool {
	if screen, ok := w.(*Screen); ok {
		return screen.colors
	}
	return os.Getenv("NO_COLOR") == "" && isTerminal(w)
}

// isTerminal reports whether w is a terminal with cursor movement and colors. A terminal with TERM=dumb has neither.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd())) //nolint:gosec // a file descriptor is an int everywhere
}

// coloring matches the control sequences for colors.
var coloring = regexp.MustCompile("\x1b\\[[0-9;]*m")

// colors are those of Step Functions' console, as parameters of the control sequence for colors.
var colors = map[execution.Status]string{
	execution.Running: "34", execution.Succeeded: "32", execution.Failed: "31", execution.TimedOut: "31", execution.Aborted: "90",
}

// Status returns a status in the color that Step Functions' console gives it.
func Status(status execution.Status) string {
	color := cmp.Or(colors[status], "39") // the terminal's own, with as many bytes as the others
	return "\x1b[" + color + "m" + string(status) + "\x1b[0m"
}
