package export

import (
	"context"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// recovery says which moments of a table DynamoDB can restore, in UTC. earliest and latest are inclusive, and zero if DynamoDB does not
// give them yet.
type recovery struct {
	earliest time.Time
	// latest is LatestRestorableDateTime in whole seconds: typically five minutes ago. DynamoDB is known to export later moments too, up to
	// now. So a run that chooses its own end takes latest, and a request may give a later time, which DynamoDB accepts or refuses.
	latest time.Time
	// now is DynamoDB's clock.
	now time.Time
	// period is the most that the window reaches back.
	period time.Duration
}

const (
	// usualLag is how long after a moment DynamoDB can usually restore it.
	usualLag = 5 * time.Minute
	// clockTolerance is how far after DynamoDB's clock a time may be before it is refused as a time in the future. The clock is the Date of
	// an answer: it has no fraction of a second, and it is as old as the answer. In between, DynamoDB decides.
	clockTolerance = 5 * time.Second
)

// describeRecovery asks for the table's recovery window. It fails with PointInTimeRecoveryOff if recovery is off, and with TableNotReady
// if its status is neither on nor off.
func (p *pass) describeRecovery(ctx context.Context) (recovery, error) {
	answer, err := p.DynamoDB.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &p.plan.Table})
	if err != nil {
		return recovery{}, p.named(err, "dynamodb:DescribeContinuousBackups")
	}
	var d types.PointInTimeRecoveryDescription
	if answer.ContinuousBackupsDescription != nil && answer.ContinuousBackupsDescription.PointInTimeRecoveryDescription != nil {
		d = *answer.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	}
	switch d.PointInTimeRecoveryStatus {
	case types.PointInTimeRecoveryStatusEnabled:
	case types.PointInTimeRecoveryStatusDisabled, "":
		return recovery{}, p.recoveryOff("")
	default:
		return recovery{}, failure.Errorf(failure.TableNotReady, "point-in-time recovery of table %q is %s: start again when it is ENABLED",
			p.plan.Table, d.PointInTimeRecoveryStatus)
	}
	now, ok := awsmiddleware.GetServerTime(answer.ResultMetadata)
	if !ok {
		now = time.Now()
	}
	days := 35 // the period before it could be chosen
	if d.RecoveryPeriodInDays != nil {
		days = int(*d.RecoveryPeriodInDays)
	}
	return recovery{
		earliest: aws.ToTime(d.EarliestRestorableDateTime).UTC(), latest: aws.ToTime(d.LatestRestorableDateTime).UTC().Truncate(time.Second),
		now: now.UTC(), period: time.Duration(days) * 24 * time.Hour,
	}, nil
}

func (p *pass) recoveryOff(words string) error {
	return failure.Errorf(failure.PointInTimeRecoveryOff,
		"table %q has no point-in-time recovery, which exports need%s. To switch it on: aws dynamodb update-continuous-backups --table-name %s --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true (billed by the table's size). Mode SCAN does not need it",
		p.plan.Table, words, p.plan.Table)
}

// end returns the latest moment that a run may choose as its end. It fails with TableNotReady if there is no moment to choose: recovery
// was switched on minutes ago.
func (p *pass) end() (time.Time, error) {
	w := p.recovery
	if !w.earliest.IsZero() && w.latest.After(w.earliest) {
		return w.latest, nil
	}
	wait, since := usualLag, ""
	if !w.earliest.IsZero() {
		wait, since = w.earliest.Add(usualLag).Sub(w.now), " at "+show(w.earliest)
	}
	return time.Time{}, failure.Errorf(failure.TableNotReady,
		"point-in-time recovery of table %q has just been switched on%s and is not ready yet: no later moment can be restored. Start again in about %d min. A full export without exportTime need not wait",
		p.plan.Table, since, max(1, int((wait+time.Minute-1)/time.Minute)))
}

