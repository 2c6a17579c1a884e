package plan

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// A read unit pays for 4 KB, if the read is consistent. Otherwise it pays for twice as much.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
	bytesPerUnit = 4 << 10
	// largestItem is the size of the largest item that DynamoDB stores.
	largestItem = 400 << 10
	// partitionUnits is how many read units a second one partition gives. A segment reads one partition after the other.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
	partitionUnits = 3000
)

// reading is how long a scan reads at its pace, or as fast as DynamoDB allows.
type reading struct {
	units, items float64 // of the whole scan; at least so many units
	largest      float64 // the units of the largest possible item
	rate         float64 // units a second
	paced        bool
	atOnce       float64       // segments that run at the same time
	timeout      time.Duration // of an invocation
}

// reads returns how a planned scan reads, judged by what DynamoDB knows about the size of the table.
func (s *Step) reads(scan run.ScanPlan, described table.Description, atOnce int) reading {
	perByte := 1.0 / bytesPerUnit / 2
	if aws.ToBool(scan.Request.ConsistentRead) {
		perByte *= 2
	}
	r := reading{
		units: float64(described.Bytes) * perByte, items: float64(described.Items), largest: largestItem * perByte,
		rate: float64(atOnce) * partitionUnits, paced: scan.Paced(), atOnce: float64(atOnce), timeout: s.ScanTimeout,
	}
	if r.timeout == 0 {
		r.timeout = quota.MaxScanTimeout
	}
	if scan.Request.Segment != nil {
		r.units /= float64(scan.TotalSegments)
		r.items /= float64(scan.TotalSegments)
	}
	if r.paced {
		r.rate = min(r.rate, scan.ReadUnitsPerSecond)
		if least := perByte * bytesPerUnit; r.share()/2 < least { // a page has one item, and costs at least so much
			r.units = max(r.units, r.items*least)
		}
	}
	return r
}

// share returns the units a second of one segment.
func (r reading) share() float64 { return r.rate / r.atOnce }

// events returns how many events the history of one child has, and how many seconds its segment takes, if the scan has so many segments.
// It assumes the worst case of waits (quota.MaxEarlyEnds), and segments of the same size.
func (r reading) events(segments int) (events int64, seconds float64) {
	seconds = r.units / float64(segments) / (r.rate / min(r.atOnce, float64(segments)))
	invocations := math.Ceil(seconds/r.timeout.Seconds()) + 1
	if !r.paced || r.largest/r.share() <= quota.MaxLambdaWait.Seconds() {
		return quota.SegmentEvents(count(invocations), 0), seconds
	}
	invocations += min(quota.MaxEarlyEnds, seconds/quota.MaxLambdaWait.Seconds())
	invocations = min(invocations, math.Ceil(r.items/float64(segments))+1) // each reads an item at least
	return quota.SegmentEvents(count(invocations), count(invocations)), seconds
}

// count returns a number as an integer that can be multiplied by the events of an invocation.
func count(n float64) int64 { return int64(min(n, 1e15)) }

// checkDuration refuses a scan that Step Functions would end before it is done, with the numbers.
func (s *Step) checkDuration(req request.Request, scan run.ScanPlan, described table.Description, atOnce int) error {
	r, segments, most := s.reads(scan, described, atOnce), len(scan.Segments()), quota.MaxDuration.Seconds()
	limit := "an execution takes at most " + days(most)
	found := r.tooLong(req, most, limit)
	if r.paced && r.largest/r.share() > most {
		field, given := paceOf(req)
		found = problem.List{{
			Path: field, Got: fmt.Sprintf("%s, at which a segment reads an item of 400 KB, the largest possible, in %s", given, days(r.largest/r.share())),
			Want: fmt.Sprintf("%s or more: %s", roundUp(r.largest/most*r.atOnce), limit),
		}}
	}
	if events, seconds := r.events(segments); len(found) == 0 && events > quota.MaxHistoryEvents {
		field := "segments"
		if req.Scan.TotalSegments != nil {
			field = "scan.TotalSegments"
		}
		found = append(found, problem.Problem{
			Path: field, Got: fmt.Sprintf("%d, so that one segment takes about %s in invocations of %s, which can make a history of %d events", scan.TotalSegments, days(seconds), r.timeout, events),
			Want: fmt.Sprintf("a history of at most %d events: %s", quota.MaxHistoryEvents, r.remedy(segments)),
		})
	}
	return found.Err()
}

// tooLong says what is wrong with a scan that takes more than so many seconds, nil if it does not. limit says in words why it must not.
func (r reading) tooLong(req request.Request, most float64, limit string) problem.List {
	field, given := paceOf(req)
	switch {
	case r.units/r.rate <= most:
		return nil
	case r.paced:
		return problem.List{{
			Path: field, Got: fmt.Sprintf("%s, at which %.0f read units of %s take %s", given, r.units, subject(req), days(r.units/r.rate)),
			Want: fmt.Sprintf("%s units a second or more: %s", roundUp(r.units/most), limit),
		}}
	default:
		return problem.List{{
			Path: "concurrency", Got: fmt.Sprintf("%.0f, with which %.0f read units of %s take %s or more: a segment reads at most %d units a second", r.atOnce, r.units, subject(req), days(r.units/r.rate), partitionUnits),
			Want: fmt.Sprintf("%.0f or more: %s", math.Ceil(r.units/most/partitionUnits), limit),
		}}
	}
}

// remedy says what makes the history of a child short enough.
func (r reading) remedy(segments int) string {
	if segments > 1 || r.units > 0 {
		for n := segments + 1; n <= request.MaxSegments; n++ {
			if events, _ := r.events(n); events <= quota.MaxHistoryEvents {
				return fmt.Sprintf("give %d segments or more", n)
			}
		}
	}
	if r.paced {
		return "give a faster pace"
	}
	return "raise the timeout of the function scan"
}

// paceOf returns the field that sets the pace, and its value.
func paceOf(req request.Request) (field, given string) {
	if req.ReadUnits != nil {
		return "readUnitsPerSecond", fmt.Sprint(*req.ReadUnits)
	}
	if req.ReadPercent != nil {
		return "readPercent", fmt.Sprint(*req.ReadPercent)
	}
	return "", ""
}

// roundUp returns a number with three digits that is not smaller.
func roundUp(n float64) string {
	unit := math.Pow(10, math.Floor(math.Log10(n))-2)
	rounded, _ := strconv.ParseFloat(fmt.Sprintf("%.3g", math.Ceil(n/unit)*unit), 64) // a number that was just printed
	return fmt.Sprint(rounded)
}

// days returns a number of seconds in days.
func days(seconds float64) string {
	n := seconds / (24 * 60 * 60)
	if n >= 1000 {
		return fmt.Sprintf("%.0f days", n)
	}
	return fmt.Sprintf("%.3g days", n)
}
