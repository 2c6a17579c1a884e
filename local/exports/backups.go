package exports

import (
	"context"
	"time"
)

const (
	// maxDays is the longest recovery window, in days, and the default.
	maxDays = 35
	// lag is the time from the latest restorable time to now. AWS says "typically 5 minutes".
	lag = 5 * time.Minute
)

// A recovery is the setting of point-in-time recovery of a table.
type recovery struct {
	off   bool
	days  int       // the length of the window
	since time.Time // when it was switched on; zero if it was never off
}

// window returns the first and the last time of which the table can be exported.
func (r recovery) window(now time.Time) (earliest, latest time.Time) {
	earliest, latest = now.AddDate(0, 0, -r.days), now.Add(-lag)
	if r.since.After(earliest) {
		earliest = r.since
	}
	if latest.Before(earliest) {
		latest = earliest
	}
	return earliest, latest
}

// set switches recovery on, for a number of days, or off. After it is switched on again, earlier times cannot be exported.
func (r *recovery) set(on bool, days int, now time.Time) {
	if on && r.off {
		r.since = now
	}
	r.off, r.days = !on, days
}

type pointInTime struct {
	Status   string `json:"PointInTimeRecoveryStatus"`
	Days     int    `json:"RecoveryPeriodInDays,omitempty"`
	Earliest *epoch `json:"EarliestRestorableDateTime,omitempty"`
	Latest   *epoch `json:"LatestRestorableDateTime,omitempty"`
}

func (r recovery) describe(now time.Time) any {
	point := pointInTime{Status: "DISABLED"}
	if !r.off {
		earliest, latest := r.window(now)
		point = pointInTime{Status: "ENABLED", Days: r.days, Earliest: &epoch{earliest}, Latest: &epoch{latest}}
	}
	return map[string]any{"ContinuousBackupsDescription": map[string]any{
		"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": point,
	}}
}

// describeBackups is DescribeContinuousBackups.
func (s *Server) describeBackups(ctx context.Context, body []byte) (any, error) {
	var in struct{ TableName string }
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	h, unlock, err := s.open(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return h.recovery.describe(s.Now()), nil
}

// updateBackups is UpdateContinuousBackups.
func (s *Server) updateBackups(ctx context.Context, body []byte) (any, error) {
	var in struct {
		TableName     string
		Specification struct {
			Enabled *bool `json:"PointInTimeRecoveryEnabled"`
			Days    *int  `json:"RecoveryPeriodInDays"`
		} `json:"PointInTimeRecoverySpecification"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	days := maxDays
	switch {
	case in.Specification.Enabled == nil:
		return nil, invalid("PointInTimeRecoverySpecification: PointInTimeRecoveryEnabled must be given")
	case in.Specification.Days != nil:
		if days = *in.Specification.Days; days < 1 || days > maxDays {
			return nil, invalid("RecoveryPeriodInDays: got %d, want 1 to %d", days, maxDays)
		}
	}
	h, unlock, err := s.open(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	now := s.Now()
	h.recovery.set(*in.Specification.Enabled, days, now)
	return h.recovery.describe(now), nil
}
