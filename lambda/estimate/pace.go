package estimate

import (
	"math"
	"time"

	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// pace computes the pages, the units and the time of a paced scan. full is what its items cost together before pages are rounded up.
func (m Model) pace(f Facts, scan run.ScanPlan, w *work, full float64) {
	spread, items := usualSpread, w.items
	if s := f.Sample; s != nil && s.Scanned > 0 {
		spread = s.Spread
	}
	if items == 0 {
		items = math.Ceil(w.table / usualItem)
	}
	of := pace.Run{
		UnitsPerSecond: scan.ReadUnitsPerSecond, Segments: int(w.segments), Concurrency: int(w.atOnce), Items: items, Units: full, Spread: spread,
		Consistent: aws.ToBool(scan.Request.ConsistentRead), Limit: aws.ToInt64(scan.Request.Limit),
		Invocation: seconds(m.invocationSeconds()), Between: seconds(betweenSeconds), Patience: quota.MaxLambdaWait,
		Page: func(units float64) time.Duration { return seconds(latency(f, units*w.table/math.Max(1, full))) },
	}
	expected := of.Forecast()
	w.pages, w.units, w.paceSeconds, w.waits = expected.Pages, expected.Units, expected.Seconds, expected.Waits
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
