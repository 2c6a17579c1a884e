package price

// How many transitions of the state machine a run is billed for. infra/statemachine.go has the states.
const (
	TransitionsOfRun     = 10 // Plan, its Choice, the Map, Finalize, its Choice, Catalog and Prune with their Choices, and the end
	TransitionsOfScan    = 2  // of each invocation: ScanSegment and its Choice
	TransitionsOfCheck   = 4  // of each check of an export: WaitForExport, DescribeExport, CountCheck and its Choice
	TransitionsOfColumns = 5  // Columns, the Map, its Choice, Finalize again and its Choice
	TransitionsOfLearn   = 3  // Columns, the Map and its Choice: the files of a native export are first read to learn
	TransitionsOfConvert = 3  // ConvertSegment, its Choice, and SegmentConverted: most segments need one invocation
)
