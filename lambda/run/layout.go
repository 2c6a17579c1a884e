package run

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
)

const (
	// exportData is the folder beside the runs that all incremental exports of a prefix share.
	exportData = "data"
	// chains is the folder beside the runs that has the journals of chains of exports.
	chains = "_chains"
)

// below returns the key of what lies in the folder of the runs of a prefix.
func below(prefix, name string) string {
	return strings.TrimPrefix(prefix+"/"+request.RootFolder+"/"+name, "/")
}

// chainDigest is how many digits of a digest tell the journals of chains apart.
const chainDigest = 12

// maxKey is the most bytes that S3 takes as a key.
const maxKey = 1024

// MaxParts is how many objects the key of one segment can number.
const MaxParts = 1_000_000

// runID is what a run may be called: what Step Functions allows for an execution's name, less what would be awkward in a key.
// An execution's name has 80 characters at most; one that a schedule of the longest name makes with its time has 81.
var runID = regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{0,80}$`)

// firingTime is how a run's name has the time of its firing, in UTC: without colons, so that it is a name everywhere.
const firingTime = "20060102T150405Z"

// ID returns the name of the run that an execution carries out: that of the schedule's firing which started it, the same
// however often that is delivered, or else the execution's.
func ID(req request.Request, execution Execution) string {
	if req.Schedule == "" {
		return execution.Name
	}
	return req.Schedule + "-" + request.Moment(req.Scheduled).Format(firingTime)
}

// Root returns the key prefix of all that a run writes, without a slash at its end: <prefix>/AWSDynamoDB/<runId>, with the placeholders of
// the prefix filled in for the table and for the time at, in UTC. It fails with InvalidRequest if S3 cannot have the run's name or the keys.
func Root(prefix, table, run string, at time.Time) (string, error) {
	var found failure.Problems
	wrong := func(path, got, want string) { found = append(found, failure.Problem{Path: path, Got: got, Want: want}) }
	if !runID.MatchString(run) {
		wrong("the execution's name", failure.Quote(run), "1 to 81 of a-z A-Z 0-9 _ - ., the first not a dot")
	}
	if run == exportData || run == chains {
		wrong("the execution's name", failure.Quote(run), "another name: it is the name of a folder that all runs of a prefix share")
	}
	at = at.UTC()
	filled := strings.NewReplacer(
		"{table}", table, "{runId}", run,
		"{date}", at.Format("2006-01-02"), "{year}", at.Format("2006"), "{month}", at.Format("01"),
		"{day}", at.Format("02"), "{hour}", at.Format("15"),
	).Replace(strings.TrimSuffix(prefix, "/"))
	for _, want := range request.BadFolders(filled) { // a table named AWSDynamoDB would write into the folder of other runs
		wrong("prefix", failure.Quote(prefix)+", which becomes "+failure.Quote(filled), want)
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

// Layout names the objects of a run below its root: those of a native export, and _segments/ beside them.
type Layout struct{ Root string }

// Claim is the object whose conditional write makes the run its execution's own. Native exports have one of that name.
func (l Layout) Claim() string { return l.Root + "/_started" }

// DataPrefix is what the keys of all data objects begin with.
func (l Layout) DataPrefix() string { return l.Root + "/data/" }

// Data is the key of one data object, which a try at an invocation has written: no other writes it. The extension is the plan's.
func (l Layout) Data(segment, part int, try, extension string) string {
	return fmt.Sprintf("%s%06d-%s%s", l.DataOf(segment), part, try, extension)
}

// DataOf is what the keys of the data objects of one segment begin with.
func (l Layout) DataOf(segment int) string { return fmt.Sprintf("%s%06d-", l.DataPrefix(), segment) }

// SegmentLists is what the keys of all segment lists begin with.
func (l Layout) SegmentLists() string { return l.Root + "/_segments/" }

// SegmentList is the key of what one try at an invocation closed, which has not come to the segment's end.
func (l Layout) SegmentList(segment, invocation int, try string) string {
	return fmt.Sprintf("%s%06d-%06d-%s.json", l.SegmentLists(), segment, invocation, try)
}

// SegmentEnd is the key of what the invocation closed that was the first to come to the segment's end.
func (l Layout) SegmentEnd(segment int) string {
	return fmt.Sprintf("%s%06d-end.json", l.SegmentLists(), segment)
}

// KeyOf is the key of a list.
func (l Layout) KeyOf(list SegmentList) string {
	if list.Done {
		return l.SegmentEnd(list.Segment)
	}
	return l.SegmentList(list.Segment, list.Invocation, list.Try)
}

// PaceMarkers is what the keys of the markers of a paced run begin with.
func (l Layout) PaceMarkers() string { return l.Root + "/_pace/" }

// PaceMarker is the key of the object that says that a segment of a paced run is done. In their order, keys are in that of the
// segments.
func (l Layout) PaceMarker(segment int) string {
	return fmt.Sprintf("%s%06d", l.PaceMarkers(), segment)
}

// ManifestFiles is the key of the manifest that lists the data objects, one JSON object a line.
func (l Layout) ManifestFiles() string { return l.Root + "/manifest-files.json" }

// ManifestSummary is the key of the run's commit.
func (l Layout) ManifestSummary() string { return l.Root + "/manifest-summary.json" }

// Journal is the journal of a run's own exports.
func (l Layout) Journal() string { return l.Root + "/_exports.json" }

// ExportTry is what is written before an export is started under a client token: what it was asked for. That it can be
// written proves that DynamoDB can write there too.
func (l Layout) ExportTry(token string) string { return l.Root + "/_exports/" + token + ".json" }

// Result is the commit of a run of native exports: the run's result.
func (l Layout) Result() string { return l.Root + "/_result.json" }

// ChainJournal is the key of the journal that all runs share that export a table in a chain to a prefix. The prefix is as the
// request has it: the journal lies where its first changing placeholder would begin, and is told from those of other tables,
// and of prefixes that begin alike, by a digest.
func ChainJournal(prefix, table, tableARN string) string {
	prefix = strings.TrimSuffix(prefix, "/")
	sum := sha256.Sum256([]byte(tableARN + "\n" + prefix))
	var constant []string
	for folder := range strings.SplitSeq(prefix, "/") {
		folder = strings.ReplaceAll(folder, "{table}", table)
		if strings.Contains(folder, "{") {
			break
		}
		constant = append(constant, folder)
	}
	return below(strings.Join(constant, "/"), chains+"/"+table+"-"+hex.EncodeToString(sum[:])[:chainDigest]+".json")
}

// ChainJournals is what the keys of all chains' journals of a prefix begin with.
func ChainJournals(prefix string) string { return below(prefix, chains+"/") }

// NativeExport returns the layout of the export of an ARN below a prefix, as DynamoDB lays it out.
func NativeExport(prefix, exportARN string) Layout {
	return Layout{Root: below(prefix, exportARN[strings.LastIndexByte(exportARN, '/')+1:])}
}

// longest is how many bytes the longest key of a run has.
func (l Layout) longest() int {
	const try, extension = "00000000", ".json.zst"
	token := strings.Repeat("f", 32) // a client token, which is half a SHA-256
	return max(len(l.Data(0, 0, try, extension)), len(l.SegmentList(0, 0, try)), len(l.ExportTry(token)))
}

// Checksums returns the keys of the objects that hold a manifest's MD5: the name in the documentation of native exports, and
// the one that their readers use.
func (l Layout) Checksums(manifest string) []string {
	stem := strings.TrimSuffix(manifest, ".json")
	return []string{stem + ".checksum", stem + ".md5"}
}
