package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
)

// decide sees to it that the journal has the exports that are to be made, and writes them there before any is started. What is
// there already is kept as it is, whoever has decided on it. idle is why there is nothing to be made.
func (r *round) decide(ctx context.Context) (idle string, err error) {
	if r.recovery, err = r.describeRecovery(ctx); err != nil {
		if r.started() && r.same() { // they end well whatever has become of the table's recovery
			return "", nil
		}
		return "", err
	}
	if len(r.journal.Pending) > 0 && !r.outdated() {
		return "", nil
	}
	specs, reason, idle, err := r.next()
	if idle != "" || err != nil {
		return idle, err
	}
	for _, spec := range specs {
		if err := r.recovery.check(spec); err != nil {
			return "", err
		}
	}
	if !r.same() { // nothing can follow on what was committed of another table, or under another filter
		r.journal.End = nil
	}
	r.journal.TableARN, r.journal.TableID, r.journal.Filter = r.plan.TableARN, r.plan.TableID, digest(r.export.Filter)
	r.journal.Pending = nil
	for _, spec := range specs {
		r.journal.Pending = append(r.journal.Pending, ledger.PendingExport{ExportSpec: spec, Reason: reason, Since: r.recovery.latest})
	}
	return "", r.journal.Save(ctx)
}

// started tells whether there are pending exports and none of them is still to be started.
func (r *round) started() bool {
	return len(r.journal.Pending) > 0 &&
		!slices.ContainsFunc(r.journal.Pending, func(p ledger.PendingExport) bool { return p.ExportARN == "" })
}

// same tells whether the journal is of the table and the filter that the run is for. A run's own journal always is.
func (r *round) same() bool {
	return !r.export.InChain() || r.journal.TableID == r.plan.TableID && r.journal.Filter == digest(r.export.Filter)
}

// outdated tells whether a chain cannot go on with the exports that its journal has pending: they are another table's, or
// something else is asked for now, or one that is still to be started reaches back further than the table's recovery does.
func (r *round) outdated() bool {
	return !r.same() || r.export.InChain() && slices.ContainsFunc(r.journal.Pending, func(p ledger.PendingExport) bool {
		return p.ExportARN == "" && r.recovery.check(p.ExportSpec) != nil
	})
}

// next returns the exports that the request asks for, and why one of them is a full one where it asks for an incremental one.
func (r *round) next() (specs []ledger.ExportSpec, reason, idle string, err error) {
	full := func(at *time.Time) ledger.ExportSpec {
		spec := r.spec(request.ExportFull)
		spec.ExportTime = at
		return spec
	}
	switch {
	case r.export.InChain():
		return r.chained(full)
	case r.export.ExportType == request.ExportFull:
		return []ledger.ExportSpec{full(moment(r.export.ExportTime))}, "", "", nil
	default:
		to := r.recovery.latest
		if r.export.To != "" {
			to = request.Moment(r.export.To)
		}
		return []ledger.ExportSpec{r.window(request.Moment(r.export.From), to)}, "", "", nil
	}
}

// chained returns what follows on the last committed export: windows that each begin where the one before ends. Where none can
// follow, it is a full export, from whose moment the chain goes on.
func (r *round) chained(full func(*time.Time) ledger.ExportSpec) (specs []ledger.ExportSpec, reason, idle string, err error) {
	until, err := r.chainEnd()
	if err != nil {
		return nil, "", "", err
	}
	if reason := r.broken(); reason != "" {
		return []ledger.ExportSpec{full(&until)}, reason, "", nil
	}
	end := *r.journal.End
	for from := end; ; {
		to := from.Add(request.MaxWindow)
		if to.After(until) {
			to = until
		}
		if to.Sub(from) < request.MinWindow {
			break
		}
		specs = append(specs, r.window(from, to))
		from = to
	}
	if len(specs) == 0 {
		return nil, "", fmt.Sprintf("nothing to export yet: the last export ended at %s, and from there to %s it is less than the %s that DynamoDB exports at least",
			show(end), show(until), spoken(request.MinWindow)), nil
	}
	return specs, "", "", nil
}

// chainEnd returns how far the run exports: as far as it could when it began, so that it comes to an end, and as far as its
// request asks.
func (r *round) chainEnd() (time.Time, error) {
	latest := r.recovery.latest
	switch to := request.Moment(r.export.To); {
	case r.in.Export.Until != nil:
		return *r.in.Export.Until, nil
	case to.IsZero():
		return latest, nil
	case to.After(latest):
		return to, tooRecent(to, latest)
	default:
		return to, nil
	}
}

// broken returns why no window can follow on what is committed, "" where one can.
func (r *round) broken() string {
	j, w := r.journal, r.recovery
	switch {
	case j.End == nil:
		return "the chain begins here: no run of this table and prefix has ended before"
	case j.TableID != r.plan.TableID:
		return fmt.Sprintf("table %q was deleted and created anew since the last run", r.plan.Table)
	case j.Filter != digest(r.export.Filter):
		return "the filter is not that of the last run"
	case !j.End.Before(w.earliest):
		return ""
	case w.latest.Sub(w.earliest) < w.period-switchedOn:
		return fmt.Sprintf("the table's recovery was switched off, or made shorter, since the last export ended at %s: it reaches back to %s only", show(*j.End), show(w.earliest))
	default:
		return fmt.Sprintf("the last export ended at %s, the table's recovery reaches back to %s only: the run comes too late", show(*j.End), show(w.earliest))
	}
}

// switchedOn is by how much the recovery window must be shorter than its period to say that it has been switched on since:
// its two ends are not moved at the same moment.
const switchedOn = time.Hour

func (r *round) window(from, to time.Time) ledger.ExportSpec {
	spec := r.spec(request.ExportIncremental)
	spec.From, spec.To, spec.ViewType = &from, &to, r.export.ViewType
	return spec
}

// spec returns what all exports of the run have in common.
func (r *round) spec(exportType request.ExportType) ledger.ExportSpec {
	return ledger.ExportSpec{
		ExportType: exportType, Format: r.export.Format, Filter: r.export.Filter, S3Bucket: r.plan.Bucket, S3Prefix: r.plan.Prefix(),
		S3BucketOwner: r.export.S3BucketOwner, S3SseAlgorithm: r.export.S3SseAlgorithm, S3SseKMSKeyID: r.export.S3SseKMSKeyID,
	}
}

func moment(text string) *time.Time {
	if text == "" {
		return nil
	}
	return new(request.Moment(text))
}

// digest tells filters apart, "" for none.
func digest(filter *request.Filter) string {
	if filter == nil {
		return ""
	}
	return hash(filter)
}

// hash is a digest of a value's JSON, in hex: short enough for a client token, long enough to tell any two apart.
func hash(value any) string {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("internal error: %T does not marshal: %v", value, err))
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}
