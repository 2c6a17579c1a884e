package estimate

import (
	"fmt"
	"math"

	"dynamodb-to-s3/lambda/price"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

const (
	// exportSeconds is how long an export takes, if no earlier one shows it. AWS promises no time.
	exportSeconds = 1800
	// changedPerDay is the part of a table that is assumed to be written in a day, if nothing shows it.
	changedPerDay = 0.05
	day           = 24 * 60 * 60
)

// Export returns what a full export of the table takes.
func (m Model) Export(f Facts, plan run.Plan) run.Estimate {
	bytes := f.tableBytes()
	e := m.export(f, plan, bytes, false)
	e.Kind = run.KindFullExport
	return e
}

// Chain returns what one run of a chain of incremental exports takes, for a day of changes.
func (m Model) Chain(f Facts, plan run.Plan) run.Estimate {
	e := m.export(f, plan, f.changed(), true)
	e.Kind = run.KindIncrementalExport
	return e
}

// Incremental returns what the incremental exports of a window of so many seconds take.
func (m Model) Incremental(f Facts, plan run.Plan, seconds float64) run.Estimate {
	e := m.export(f, plan, f.changed()*seconds/day, true)
	e.Kind = run.KindIncrementalExport
	return e
}

// tableBytes is the size of the table, which an export exports also if the scan is of an index.
func (f Facts) tableBytes() float64 {
	if f.Index {
		return float64(f.TableBytes)
	}
	return float64(f.Bytes)
}

// changed returns how many bytes an incremental export bills for a day.
func (f Facts) changed() float64 {
	switch {
	case f.Billed > 0:
		return f.Billed
	case f.WrittenPerDay > 0:
		return float64(f.WrittenPerDay)
	default:
		return f.tableBytes() * changedPerDay
	}
}

func (m Model) export(f Facts, plan run.Plan, bytes float64, incremental bool) run.Estimate {
	e := run.Estimate{Mode: request.ModeExport, Bound: run.BoundExport}
	e.Seconds = exportSeconds
	if f.ExportSeconds > 0 {
		e.Seconds = f.ExportSeconds
	}
	e.Bounds = []run.BoundTime{{Bound: run.BoundExport, Seconds: e.Seconds}}
	c := consumed{exported: bytes, incremental: incremental, checks: math.Ceil(e.Seconds / float64(interval(plan)))}
	answers, stored := bytes*pagePerByte, bytes*pagePerByte*compressed                                  // DynamoDB compresses with GZIP
	if s := f.Sample; s != nil && s.TableBytes > 0 && s.Records == s.Scanned && s.Bytes < s.PageBytes { // of whole items, which are compressed
		answers, stored = bytes*float64(s.PageBytes)/s.TableBytes, bytes*float64(s.Bytes)/s.TableBytes
	}
	if plan.Parquet != nil {
		c.second = m.convert(plan, answers, stored, float64(f.Items))
		e.Seconds += c.second.seconds
		e.Objects, stored = int64(c.second.objects), c.second.bytes
	}
	e.Bytes = int64(stored)
	e.Seconds += besideSeconds
	lines := m.billed(plan, c)
	e.Lines, e.Dollars = lines, lines.sum()
	e.Note = fmt.Sprintf("point-in-time recovery, which exports need, costs %s each month in addition", Dollars(m.Prices.Of(price.Recovery, f.tableBytes())))
	switch {
	case f.Region:
		e.Impossible = "the table is in another region than the functions, and a native export needs functions in its region"
	case f.Recovery == "DISABLED":
		e.Impossible = "point-in-time recovery of the table is off: switch it on"
	}
	return e
}
