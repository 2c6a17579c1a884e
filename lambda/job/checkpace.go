package job

// checkPace holds a request's pace to what can be kept. Whether the table's capacity is known shows only where it is described.
func (r Request) checkPace(found *problems) {
	if r.ReadUnits != nil && *r.ReadUnits <= 0 {
		found.add("readUnitsPerSecond", "got %g, want a number greater than 0", *r.ReadUnits)
	}
	if r.ReadPercent != nil && (*r.ReadPercent <= 0 || *r.ReadPercent > 100) {
		found.add("readPercent", "got %g, want a number greater than 0 and at most 100", *r.ReadPercent)
	}
	if r.ReadUnits != nil && r.ReadPercent != nil {
		found.add("readPercent", "given together with readUnitsPerSecond: both set the pace, give one")
	}
}
