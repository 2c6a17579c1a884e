package run

import (
	"encoding/json"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
)

// UsualSegmentBytes is about how many stored bytes a segment of the second pass has, if there are not too many segments. A function with 512 MiB of
// memory converts them in a minute or two.
const UsualSegmentBytes = 512 << 20

// ParquetPlan is what only a run has that makes Parquet files. Such a run has two passes. The first one reads the table and writes DynamoDB JSON below
// _staging/, as a run of its own that is committed there, and learns which types the attributes have. Then the function columns decides the
// schema. The second pass converts the staged files. Its plan is of mode SCAN, and each of its segments has some of the staged files.
type ParquetPlan struct {
	Columns       map[string]request.Column `json:"columns,omitempty"`
	Numbers       request.Numbers           `json:"numbers"`
	Compression   request.Compression       `json:"compression"`
	FileSizeBytes int64                     `json:"fileSizeBytes"`
	KeepStaging   bool                      `json:"keepStaging,omitempty"`
	// Concurrency is how many segments are converted at the same time.
	Concurrency int `json:"concurrency"`
	// LastSchema is the key of the schema of the last committed run of the same table and prefix, with which the run compares its own.
	LastSchema string `json:"lastSchema"`
	// Segments is how many segments the second pass has; 0 before the function columns has divided them.
	Segments int `json:"segments,omitempty"`
	// Schema is the Digest of the object Layout.Schema. It is "" in the first pass.
	Schema string `json:"schema,omitempty"`
	// Staged is what the first pass has read and staged; nil in the first pass.
	Staged *Staged `json:"staged,omitempty"`
}

// Staged is what the first pass of a run has read, and what it has staged for the second pass. The result of the run has these numbers.
type Staged struct {
	// Records counts the records of the staged files. The second pass makes as many rows.
	Records int64 `json:"records"`
	// Items counts the items that passed the filters, and Scanned those that were read.
	Items     int64   `json:"items"`
	Scanned   int64   `json:"scanned"`
	ReadUnits float64 `json:"readUnits"`
	// Work says how the scan spent its time; nil for a native export.
	Work *WorkTotals `json:"work,omitempty"`
	// TotalSegments is how many segments the table was divided into, 0 for a native export. Segment is the only one that was read; nil for all.
	TotalSegments int    `json:"totalSegments,omitempty"`
	Segment       *int64 `json:"segment,omitempty"`
	// Export is the native export that was made; nil for a scan.
	Export *ExportedWindow `json:"export,omitempty"`
}

// Segments returns how many segments the first pass has read.
func (s Staged) Segments() int {
	if s.Segment != nil {
		return 1
	}
	return s.TotalSegments
}

// LastSchema returns the key of the last schema of the runs that make the same columns as the request. The runs have the same table, prefix, index,
// projection, transform and format: a request can pin columns of Parquet, and those of other formats follow from the items alone.
func LastSchema(req request.Request, table string) string {
	prefix := strings.TrimSuffix(req.Prefix, "/")
	same := struct {
		Prefix, Index, Projection, Transform string
		Format                               request.Format `json:",omitempty"` // "" for PARQUET
	}{Prefix: prefix, Transform: req.Transform}
	if req.Format != request.FormatParquet {
		same.Format = req.Format
	}
	if req.Scan != nil {
		same.Index, same.Projection = req.Scan.IndexName, req.Scan.ProjectionExpression+strings.Join(req.Scan.AttributesToGet, ",")
	}
	return LastSchemas(constant(prefix, table)) + table + "-" + Digest(same)[:chainDigest] + ".json"
}

// LastSchemas returns the start of the keys of all last schemas below a prefix. The placeholders of the prefix must be filled in.
func LastSchemas(prefix string) string { return below(prefix, schemas+"/") }

// FirstPass reports whether the plan is that of the first pass of a run that makes Parquet files.
func (p Plan) FirstPass() bool { return p.Parquet != nil && p.Parquet.Schema == "" }

// SecondPass reports whether the plan is that of the second pass of a run that makes Parquet files.
func (p Plan) SecondPass() bool { return p.Parquet != nil && p.Parquet.Schema != "" }

