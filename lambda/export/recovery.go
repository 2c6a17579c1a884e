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

// recovery is the window that a table can be exported from: both ends inclusive, in whole seconds, in UTC.
type recovery struct {
	earliest, latest time.Time
	// period is how far back the window reaches at most.
	period time.Duration
}

// describeRecovery asks for the table's recovery window. It fails with PointInTimeRecoveryOff where there is none, and with
// TableNotReady where it has just been switched on.
func (r *round) describeRecovery(ctx context.Context) (recovery, error) {
	answer, err := r.DynamoDB.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &r.plan.Table})
	if err != nil {
		return recovery{}, r.named(err, "dynamodb:DescribeContinuousBackups")
	}
	var d *types.PointInTimeRecoveryDescription
	if answer.ContinuousBackupsDescription != nil {
		d = answer.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	}
	if d == nil || d.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusEnabled {
		return recovery{}, r.recoveryOff("")
	}
	if d.EarliestRestorableDateTime == nil || d.LatestRestorableDateTime == nil {
		return recovery{}, failure.Errorf(failure.TableNotReady,
			"point-in-time recovery of table %q has just been switched on and has no restorable moment yet: start again in some minutes", r.plan.Table)
	}
	days := 35 // what it was before it could be chosen
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

func (r *round) recoveryOff(words string) error {
	return failure.Errorf(failure.PointInTimeRecoveryOff,
		"table %q has no point-in-time recovery, which exports read from%s. To switch it on: aws dynamodb update-continuous-backups --table-name %s --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true (it is billed by the table's size). Or scan: mode SCAN needs none",
		r.plan.Table, words, r.plan.Table)
}

// check holds an export against what can be exported.
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
		return failure.Errorf(failure.ExportWindowInvalid, "export.from to export.to: %s to %s is %s, DynamoDB exports windows of %s to %s: widen it",
			show(from), show(to), length, spoken(request.MinWindow), spoken(request.MaxWindow))
	case length > request.MaxWindow:
		return failure.Errorf(failure.ExportWindowInvalid,
			`export.from to export.to: %s to %s is %s, DynamoDB exports windows of %s to %s: split it over several runs, or use "from": "last", which does so by itself`,
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
		return failure.Errorf(failure.ExportTimeOutsideRecovery, "%s: got %s, earlier than the table's recovery reaches back; allowed: %s to %s",
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

// spoken is a duration without the zeros that its own text ends in.
func spoken(d time.Duration) string {
	if d%time.Hour == 0 {
		return d.String()[:len(d.String())-len("0m0s")]
	}
	return d.String()[:len(d.String())-len("0s")]
}
