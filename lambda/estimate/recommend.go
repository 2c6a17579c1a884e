package estimate

import (
	"fmt"
	"math"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// Ways returns the estimates of the other ways to copy the table. scan and export are plans of a scan and of an export of the same table.
func (m Model) Ways(f Facts, own run.Kind, scan run.Plan, concurrency int, export run.Plan) (others []run.Estimate) {
	for _, kind := range []run.Kind{run.KindScanOnDemand, run.KindScanProvisioned, run.KindFullExport, run.KindIncrementalExport} {
		if kind == own {
			continue
		}
		var e run.Estimate
		switch as := f; kind {
		case run.KindScanOnDemand:
			if as.BillingMode = "PAY_PER_REQUEST"; f.Provisioned() {
				as.ConsumedPerSecond = 0
			}
			if e = m.Scan(as, scan, concurrency); f.Provisioned() {
				e.Impossible = "the table has provisioned capacity: its read units cost nothing extra"
			}
		case run.KindScanProvisioned:
			as.BillingMode = Provisioned
			if e = m.Scan(as, scan, concurrency); !f.Provisioned() {
				e.Impossible = "the table has on-demand capacity"
			}
		case run.KindFullExport:
			e = m.Export(f, export)
		default:
			e = m.Chain(f, export)
		}
		if e.Mode == request.ModeExport && scan.Scan != nil && !scan.WholeTable() {
			e.Note = "a native export copies the whole table, without index, filter, projection or transform; " + e.Note
		}
		others = append(others, e)
	}
	return others
}

const (
	// nearly says which price is as good as the lowest one.
	nearly = 1.1
	// tooLong is a scan that a full export should replace, if there is one.
	tooLong = 24 * 60 * 60
)

// Recommend returns which way to choose, and why. A chain of incremental exports copies something else, so it is only mentioned, unless the request
// asks for one.
func (m Model) Recommend(f Facts, own run.Estimate, others []run.Estimate) (run.Kind, string) {
	best := own
	for _, e := range others {
		if e.Impossible != "" || e.Kind == run.KindIncrementalExport {
			continue
		}
		switch slow, slower := best.Seconds > tooLong, e.Seconds > tooLong; {
		case best.Impossible != "", slow && !slower, slow == slower && best.Dollars > e.Dollars*nearly:
			best = e
		}
	}
	if best.Impossible != "" {
		return "", "no way is possible as the table is now: " + best.Impossible
	}
	reasons := []string{m.why(f, best, append([]run.Estimate{own}, others...))}
	for _, e := range others {
		if e.Kind == run.KindIncrementalExport && e.Impossible == "" && e.Dollars < best.Dollars/nearly {
			reasons = append(reasons, fmt.Sprintf("To copy the table again each day, a chain of incremental exports would cost about %s a day, beside point-in-time recovery.", Dollars(e.Dollars)))
		}
	}
	if best.Mode == request.ModeScan {
		reasons = append(reasons, "If you need a snapshot of one moment, only an export gives it.")
	}
	return best.Kind, strings.Join(reasons, " ")
}

// why says why the best way is the best one.
func (m Model) why(f Facts, best run.Estimate, all []run.Estimate) string {
	var than string
	for _, e := range all {
		if e.Kind != best.Kind && e.Impossible == "" && (e.Mode != best.Mode || e.Kind == run.KindFullExport) && e.Kind != run.KindIncrementalExport {
			than = fmt.Sprintf("%s would cost %s and take %s", Words(e.Kind), Dollars(e.Dollars), Duration(e.Seconds))
		}
	}
	costs := fmt.Sprintf("%s costs %s and takes about %s", upper(Words(best.Kind)), Dollars(best.Dollars), Duration(best.Seconds))
	switch {
	case best.Kind == run.KindScanProvisioned && f.ReadUnitsPerSecond > 0:
		costs += fmt.Sprintf(": the provisioned capacity is paid anyway, and others leave %.0f of %.0f read units a second", available(f), f.ReadUnitsPerSecond)
	case best.Kind == run.KindScanProvisioned:
		costs += ": the provisioned capacity is paid anyway"
	case best.Kind == run.KindIncrementalExport:
		costs += ": it exports only what has changed"
	}
	if than != "" {
		return costs + ". " + upper(than) + "."
	}
	return costs + "."
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// Words returns a way to copy a table in words.
func Words(kind run.Kind) string {
	switch kind {
	case run.KindScanOnDemand:
		return "a scan on demand"
	case run.KindScanProvisioned:
		return "a scan on provisioned capacity"
	case run.KindFullExport:
		return "a full export"
	default:
		return "a chain of incremental exports"
	}
}

// Dollars formats an amount for a person: with cents, or with two digits if it is less.
func Dollars(amount float64) string {
	if amount == 0 || amount >= 0.1 {
		return fmt.Sprintf("$%.2f", amount)
	}
	digits := int(1 - math.Floor(math.Log10(amount)))
	return fmt.Sprintf("$%.*f", digits, amount)
}

// Duration formats seconds for a person.
func Duration(seconds float64) string {
	switch {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", math.Ceil(seconds))
	case seconds < 90*60:
		return fmt.Sprintf("%.0f minutes", seconds/60)
	case seconds < 2*day:
		return fmt.Sprintf("%.1f hours", seconds/3600)
	default:
		return fmt.Sprintf("%.1f days", seconds/day)
	}
}
