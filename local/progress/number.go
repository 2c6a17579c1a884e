package progress

import (
	"fmt"
	"math"
	"time"
)

// Count formats a number exactly, with commas between thousands. Results have exact numbers.
func Count(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Plural formats an exact number of things, such as "1 object" or "1,204 objects". The plural of the unit ends with s.
func Plural(n int64, unit string) string { return Count(n) + " " + plural(n, unit) }

func plural(n int64, unit string) string {
	if n == 1 {
		return unit
	}
	return unit + "s"
}

// Bytes formats a size in units of 1,000, such as "15.4 GB".
func Bytes(n int64) string {
	return scaled(n, []string{" B", " kB", " MB", " GB", " TB", " PB", " EB"})
}

// Short formats a number for a display that changes: exactly below a million, and such as "2.1 million" from there on.
func Short(n int64) string {
	if n < 1e6 {
		return Count(n)
	}
	return scaled(n, []string{"", "", " million", " billion", " trillion", " quadrillion", " quintillion"})
}

// scaled formats n in the largest of the units of which it has one, each 1,000 times the one before, with one decimal.
func scaled(n int64, units []string) string {
	value, unit := float64(n), 0
	for unit < len(units)-1 && math.Abs(math.Round(value*10)/10) >= 1000 {
		value /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprint(n) + units[0]
	}
	return fmt.Sprintf("%.1f%s", value, units[unit])
}

// Left formats the time that work still takes. It is rounded, because it is an estimate.
func Left(d time.Duration) string {
	switch {
	case d <= 50*time.Second:
		return fmt.Sprintf("about %d s left", max(1, int(math.Ceil(d.Seconds()/10)))*10)
	case d < 90*time.Minute:
		return fmt.Sprintf("about %d min left", int(math.Ceil(d.Minutes())))
	case d < 48*time.Hour:
		return fmt.Sprintf("about %d h left", int(math.Round(d.Hours())))
	default:
		return fmt.Sprintf("about %d days left", int(math.Round(d.Hours()/24)))
	}
}
