// Package report makes the report of a run: one HTML file that shows what the run did, and when. It takes everything from what the run has left
// in its folder: the claim, the segment lists, the manifests and the schema. A run that is unfinished or has failed has a report too. Nothing is
// written into the folder, and no item and no value of a key is in the report.
//
// Read collects the facts (read.go, lists.go, commit.go) from S3 or from a Folder. Write shows them: page.go fills the template, and each
// chart has a file of its own.
//
// It may import lambda/ and local/progress.
package report

import (
	"cmp"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// Run has the facts of a run. Read fills it. A caller that knows more, such as the output of the execution, adds that before it calls Write.
type Run struct {
	Plan run.Plan
	// Location is the folder of the run, for people: a path or a URI.
	Location string
	// Status is what Step Functions says about the execution; "" if nobody has asked. Error and Cause are why the execution failed.
	Status       execution.Status
	Error, Cause string
	// Result is the output of the execution; nil if the run is not committed.
	Result *run.Result

	verified *check // whether the objects are the table; nil if nobody has compared them
	place    Place
	// removed is when the retention has removed the run; zero if it has not.
	removed time.Time
	passes  []pass
	checks  []check
	schema  *run.Schema
	pending []run.ExportedWindow
	// sizes are the bytes of the data objects; nil if they are not known.
	sizes []int64
	// written is the name and version of the software that committed a scan.
	written string
}

// pass is one pass over the data: the scan of a table, or the conversion of staged files.
type pass struct {
	name string
	// planned is how many segments it has. segments are those that have begun, by their numbers.
	planned  int
	segments []segment
}

// segment is what the invocations of a segment have done, in order.
type segment struct {
	number int
	lists  []run.SegmentList
}

// Verified adds whether the objects are the table, in a sentence.
func (r *Run) Verified(ok bool, words string) { r.verified = &check{ok, plain(words)} }

func (s segment) first() run.SegmentList { return s.lists[0] }

func (s segment) last() run.SegmentList { return s.lists[len(s.lists)-1] }

func (s segment) seconds() float64 { return s.last().EndTime.Sub(s.first().StartTime).Seconds() }

// total returns the sum over the invocations of a segment.
func (s segment) total() (sum run.Totals) {
	for _, list := range s.lists {
		sum.Add(list.Totals)
	}
	return sum
}

// throttles counts the tries of a segment that were refused.
func (s segment) throttles() (sum int64) {
	for _, list := range s.lists {
		sum += list.Work.ThrottledTries
	}
	return sum
}

// committed reports whether the run is committed.
func (r *Run) committed() bool { return r.Result != nil }

// end returns the moment until which something is known.
func (r *Run) end() time.Time {
	end := r.Plan.StartTime
	later := func(at time.Time) {
		if at.After(end) {
			end = at
		}
	}
	if r.Result != nil {
		later(r.Result.EndTime)
	}
	for _, p := range r.passes {
		for _, s := range p.segments {
			later(s.last().EndTime)
		}
	}
	for _, window := range r.exports() {
		later(window.EndTime)
	}
	return end
}

// exports returns the native exports of the run.
func (r *Run) exports() []run.ExportedWindow {
	if r.Result != nil {
		return r.Result.Exports
	}
	return r.pending
}

// mode returns what the request asked for. The plan of a second pass is always that of a scan.
func (r *Run) mode() request.Mode {
	if r.Result != nil {
		return r.Result.Mode
	}
	return r.Plan.Mode
}

// format returns the format of the run's files.
func (r *Run) format() string {
	switch {
	case r.Plan.Parquet != nil:
		return string(request.FormatParquet)
	case r.Plan.Scan != nil:
		return r.Plan.Scan.OutputFormat()
	case r.Plan.Export != nil:
		return string(r.Plan.Export.Request.Format)
	default:
		return ""
	}
}

// fileSize is the size at which the run begins another object, in bytes; 0 if DynamoDB decides.
func (r *Run) fileSize() int64 {
	switch {
	case r.Plan.Parquet != nil:
		return r.Plan.Parquet.FileSizeBytes
	case r.Plan.Scan != nil:
		return r.Plan.Scan.FileSizeBytes
	default:
		return 0
	}
}

// estimate returns what plan expected of the run; nil if it could not say.
func (r *Run) estimate() *run.Estimated {
	if r.Result != nil {
		return cmp.Or(r.Result.Estimate, r.Plan.Estimate)
	}
	return r.Plan.Estimate
}

// learned returns what the run says about its schema; nil if it has none.
func (r *Run) learned() *run.LearnedSchema {
	switch {
	case r.Result != nil && r.Result.Schema != nil:
		return r.Result.Schema
	case r.Result != nil && r.Result.Catalog != nil && r.Result.Catalog.Schema != nil:
		return r.Result.Catalog.Schema
	case r.schema != nil:
		return &run.LearnedSchema{Columns: r.schema.Count(), Rest: r.schema.Rest, Last: r.schema.Last, Drift: r.schema.Drift}
	default:
		return nil
	}
}