// checkTimes fails if DynamoDB cannot export the times of an export. It leaves the last minutes before now to DynamoDB.
func (p *pass) checkTimes(spec ledger.ExportSpec) error {
	w := p.recovery
	if spec.ExportType == request.ExportFull {
		switch {
		case spec.ExportTime == nil:
			return nil
		case p.export.InChain():
			return w.holds("export.to", *spec.ExportTime)
		default:
			return w.holds("export.exportTime", *spec.ExportTime)
		}
	}
	from, to := *spec.From, *spec.To
	given := "" // says where export.to comes from
	if p.export.To == "" {
		given = " (export.to is not given, so it is the latest restorable moment)"
	}
	switch length := to.Sub(from); {
	case to.After(w.now.Add(clockTolerance)):
		return tooRecent(to, w.now, "it is now")
	case length < request.MinWindow:
		return failure.Errorf(failure.ExportWindowInvalid, "export.from to export.to: %s to %s%s is %s, DynamoDB exports windows of %s to %s: give an earlier from or a later to",
			show(from), show(to), given, length, spoken(request.MinWindow), spoken(request.MaxWindow))
	case length > request.MaxWindow:
		return failure.Errorf(failure.ExportWindowInvalid,
			`export.from to export.to: %s to %s%s is %s, DynamoDB exports windows of %s to %s: split it into several runs, or use "from": "last", which splits it`,
			show(from), show(to), given, length, spoken(request.MinWindow), spoken(request.MaxWindow))
	default:
		return w.holds("export.from", from)
	}
}

func (w recovery) holds(field string, at time.Time) error {
	switch {
	case at.After(w.now.Add(clockTolerance)):
		return failure.Errorf(failure.ExportTimeOutsideRecovery, "%s: got %s, which is in the future: it is now %s; allowed: %s to now",
			field, show(at), show(w.now), show(w.earliest))
	case at.Before(w.earliest):
		return failure.Errorf(failure.ExportTimeOutsideRecovery, "%s: got %s, earlier than the start of the table's recovery; allowed: %s to now, %s",
			field, show(at), show(w.earliest), show(w.now))
	default:
		return nil
	}
}

func tooRecent(to, latest time.Time, what string) error {
	wait := ""
	if d := to.Sub(latest); d <= request.MaxWindow {
		wait = "wait " + d.String() + ", or "
	}
	return failure.Errorf(failure.ExportWindowTooRecent, "export.to: got %s, %s %s: %sgive an earlier time, or leave it out",
		show(to), what, show(latest), wait)
}

// timesRefused gives a name to DynamoDB's InvalidExportTimeException, which it answers to all faults of times. words are its message.
func (p *pass) timesRefused(spec ledger.ExportSpec, words string) error {
	w := p.recovery
	const about = "DynamoDB refused the times of the export of table %q (%s): %s. "
	times := "exportTime " + show(aws.ToTime(spec.ExportTime))
	if spec.ExportTime == nil {
		times = "now"
	}
	if spec.ExportType == request.ExportIncremental {
		times = "from " + show(*spec.From) + " to " + show(*spec.To)
	}
	switch {
	case strings.Contains(words, "Difference between"):
		return failure.Errorf(failure.ExportWindowInvalid, about+"Give a window of %s to %s", p.plan.Table, times, words, spoken(request.MinWindow), spoken(request.MaxWindow))
	case spec.ExportType == request.ExportIncremental && spec.To.After(w.latest):
		return failure.Errorf(failure.ExportWindowTooRecent, about+"The latest restorable moment is %s: wait %s, or give an earlier export.to",
			p.plan.Table, times, words, show(w.latest), spec.To.Sub(w.latest))
	default:
		return failure.Errorf(failure.ExportTimeOutsideRecovery, about+"The table's recovery reaches from %s to %s",
			p.plan.Table, times, words, show(w.earliest), show(w.latest))
	}
}

// show returns a time with as many digits of its fraction as it needs.
func show(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// spoken returns a duration without the zeros at the end of its text: 15m, 24h.
func spoken(d time.Duration) string {
	if d%time.Hour == 0 {
		return d.String()[:len(d.String())-len("0m0s")]
	}
	return d.String()[:len(d.String())-len("0s")]
}