// Learning returns the plan of a pass over the files of a native export that writes nothing and learns which types the attributes have.
func (p Plan) Learning(segments int) Plan {
	parquet := *p.Parquet
	parquet.Segments = segments
	p.Mode, p.Export, p.Parquet = request.ModeScan, nil, &parquet
	p.Scan = &ScanPlan{Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP, FileSizeBytes: parquet.FileSizeBytes, TotalSegments: segments}
	return p
}

// Converting returns the plan of the second pass. digest is that of the schema s.
func (p Plan) Converting(s Schema, digest string) Plan {
	parquet := *p.Parquet
	parquet.Segments, parquet.Schema, parquet.Staged = s.Segments, digest, &s.Staged
	scan := ScanPlan{}
	if p.Scan != nil {
		scan = *p.Scan
	}
	scan.Request.Segment, scan.ReadUnitsPerSecond, scan.Concurrency, scan.MaxReadUnits = nil, 0, 0, 0
	scan.Format, scan.Compression, scan.FileSizeBytes, scan.TotalSegments = request.FormatParquet, parquet.Compression, parquet.FileSizeBytes, s.Segments
	p.Mode, p.Export, p.Scan, p.Parquet = request.ModeScan, nil, &scan, &parquet
	return p
}

// Learns reports whether the segments of the plan learn which types the attributes of their records have: in the first pass of a run that makes
// Parquet files, and in a scan in JSON or ION that tables of a catalog show.
func (p Plan) Learns() bool {
	return p.FirstPass() || p.Catalog != nil && p.Scan != nil && p.Scan.Encoder == nil && (p.Scan.Format == request.FormatJSON || p.Scan.Format == request.FormatION)
}

// LastSchema returns the key of the schema with which the run compares its own; "" if the run has none.
func (p Plan) LastSchema() string {
	switch {
	case p.Parquet != nil:
		return p.Parquet.LastSchema
	case p.Catalog != nil:
		return p.Catalog.LastSchema
	default:
		return ""
	}
}

// Schema is the object Layout.Schema: the columns of a run. It is written once: before the second pass of a run that makes Parquet files, and after the
// commit of a scan in JSON or ION.
type Schema struct {
	Version   int       `json:"version"`
	RunID     string    `json:"runId"`
	Table     string    `json:"table"`
	StartTime time.Time `json:"startTime"`
	// Items counts the items from which the schema was learned.
	Items int64 `json:"items"`
	// Columns are the columns of a schema.Schema.
	Columns json.RawMessage `json:"columns"`
	// Rest counts, by attribute, the values that the columns do not hold. Only a scan in JSON or ION has it here: Parquet files have the column _rest.
	Rest map[string]int64 `json:"rest,omitempty"`
	// Last is the run whose schema this one was compared with; "" if there was none. Drift is the schema.Drift of the two; nil if nothing has changed.
	Last  string          `json:"last,omitempty"`
	Drift json.RawMessage `json:"drift,omitempty"`
	// Segments and Staged are those of the ParquetPlan; absent for a scan in JSON or ION.
	Segments int    `json:"segments,omitempty"`
	Staged   Staged `json:"staged,omitzero"`
}

// Decided returns the JSON of the schema.Schema.
func (s Schema) Decided() json.RawMessage {
	return Marshal(struct {
		Columns json.RawMessage `json:"columns"`
	}{s.Columns})
}

// Count returns how many columns the schema has, apart from _rest.
func (s Schema) Count() int {
	var columns []json.RawMessage
	_ = json.Unmarshal(s.Columns, &columns) // the function columns or catalog has written it
	return len(columns)
}

// ColumnsInput is the payload of the function columns.
type ColumnsInput struct {
	Plan Plan `json:"plan"`
}

// ColumnsOutput is the answer of the function columns, and the state of the execution from there on: the plan of a pass over the staged files.
type ColumnsOutput struct {
	Plan        Plan           `json:"plan"`
	Segments    []int          `json:"segments"`
	Concurrency int            `json:"concurrency"`
	Export      ExportProgress `json:"export"`
}

// ConvertInput is the payload of the function convert: the plan, one segment of the staged files, and its checkpoint.
type ConvertInput = ScanInput
