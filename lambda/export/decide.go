package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// decide makes sure that the journal has the exports that the run needs, before any of them starts. It keeps pending exports, even
// those of another run. idle says why there is nothing to export.
func (p *pass) decide(ctx context.Context) (idle string, err error) {
	if len(p.journal.Pending) > 0 && !p.outdated() {
		return "", nil
	}
	specs, reason, idle, err := p.next()
	if idle != "" || err != nil {
		return idle, err
	}
	for _, spec := range specs {
		if err := p.checkTimes(spec); err != nil {
			return "", err
		}
	}
	if !p.same() { // no window continues what was committed for another table
		p.journal.End = nil
	}
	p.journal.TableARN, p.journal.TableID, p.journal.Chain = p.plan.TableARN, p.plan.TableID, p.plan.Export.Chain
	p.journal.Pending = nil
	for _, spec := range specs {
		p.journal.Pending = append(p.journal.Pending, ledger.PendingExport{ExportSpec: spec, Reason: reason, Since: p.recovery.now})
	}
	return "", p.journal.Save(ctx)
}

// started reports whether there are pending exports and all of them have started.
func (p *pass) started() bool {
	return len(p.journal.Pending) > 0 &&
		!slices.ContainsFunc(p.journal.Pending, func(e ledger.PendingExport) bool { return e.ExportARN == "" })
}

// same reports whether the journal is for the table of this run, and not for one that had its name before. A run's own journal always is.
func (p *pass) same() bool { return !p.export.InChain() || p.journal.TableID == p.plan.TableID }

// outdated reports whether a chain cannot continue with its pending exports: they are for another table, or the table's recovery no longer
// reaches back to one that has not started, or that DynamoDB has forgotten.
func (p *pass) outdated() bool {
	return !p.same() || p.export.InChain() && slices.ContainsFunc(p.journal.Pending, func(e ledger.PendingExport) bool {
		forgotten := e.Done == nil && startOf(e.ExportARN).Before(p.recovery.now.Add(-remembered))
		return (e.ExportARN == "" || forgotten) && p.checkTimes(e.ExportSpec) != nil
	})
}

// remembered is how long DynamoDB knows an export. Recovery reaches back 35 days at most, so a run makes a full export instead.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListExports.html
const remembered = 90 * 24 * time.Hour

// next returns the exports that the request asks for. reason says why an export is a full one although the request asks for an
// incremental one.
func (p *pass) next() (specs []ledger.ExportSpec, reason, idle string, err error) {
	full := func(at *time.Time) ledger.ExportSpec {
		spec := p.spec(request.ExportFull)
		spec.ExportTime = at
		return spec
	}
	switch {
	case p.export.InChain():
		return p.chained(full)
	case p.export.ExportType == request.ExportFull:
		return []ledger.ExportSpec{full(moment(p.export.ExportTime))}, "", "", nil
	default:
		to := request.Moment(p.export.To)
		if p.export.To == "" {
			if to, err = p.end(); err != nil {
				return nil, "", "", err
			}
		}
		return []ledger.ExportSpec{p.window(request.Moment(p.export.From), to)}, "", "", nil
	}
}

// chained returns the windows that follow the last committed export. Each begins where the one before ends. If no window can follow,
// it returns a full export, and the chain continues from its moment.
func (p *pass) chained(full func(*time.Time) ledger.ExportSpec) (specs []ledger.ExportSpec, reason, idle string, err error) {
	until, err := p.chainEnd()
	if err != nil {
		return nil, "", "", err
	}
	if reason := p.broken(); reason != "" {
		return []ledger.ExportSpec{full(&until)}, reason, "", nil
	}
	end := *p.journal.End
	for from := end; ; {
		to := from.Add(request.MaxWindow)
		if to.After(until) {
			to = until
		}
		if to.Sub(from) < request.MinWindow {
			break
		}
		specs = append(specs, p.window(from, to))
		from = to
	}
	if len(specs) == 0 {
		return nil, "", fmt.Sprintf("nothing to export yet: the last export ended at %s, and from there to %s it is less than %s, the shortest window that DynamoDB exports",
			show(end), show(until), spoken(request.MinWindow)), nil
	}
	return specs, "", "", nil
}

// chainEnd returns how far the run exports: to the request's end, or else to the latest moment when the run began. So a run ends even
// if that moment moves on. The end is never after the latest restorable moment, because the next run continues exactly from it.
func (p *pass) chainEnd() (time.Time, error) {
	if p.in.Export.Until != nil {
		return *p.in.Export.Until, nil
	}
	latest, err := p.end()
	switch to := request.Moment(p.export.To); {
	case err != nil || to.IsZero():
		return latest, err
	case to.After(latest):
		return to, tooRecent(to, latest, "a chain ends at the latest restorable moment at most, which is")
	default:
		return to, nil
	}
}

// broken returns why no window can follow the committed ones, "" if one can.
func (p *pass) broken() string {
	j, w := p.journal, p.recovery
	switch {
	case j.End == nil:
		return "the chain begins here: no earlier run with the same table, prefix, filter, format, view type, encryption and bucket owner has committed an export"
	case j.TableID != p.plan.TableID:
		return fmt.Sprintf("table %q was deleted and created again since the last run", p.plan.Table)
	case !j.End.Before(w.earliest):
		return ""
	case w.latest.Sub(w.earliest) < w.period-switchedOn:
		return fmt.Sprintf("the table's recovery was switched off or shortened after the last export ended at %s: it reaches back only to %s", show(*j.End), show(w.earliest))
	default:
		return fmt.Sprintf("the run is too late: the last export ended at %s, and the table's recovery reaches back only to %s", show(*j.End), show(w.earliest))
	}
}

// switchedOn is how much shorter than its period a recovery window must be to say that recovery was switched on since. The two ends of
// the window do not move at the same moment.
const switchedOn = time.Hour

func (p *pass) window(from, to time.Time) ledger.ExportSpec {
	spec := p.spec(request.ExportIncremental)
	spec.From, spec.To, spec.ViewType = &from, &to, p.export.ViewType
	return spec
}

// spec returns the part that is the same in all exports of the run.
func (p *pass) spec(exportType request.ExportType) ledger.ExportSpec {
	return ledger.ExportSpec{
		ExportType: exportType, Format: p.export.Format, Filter: p.export.Filter, S3Bucket: p.plan.Bucket, S3Prefix: p.plan.ExportPrefix(),
		S3BucketOwner: p.export.S3BucketOwner, S3SseAlgorithm: p.export.S3SseAlgorithm, S3SseKMSKeyID: p.export.S3SseKMSKeyID,
	}
}

func moment(text string) *time.Time {
	if text == "" {
		return nil
	}
	return new(request.Moment(text))
}

// hash returns a digest of a value's JSON in hex, half a SHA-256: a client token has 64 characters at most.
func hash(value any) string {
	sum := sha256.Sum256(run.Marshal(value))
	return hex.EncodeToString(sum[:16])
}
