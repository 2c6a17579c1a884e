package run

import (
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/request"
)

const (
	// exportData is the folder beside the runs that all incremental exports of a prefix share.
	exportData = "data"
	// chains is the folder beside the runs that holds the journals of chains of exports.
	chains = "_chains"
	// schemas is the folder beside the runs that holds the last schema of each table.
	schemas = "_schemas"
)

// below returns a key in the folder of a prefix's runs.
func below(prefix, name string) string {
	return strings.TrimPrefix(prefix+"/"+request.RootFolder+"/"+name, "/")
}

// maxKey is the most bytes that S3 allows in a key.
const maxKey = 1024

// MaxParts is how many objects the keys of one segment can number.
const MaxParts = 1_000_000

// runID is the form of a run's name: what Step Functions allows for an execution's name, without characters that are awkward in a
// key. The name of an execution has at most 80 characters. A schedule with the longest name, and the time of its firing, make 81.
var runID = lazyregexp.New(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,80}$`)

// exportID matches the id of a native export, whose folder is beside the runs: 14 digits with the milliseconds of its start, and 8 hexadecimal
// ones. It also matches other names in whose folder the role of the function export could write data, because IAM has no pattern for digits.
var exportID = lazyregexp.New(`^0.{13}-.{2,8}$`)

// IsExport reports whether the name of a folder beside the runs is like the id of a native export. No run has such a name.
func IsExport(name string) bool { return exportID().MatchString(name) }

// IsShared reports whether the name of a folder beside the runs is one that all runs of a prefix share.
func IsShared(name string) bool { return name == exportData || name == chains || name == schemas }

// firingTime is how the name of a run contains the time of its firing, in UTC. It has no colons, so that every system accepts it.
const firingTime = "20060102T150405Z"

// RunID returns the name of the execution's run. For a schedule's firing it is the firing's name, which is the same for each delivery.
// Otherwise it is the execution's name.
func (e Execution) RunID(req request.Request) string {
	if req.Schedule == "" {
		return e.Name
	}
	return req.Schedule + "-" + request.Moment(req.Scheduled).Format(firingTime)
}

// Root returns the key prefix of all that a run writes, without a slash at its end: <prefix>/AWSDynamoDB/<runId>, with the placeholders of
// the prefix filled in for the table and for the time at, in UTC. It fails with InvalidRequest if S3 cannot have the run's name or the keys.
func Root(prefix, table, run string, at time.Time) (string, error) {
	var found problem.List
	wrong := func(path, got, want string) { found = append(found, problem.Problem{Path: path, Got: got, Want: want}) }
	if !runID().MatchString(run) {
		wrong("the execution's name", problem.Quote(run), "1 to 81 of a-z A-Z 0-9 _ - ., the first not a dot")
	}
	if IsShared(run) {
		wrong("the execution's name", problem.Quote(run), "another name: it is the name of a folder that all runs of a prefix share")
	}
	if IsExport(run) { // the role of the function export may write such a folder
		wrong("the execution's name", problem.Quote(run), "another name: it is like the id of a native export")
	}
	at = at.UTC()
	filled := strings.NewReplacer(
		"{table}", table, "{runId}", run,
		"{date}", at.Format("2006-01-02"), "{year}", at.Format("2006"), "{month}", at.Format("01"),
		"{day}", at.Format("02"), "{hour}", at.Format("15"),
	).Replace(strings.TrimSuffix(prefix, "/"))
	for _, want := range request.BadFolders(filled) { // a table named AWSDynamoDB would write into the folder of other runs
		wrong("prefix", problem.Quote(prefix)+", which becomes "+problem.Quote(filled), want)
	}
	root := below(filled, run)
	if n := max((Layout{Root: root}).longest(), len(below(filled, chains+"/"+table+"-"+strings.Repeat("f", chainDigest)+".json"))); n > maxKey {
		wrong("prefix", fmt.Sprintf("a prefix that makes keys of %d bytes", n), fmt.Sprintf("a shorter one: S3 allows %d", maxKey))
	}
	if err := found.Err(); err != nil {
		return "", err
	}
	return root, nil
}

// Layout names the objects of a run below its root. They are the objects of a native export, and _segments/ beside them.
type Layout struct {
	Root string
	// Staging says that the objects, apart from the claim, lie below _staging/: those of the first pass of a run that makes Parquet files.
	Staging bool
}

// staging is the folder of the first pass.
const staging = "/_staging"

// Folder is the folder of all objects of the pass, without a slash at its end.
func (l Layout) Folder() string {
	if l.Staging {
		return l.Root + staging
	}
	return l.Root
}

// StagingPrefix is the start of the keys of all objects of the first pass.
func (l Layout) StagingPrefix() string { return l.Root + staging + "/" }

// Schema is the key of the schema of a run that makes Parquet files.
func (l Layout) Schema() string { return l.Root + "/_schema.json" }

// Statements is the key of the statements that create the tables of a catalog, if they are too long for the result.
func (l Layout) Statements() string { return l.Root + "/_table.sql" }

// SegmentFiles is the key of the list of the staged files that a segment of the second pass converts: lines of manifest-files.json.
func (l Layout) SegmentFiles(segment int) string {
	return fmt.Sprintf("%s_files/%06d.json", l.StagingPrefix(), segment)
}

// Claim is the key of the claim. Native exports have an object of this name too.
func (l Layout) Claim() string { return l.Root + "/_started" }

// DataPrefix is the start of the keys of all data objects.
func (l Layout) DataPrefix() string { return l.Folder() + "/data/" }

// Data is the key of one data object. Only one try at one invocation writes it. The extension is the plan's.
func (l Layout) Data(segment, part int, try, extension string) string {
	return fmt.Sprintf("%s%06d-%s%s", l.DataOf(segment), part, try, extension)
}

// DataOf is the start of the keys of one segment's data objects.
func (l Layout) DataOf(segment int) string { return fmt.Sprintf("%s%06d-", l.DataPrefix(), segment) }

// SegmentLists is the start of the keys of all segment lists.
func (l Layout) SegmentLists() string { return l.Folder() + "/_segments/" }

// SegmentListsOf is the start of the keys of one segment's lists.
func (l Layout) SegmentListsOf(segment int) string {
	return fmt.Sprintf("%s%06d-", l.SegmentLists(), segment)
}

// SegmentList is the key of the list of one try that did not reach the segment's end.
func (l Layout) SegmentList(segment, invocation int, try string) string {
	return fmt.Sprintf("%s%06d-%s.json", l.SegmentListsOf(segment), invocation, try)
}

// SegmentEnd is the key of the list of the first try that reached the segment's end.
func (l Layout) SegmentEnd(segment int) string {
	return l.SegmentListsOf(segment) + "end.json"
}

// KeyOf returns the key of a list.
func (l Layout) KeyOf(list SegmentList) string {
	if list.Done {
		return l.SegmentEnd(list.Segment)
	}
	return l.SegmentList(list.Segment, list.Invocation, list.Try)
}

// PaceMarkers is the start of the keys of a paced run's markers.
func (l Layout) PaceMarkers() string { return l.Folder() + "/_pace/" }

// PaceMarkersOf is the start of the keys of the markers of the plan with this digest.
func (l Layout) PaceMarkersOf(plan string) string { return l.PaceMarkers() + plan + "-" }

// PaceMarker is the key of the object that says that a segment of a paced run is done. Keys sort in the order of the segments.
func (l Layout) PaceMarker(plan string, segment int) string {
	return fmt.Sprintf("%s%06d", l.PaceMarkersOf(plan), segment)
}

// Units is the start of the keys of the objects that hold a run below its limit of read units. The name is so long that the role of the function export
// cannot write there.
func (l Layout) Units() string { return l.Folder() + "/_readunits/" }

// UnitsAccount is the key of an account of the limit, for the plan with this digest.
func (l Layout) UnitsAccount(plan string, number int) string {
	return fmt.Sprintf("%s%s-%03d", l.Units(), plan, number)
}

// RaisedLimit is the key of the object with a limit of read units that was raised after the run began.
func (l Layout) RaisedLimit() string { return l.Units() + "limit.json" }

// ManifestFiles is the key of the manifest that lists the data objects, one JSON object on each line.
func (l Layout) ManifestFiles() string { return l.Folder() + "/manifest-files.json" }

// ManifestSummary is the key of the run's commit.
func (l Layout) ManifestSummary() string { return l.Folder() + "/manifest-summary.json" }

// Journal is the key of the journal of a run's own exports.
func (l Layout) Journal() string { return l.Folder() + "/_exports.json" }

// ExportTry is the key of an object with an export's parameters. The step writes it before it starts the export with a client
// token. The write shows that DynamoDB can write there too.
func (l Layout) ExportTry(token string) string { return l.Folder() + "/_exports/" + token + ".json" }

// Result is the key of the result of a run of native exports. The write of the result is the run's commit.
func (l Layout) Result() string { return l.Folder() + "/_result.json" }

// longest returns the length of a run's longest key in bytes.
func (l Layout) longest() int {
	const try, extension = "00000000", ".json.zst"
	l.Staging = true
	token := strings.Repeat("f", 32) // a client token is half a SHA-256
	return max(len(l.Data(0, 0, try, extension)), len(l.SegmentList(0, 0, try)), len(l.ExportTry(token)))
}

// Checksum returns the key of the object with a manifest's MD5. It has the name that native exports give it.
func (l Layout) Checksum(manifest string) string {
	return strings.TrimSuffix(manifest, ".json") + ".md5"
}

// Checksums returns the keys that the checksum of a native export's manifest can have. AWS's documentation names it .checksum, and every
// export that was looked at has .md5.
func (l Layout) Checksums(manifest string) []string {
	return []string{l.Checksum(manifest), strings.TrimSuffix(manifest, ".json") + ".checksum"}
}
