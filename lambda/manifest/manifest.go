// Package manifest writes and reads a run's manifests. They have the layout of DynamoDB's native exports, so that one reader can
// read both.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
//
// It may import problem, request, run and version.
package manifest

import (
	"bufio"
	"bytes"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"time"

	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/version"
)

// layoutVersion is the version of the manifest of a full native export.
const layoutVersion = "2020-06-30"

// Summary is manifest-summary.json. Its write is the commit of a run. A run without it is not complete.
type Summary struct {
	Version string `json:"version"`
	// ExportARN is, for a scan, the ARN of the execution that made it.
	ExportARN          string    `json:"exportArn"`
	StartTime          time.Time `json:"startTime"`
	EndTime            time.Time `json:"endTime"`
	TableARN           string    `json:"tableArn"`
	TableID            string    `json:"tableId"`
	ExportTime         time.Time `json:"exportTime"`
	S3Bucket           string    `json:"s3Bucket"`
	S3Prefix           *string   `json:"s3Prefix"`
	S3SseAlgorithm     *string   `json:"s3SseAlgorithm"`
	S3SseKmsKeyID      *string   `json:"s3SseKmsKeyId"`
	ManifestFilesS3Key string    `json:"manifestFilesS3Key"`
	// BilledSizeBytes is 0 for a scan: a scan is billed by read units, which are in Scan.ReadUnits.
	BilledSizeBytes int64 `json:"billedSizeBytes"`
	// ItemCount counts the records in the files.
	ItemCount    int64  `json:"itemCount"`
	OutputFormat string `json:"outputFormat"`
	// Scan has what a native export has no field for. It is nil in a native export's summary.
	Scan *Scan `json:"scan,omitempty"`
}

// Scan is the part of a summary that only a scan has.
type Scan struct {
	// WrittenBy is the name and the version of the software that wrote the manifest.
	WrittenBy     string              `json:"writtenBy"`
	RunID         string              `json:"runId"`
	Table         string              `json:"table"`
	TotalSegments int                 `json:"totalSegments"`
	Segment       *int64              `json:"segment,omitempty"`
	IndexName     string              `json:"indexName,omitempty"`
	Compression   request.Compression `json:"compression"`
	// Transform says that a transform made the records.
	Transform bool `json:"transform,omitempty"`
	// ScannedCount counts the items that were read, Items those that passed the filters.
	ScannedCount int64   `json:"scannedCount"`
	Items        int64   `json:"items"`
	ReadUnits    float64 `json:"readUnits"`
	Objects      int64   `json:"objects"`
	Bytes        int64   `json:"bytes"`
	// Work says how the scan spent its time, and Conversion the second pass of a run that makes Parquet files. A run has only those passes that
	// read for it.
	Work       *run.WorkTotals `json:"work,omitempty"`
	Conversion *run.WorkTotals `json:"conversion,omitempty"`
	// Foreign says what somebody else has put into the run's folder; nil if there is nothing.
	Foreign *run.Foreign `json:"foreign,omitempty"`
	// Schema says which columns Parquet files have; nil for other formats.
	Schema *run.LearnedSchema `json:"schema,omitempty"`
}

// Written counts the manifest's files and their records, and what is beside them.
type Written struct {
	Objects, Records int64
	// Work says how the pass that wrote the files spent its time.
	Work    *run.WorkTotals
	Foreign run.Foreign
	Schema  *run.LearnedSchema
}

// NewSummary returns the summary of a complete scan. For a second pass, it says what the first pass has read.
func NewSummary(plan run.Plan, totals run.Totals, written Written, end time.Time) Summary {
	scan := plan.Scan
	totalSegments, segment := scan.TotalSegments, scan.Request.Segment
	work, conversion := written.Work, (*run.WorkTotals)(nil)
	if plan.SecondPass() {
		staged := plan.Parquet.Staged
		totalSegments, segment = staged.TotalSegments, staged.Segment
		totals.Scanned, totals.Items, totals.ReadUnits = staged.Scanned, staged.Items, staged.ReadUnits
		work, conversion = staged.Work, written.Work
	}
	s := Summary{
		Version: layoutVersion, ExportARN: plan.ExecutionID, StartTime: plan.StartTime, EndTime: end.UTC().Truncate(time.Millisecond),
		TableARN: plan.TableARN, TableID: plan.TableID, ExportTime: plan.StartTime, S3Bucket: plan.Bucket,
		ManifestFilesS3Key: plan.Layout().ManifestFiles(), ItemCount: written.Records, OutputFormat: scan.OutputFormat(),
		Scan: &Scan{
			WrittenBy: version.Name + " " + version.Number, RunID: plan.RunID, Table: plan.Table, TotalSegments: totalSegments, Segment: segment,
			IndexName: scan.Request.IndexName, Compression: scan.Compression, Transform: scan.Transform != "",
			ScannedCount: totals.Scanned, Items: totals.Items, ReadUnits: totals.ReadUnits, Objects: written.Objects, Bytes: totals.Bytes,
			Work: work, Conversion: conversion, Foreign: written.Foreign.Found(), Schema: written.Schema,
		},
	}
	if plan.SecondPass() && plan.Parquet.Staged.Export != nil {
		export := plan.Parquet.Staged.Export
		s.ExportTime, s.BilledSizeBytes = *export.ExportTime, export.BilledBytes
	}
	if prefix := plan.Prefix(); prefix != "" {
		s.S3Prefix = &prefix
	}
	if plan.KMSKeyID != "" {
		algorithm := "KMS"
		s.S3SseAlgorithm, s.S3SseKmsKeyID = &algorithm, &plan.KMSKeyID
	}
	return s
}

