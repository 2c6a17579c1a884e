// Package explained writes the output of an execution that only explains its run for a person: the ways to copy the table side by side, what the
// request costs, and what the numbers rest on. It may import estimate, request and run of lambda/, and local/progress.
package explained

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
)

// Write writes the explanation as text.
func Write(w io.Writer, e run.Explained) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s, %s%s\n\n", e.Table, progress.Plural(e.Source.Items, "item"), progress.Bytes(e.Source.Bytes), capacity(e.Source))
	writeWays(&text, e)
	writeCost(&text, e.Run)
	writeBounds(&text, e.Run)
	if e.Refusal != "" {
		fmt.Fprintf(&text, "\nThe run would not begin: %s.\n", strings.TrimSuffix(e.Refusal, "."))
	}
	if e.Reason != "" {
		text.WriteString("\nRecommendation")
		if e.Recommendation != "" {
			text.WriteString(": " + estimate.Words(e.Recommendation))
		}
		fmt.Fprintf(&text, "\n%s", list(e.Reason))
	}
	if len(e.Source.Basis) > 0 {
		text.WriteString("\nThis rests on\n")
		for _, basis := range e.Source.Basis {
			text.WriteString(list(basis))
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// capacity says what is known of the capacity of the table.
func capacity(s run.SourceFacts) string {
	text := ", on-demand capacity"
	if s.BillingMode == estimate.Provisioned {
		text = ", provisioned capacity"
	}
	if s.ReadUnitsPerSecond > 0 {
		text += fmt.Sprintf(" of %s read units a second", number(s.ReadUnitsPerSecond))
	}
	return text
}

// writeWays writes a row for each way to copy the table, the request's first. Ways that are not possible are below, with the reason.
func writeWays(text *strings.Builder, e run.Explained) {
	var table grid
	row := func(cells ...string) { table = append(table, cells) }
	row("way", "read units", "time", "limited by", "objects", "stored", "cost")
	var notes []string
	for i, way := range append([]run.Estimate{e.Run}, e.Alternatives...) {
		name := strings.TrimPrefix(estimate.Words(way.Kind), "a ")
		if i == 0 {
			name = "your request: " + name
		}
		if way.Impossible != "" {
			notes = append(notes, name+" is not possible: "+way.Impossible)
			if i > 0 {
				continue
			}
		}
		objects, units := "", ""
		if objects = progress.Count(way.Objects); way.Mode == request.ModeExport && way.Objects == 0 {
			objects = "?" // DynamoDB decides
		}
		if way.Mode == request.ModeScan {
			units = number(way.ReadUnits)
		}
		row(name, units, estimate.Duration(way.Seconds), bound(way.Bound), objects, progress.Bytes(way.Bytes), estimate.Dollars(way.Dollars))
		if way.Note != "" {
			notes = append(notes, name+": "+way.Note)
		}
	}
	table.write(text)
	if e.Run.Segments > 0 {
		notes = append([]string{fmt.Sprintf("your request: %s, %d at the same time", progress.Plural(int64(e.Run.Segments), "segment"), e.Run.Concurrency)}, notes...)
	}
	for _, note := range notes {
		text.WriteString(list(note))
	}
}

// writeCost writes what the request costs, line by line.
func writeCost(text *strings.Builder, own run.Estimate) {
	text.WriteString("\nCost of your request\n")
	var table grid
	for _, line := range own.Lines {
		amount := number(line.Amount) + " " + line.Unit
		if line.Unit == "bytes" {
			amount = progress.Bytes(int64(line.Amount))
		}
		table = append(table, []string{line.What, amount, estimate.Dollars(line.Dollars)})
	}
	append(table, []string{"together", "", estimate.Dollars(own.Dollars)}).write(text)
}

// writeBounds writes what limits the time of the request, the slowest first.
func writeBounds(text *strings.Builder, own run.Estimate) {
	if len(own.Bounds) < 2 {
		return
	}
	text.WriteString("\nTime of your request, if only this limited it\n")
	var table grid
	for _, each := range own.Bounds {
		table = append(table, []string{bound(each.Bound), estimate.Duration(each.Seconds)})
	}
	table.write(text)
}

// grid is a table of text. The first column is aligned to the left, the others to the right.
type grid [][]string

func (g grid) write(text *strings.Builder) {
	var widths []int
	for _, row := range g {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range g {
		fmt.Fprintf(text, "  %-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			fmt.Fprintf(text, "  %*s", widths[i+1], cell)
		}
		text.WriteByte('\n')
	}
}

// bound returns a limit of the speed in words.
func bound(of run.Bound) string {
	switch of {
	case run.BoundTable:
		return "the table's capacity"
	case run.BoundPartition:
		return "its partitions"
	case run.BoundLatency:
		return "one page after the other"
	case run.BoundPace:
		return "the pace"
	case run.BoundFunctions:
		return "the functions' CPU"
	case run.BoundExport:
		return "DynamoDB's export"
	default:
		return string(of)
	}
}

// width is how long a line of running text is.
const width = 100

// list returns a text as an entry of a list, in lines that are not too long.
func list(text string) string {
	var lines []string
	line := "-"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != " " {
			lines, line = append(lines, line), " "
		}
		line += " " + word
	}
	return strings.Join(slices.Concat(lines, []string{line}), "\n") + "\n"
}

// number formats a number without decimals, or with a few if it is small.
func number(n float64) string {
	if n < 100 && n != math.Trunc(n) {
		return fmt.Sprintf("%.1f", n)
	}
	return progress.Count(int64(math.Round(n)))
}
