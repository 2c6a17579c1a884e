package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"dynamodb-to-s3/local/progress"
)

func count(n int64) string { return progress.Count(n) }

func plural(n int64, unit string) string { return progress.Plural(n, unit) }

func size(bytes int64) string { return progress.Bytes(bytes) }

// number formats a number that may have a fraction, with three digits at least.
func number(n float64) string {
	switch size := math.Abs(n); {
	case size >= 100 || n == math.Trunc(n):
		return count(int64(math.Round(n)))
	case size >= 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	default:
		return strconv.FormatFloat(n, 'f', 2, 64)
	}
}

// duration formats a time in seconds with two units.
func duration(seconds float64) string {
	switch s := int64(math.Round(seconds)); {
	case seconds <= 0:
		return "0 s"
	case seconds < 0.9995:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case seconds < 59.95:
		return strconv.FormatFloat(math.Round(seconds*10)/10, 'f', -1, 64) + " s"
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %02d min", s/3600, s%3600/60)
	default:
		return fmt.Sprintf("%d days %d h", s/86400, s%86400/3600)
	}
}

// moment formats a time; "–" for none.
func moment(at *time.Time) string {
	if at == nil || at.IsZero() {
		return "–"
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC")
}

// difference says how far a value is from its estimate.
func difference(estimate, actual float64) string {
	if estimate <= 0 {
		return "–"
	}
	percent := (actual/estimate - 1) * 100
	switch {
	case math.Abs(percent) < 0.05:
		return "as estimated"
	case percent >= 1000:
		return fmt.Sprintf("%s times the estimate", number(math.Round(actual/estimate)))
	case percent > 0:
		return fmt.Sprintf("%.1f %% above", percent)
	default:
		return fmt.Sprintf("%.1f %% below", -percent)
	}
}

// longestName is how many characters of a name are shown.
const longestName = 120

// visible returns a name that others have chosen, such as that of an attribute, as plain shows it. A long name is cut.
func visible(name string) string {
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName]) + "…"
	}
	return plain(name)
}

// plain returns a text that can contain names. Characters that show nothing, or change the direction of the text around them, are written as escapes.
func plain(text string) string {
	var shown strings.Builder
	for _, r := range text {
		if r == ' ' || r == '\n' || unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != unicode.ReplacementChar {
			shown.WriteRune(r)
			continue
		}
		escaped := strconv.QuoteRuneToASCII(r)
		shown.WriteString(escaped[1 : len(escaped)-1])
	}
	return shown.String()
}
