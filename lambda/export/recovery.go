package export

import (
	"context"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// recovery is the window of moments that a table can be exported from. Both ends are inclusive, in whole seconds, in UTC.
type recovery struct {
	earliest, latest time.Time
	// period is the most that the window reaches back.
	period time.Duration
}

// describeRecovery asks for the table's recovery window. It fails with PointInTimeRecoveryOff if there is none, and with TableNotReady
// if recovery has just been switched on.
func (p *pass) describeRecovery(ctx context.Context) (recovery, error) {
	answer, err := p.DynamoDB.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &p.plan.Table})
	if err != nil {
		return recovery{}, p.named(err, "dynamodb:DescribeContinuousBackups")
	}
	var d *types.PointInTimeRecoveryDescription
	if answer.ContinuousBackupsDescription != nil {
		d = answer.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	}
	if d == nil || d.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusEnabled {
		return recovery{}, p.recoveryOff("")
	}
	if d.EarliestRestorableDateTime == nil || d.LatestRestorableDateTime == nil {
		return recovery{}, failure.Errorf(failure.TableNotReady,
			"point-in-time recovery of table %q has just been switched on and has no restorable moment yet: start again in some minutes", p.plan.Table)
	}
	days := 35 // the period before it could be chosen
	if d.RecoveryPeriodInDays != nil {
		days = int(*d.RecoveryPeriodInDays)
	}
	earliest := d.EarliestRestorableDateTime.UTC()
	if whole := earliest.Truncate(time.Second); !whole.Equal(earliest) {
		earliest = whole.Add(time.Second)
	}
	return recovery{
		earliest: earliest, latest: d.LatestRestorableDateTime.UTC().Truncate(time.Second), period: time.Duration(days) * 24 * time.Hour,
	}, nil
}

func (p *pass) recoveryOff(words string) error {
	return failure.Errorf(failure.PointInTimeRecoveryOff,
		"table %q has no point-in-time recovery, which exports need%s. To switch it on: aws dynamodb update-continuous-backups --table-name %s --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true (billed by the table's size). Mode SCAN does not need it",
		p.plan.Table, words, p.plan.Table)
}

// check fails if the window does not hold an export's times.
func (w recovery) check(spec ledger.ExportSpec) error {
	if spec.ExportType == request.ExportFull {
		if spec.ExportTime == nil {
			return nil
		}
		return w.holds("export.exportTime", *spec.ExportTime)
	}
	from, to := *spec.From, *spec.To
	switch length := to.Sub(from); {
	case to.After(w.latest):
		return tooRecent(to, w.latest)
	case length < request.MinWindow:
		return failure.Errorf(failure.ExportWindowInvalid, "export.from to export.to: %s to %s is %s, DynamoDB exports windows of %s to %s: make it longer",
			show(from), show(to), length, spoken(request.MinWindow), spoken(request.MaxWindow))
	case length > request.MaxWindow:
		return failure.Errorf(failure.ExportWindowInvalid,
			`export.from to export.to: %s to %s is %s, DynamoDB exports windows of %s to %s: split it into several runs, or use "from": "last", which splits it`,
			show(from), show(to), length, spoken(request.MinWindow), spoken(request.MaxWindow))
	default:
		return w.holds("export.from", from)
	}
}

func (w recovery) holds(field string, at time.Time) error {
	switch {
	case at.After(w.latest):
		return failure.Errorf(failure.ExportTimeOutsideRecovery, "%s: got %s, later than the latest moment that can be exported; allowed: %s to %s",
			field, show(at), show(w.earliest), show(w.latest))
	case at.Before(w.earliest):
		return failure.Errorf(failure.ExportTimeOutsideRecovery, "%s: got %s, earlier than the start of the table's recovery; allowed: %s to %s",
			field, show(at), show(w.earliest), show(w.latest))
	default:
		return nil
	}
}

func tooRecent(to, latest time.Time) error {
	return failure.Errorf(failure.ExportWindowTooRecent, "export.to: got %s, the latest moment that can be exported is %s: wait %s, or give an earlier one",
		show(to), show(latest), to.Sub(latest))
}

func show(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// spoken returns a duration without the zeros at the end of its text: 15m, 24h.
func spoken(d time.Duration) string {
	if d%time.Hour == 0 {
		return d.String()[:len(d.String())-len("0m0s")]
	}
	return d.String()[:len(d.String())-len("0s")]
}
