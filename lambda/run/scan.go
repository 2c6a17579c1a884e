package run

import "dynamodb-to-s3/lambda/request"

// ScanPlan is what only a run that scans has.
type ScanPlan struct {
	// Request is the request's field scan: parameters of DynamoDB's Scan.
	Request request.Scan `json:"request"`
	// Index is the definition of the index that Request names: its key and its projection. With it, a later look recognizes the index.
	Index         string         `json:"index,omitempty"`
	TotalSegments int            `json:"totalSegments"`
	Format        request.Format `json:"format,omitempty"`
	// Transform or Encoder makes the records if Format alone does not. At most one of the two is there.
	Transform string   `json:"transform,omitempty"`
	Encoder   *Encoder `json:"encoder,omitempty"`
	// KeyNames are the names of the attributes of the table's primary key. Errors name them to a person who looks for an item.
	KeyNames      []string            `json:"keyNames,omitempty"`
	Compression   request.Compression `json:"compression"`
	FileSizeBytes int64               `json:"fileSizeBytes"`
	// ReadUnitsPerSecond is what all segments of the run may consume together, 0 for no limit. MaxReadUnits is what the run may consume in
	// total, 0 for no limit. With one of the two, Concurrency is how many segments run at the same time.
	ReadUnitsPerSecond float64 `json:"readUnitsPerSecond,omitempty"`
	MaxReadUnits       float64 `json:"maxReadUnits,omitempty"`
	Concurrency        int     `json:"concurrency,omitempty"`
	// SourceRoleARN reads the table and DestinationRoleARN writes the objects; "" means the functions' own roles.
	SourceRoleARN      string `json:"sourceRoleArn,omitempty"`
	DestinationRoleARN string `json:"destinationRoleArn,omitempty"`
	// TableRegion is the table's region if the request names another region than the functions'. TableARN cannot replace it:
	// emulators invent its region.
	TableRegion string `json:"tableRegion,omitempty"`
}

// Encoder is the registered encoder that a run began with.
type Encoder struct {
	Name string `json:"name"`
	// Extension ends the keys of objects, before the extension of the compression.
	Extension string `json:"extension"`
}

// Paced reports whether the run has a limit of read units a second.
func (s ScanPlan) Paced() bool { return s.ReadUnitsPerSecond > 0 }

// Segments returns the numbers of the segments that this run scans: all of them, or the one that the request names.
func (s ScanPlan) Segments() []int {
	if s.Request.Segment != nil {
		return []int{int(*s.Request.Segment)}
	}
	numbers := make([]int, s.TotalSegments)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// Extension returns the end of the keys of the run's data objects. Native exports of the same format have the same.
func (s ScanPlan) Extension() string {
	extension := ".json"
	switch {
	case s.Encoder != nil:
		extension = s.Encoder.Extension
	case s.Format == request.FormatION:
		extension = ".ion"
	case s.Format == request.FormatParquet:
		return ".parquet" // the compression is inside
	}
	return extension + compressionExtensions[s.Compression]
}

var compressionExtensions = map[request.Compression]string{request.CompressionGZIP: ".gz", request.CompressionZSTD: ".zst"}

// OutputFormat returns the name of the record format, as the manifest has it.
func (s ScanPlan) OutputFormat() string {
	if s.Encoder != nil {
		return s.Encoder.Name
	}
	return string(s.Format)
}