// ParseSummary reads the summary of the plan's run. It fails if the summary is not as NewSummary makes it, except for what only the run that
// committed knows: the execution, the end, what was counted, and the version of the software.
func ParseSummary(plan run.Plan, body []byte) (Summary, error) {
	var s Summary
	if err := json.Unmarshal(body, &s); err != nil {
		return s, err
	}
	if s.Scan == nil {
		return s, errors.New("it has no member scan")
	}
	if s.Scan.RunID != plan.RunID || !s.StartTime.Equal(plan.StartTime) { // the folder is of an earlier run of the same name
		return s, fmt.Errorf("it is of the run %s that began at %s", problem.Quote(s.Scan.RunID), s.StartTime.Format(time.RFC3339))
	}
	totals := run.Totals{Scanned: s.Scan.ScannedCount, Items: s.Scan.Items, ReadUnits: s.Scan.ReadUnits, Bytes: s.Scan.Bytes}
	written := Written{Objects: s.Scan.Objects, Records: s.ItemCount, Work: s.Scan.Work, Schema: s.Scan.Schema}
	if plan.SecondPass() {
		written.Work = s.Scan.Conversion
	}
	if s.Scan.Foreign != nil {
		written.Foreign = *s.Scan.Foreign
	}
	want := NewSummary(plan, totals, written, s.EndTime)
	want.ExportARN, want.Scan.WrittenBy = s.ExportARN, s.Scan.WrittenBy
	if fault := run.Difference(s, want); fault != "" {
		return s, errors.New(fault)
	}
	return s, nil
}

// File is one line of manifest-files.json.
type File struct {
	ItemCount   int64  `json:"itemCount"`
	MD5Checksum string `json:"md5Checksum"` // of the stored bytes, base64
	ETag        string `json:"etag"`
	DataFileKey string `json:"dataFileS3Key"` // the whole key
}

// EncodeFile writes the line of manifest-files.json for an object with this ETag.
func EncodeFile(w io.Writer, o run.Object, etag string) error {
	if err := json.NewEncoder(w).Encode(File{ItemCount: o.Items, MD5Checksum: o.MD5, ETag: etag, DataFileKey: o.Key}); err != nil {
		return fmt.Errorf("manifest line of %s: %w", o.Key, err)
	}
	return nil
}

// DecodeFiles reads manifest-files.json.
func DecodeFiles(body []byte) (files []File, err error) {
	for file, err := range Files(bytes.NewReader(body)) {
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Files yields the lines of manifest-files.json as they are read. It stops after an error.
func Files(from io.Reader) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		lines, number := bufio.NewScanner(from), 0
		for lines.Scan() {
			var file File
			number++
			if err := json.Unmarshal(lines.Bytes(), &file); err != nil {
				yield(file, fmt.Errorf("line %d of manifest-files.json: %w", number, err))
				return
			}
			if !yield(file, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(File{}, err)
		}
	}
}

// Checksum returns the content of a manifest's checksum object.
func Checksum(body []byte) []byte {
	sum := NewChecksum()
	_, _ = sum.Write(body) // a hash never fails
	return EncodeChecksum(sum)
}

// NewChecksum returns the hash of a manifest that is being written.
func NewChecksum() hash.Hash { return md5.New() } //nolint:gosec // see the import

// EncodeChecksum returns the content of the checksum object for such a hash.
func EncodeChecksum(sum hash.Hash) []byte {
	return []byte(base64.StdEncoding.EncodeToString(sum.Sum(nil)))
}
