package request

import "dynamodb-to-s3/lambda/failure"

// checkPace holds a request's pace to what can be kept. Whether the table's capacity is known shows only where it is described.
func (r Request) checkPace(found *failure.Problems) {
	if r.ReadUnits != nil && *r.ReadUnits <= 0 {
		found.Add("readUnitsPerSecond", "got %g, want a number greater than 0", *r.ReadUnits)
	}
	if r.ReadPercent != nil && (*r.ReadPercent <= 0 || *r.ReadPercent > 100) {
		found.Add("readPercent", "got %g, want a number greater than 0 and at most 100", *r.ReadPercent)
	}
	if r.ReadUnits != nil && r.ReadPercent != nil {
		found.Add("readPercent", "given together with readUnitsPerSecond: both set the pace, give one")
	}
}
