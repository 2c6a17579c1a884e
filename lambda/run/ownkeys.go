package run

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"dynamodb-to-s3/lambda/lazyregexp"
)

// ownNames are the names of the objects, apart from data objects and the claim, that the functions write into the folder of a run.
var ownNames = lazyregexp.New(`^(manifest-(summary|files)\.(json|md5|checksum)|_schema\.json|_table\.sql|_exports\.json|_result\.json|_exports/[0-9a-f]{32}\.json|` +
	`_segments/\d{6}-(end|\d{6}-[0-9a-f]{8})\.json|_pace/[0-9a-f]{16}-\d{6}|_readunits/(limit\.json|[0-9a-f]{16}-\d{3})|_symlinks/files\.txt|_staging/.*)$`)

// IsOwn reports whether a name in the folder of a run is one that the functions give to an object of any run, apart from data objects and the
// claim.
func IsOwn(name string) bool { return ownNames().MatchString(name) }

// OwnKeys recognizes the keys that the functions write for a run that scans. Every other name in the run's folder is somebody else's, and
// no function touches it.
type OwnKeys struct {
	segments           []int
	data, list, marker *regexp.Regexp // the first group is the segment
	units              *regexp.Regexp
}

// OwnKeys returns the keys of the plan's run.
func (p Plan) OwnKeys() OwnKeys {
	form := func(folder, name string) *regexp.Regexp {
		return regexp.MustCompile(`^` + regexp.QuoteMeta(folder) + name + `$`)
	}
	l := p.Layout()
	return OwnKeys{
		segments: p.Scan.Segments(),
		data:     form(l.DataPrefix(), `(\d{6})-\d{6}-[0-9a-f]{8}`+regexp.QuoteMeta(p.Scan.Extension())),
		list:     form(l.SegmentLists(), `(\d{6})-(?:end|\d{6}-[0-9a-f]{8})\.json`),
		marker:   form(l.PaceMarkers(), fmt.Sprintf(`[0-9a-f]{%d}-(\d{6})`, digestLength)),
		units:    form(l.Units(), fmt.Sprintf(`(?:limit\.json|[0-9a-f]{%d}-\d{3})`, digestLength)),
	}
}

// Data reports whether the key has the form of a data object of the run.
func (o OwnKeys) Data(key string) bool { return o.has(o.data, key) }

// List reports whether the key has the form of a segment list of the run.
func (o OwnKeys) List(key string) bool { return o.has(o.list, key) }

// Marker reports whether the key has the form of a marker of the run's pace, of this plan or of another one.
func (o OwnKeys) Marker(key string) bool { return o.has(o.marker, key) }

// Units reports whether the key has the form of an object that holds the run below its limit, for this plan or another one.
func (o OwnKeys) Units(key string) bool { return o.units.MatchString(key) }

func (o OwnKeys) has(form *regexp.Regexp, key string) bool {
	match := form.FindStringSubmatch(key)
	if match == nil {
		return false
	}
	segment, err := strconv.Atoi(match[1])
	_, scanned := slices.BinarySearch(o.segments, segment)
	return err == nil && scanned
}
