package watch

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/local/progress"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// groups returns what a look shows, in groups. In each group, what matters most comes first. now is when it is shown.
func (l Look) groups(now time.Time) [][]string {
	return [][]string{l.about(now), l.done(now), l.amounts(), l.units(), l.slowed(), l.trouble()}
}

// about says what the execution does.
func (l Look) about(now time.Time) []string {
	fields := []string{string(l.Status)}
	if l.Phase != "" && l.Status != execution.Succeeded {
		fields = append(fields, string(l.Phase))
	}
	return append(fields, duration(now.Sub(l.Start)), l.Name)
}

// done says how much is done.
func (l Look) done(now time.Time) (fields []string) {
	children := l.Segments
	if children == nil || children.Unit == "export" {
		children = &Children{}
	} else {
		fields = append(fields, fmt.Sprintf("%s of %s", progress.Count(children.Done), plural(children.Total, children.Unit)))
	}
	if children.Failed > 0 {
		fields = append(fields, progress.Count(children.Failed)+" failed")
	}
	if l.SecondsLeft != nil {
		fields = append(fields, progress.Left(time.Duration(*l.SecondsLeft*float64(time.Second))))
	}
	if children.Running > 0 {
		fields = append(fields, progress.Count(children.Running)+" at work")
	}
	for _, export := range l.Exports {
		fields = append(fields, export.shown(now))
	}
	if len(l.Exports) > 0 {
		fields = append(fields, "DynamoDB does not report its progress")
	}
	return fields
}

// shown says how far an export is. Its id begins with the moment of its start, in milliseconds.
func (e Export) shown(now time.Time) string {
	id := e.ExportARN[strings.LastIndexByte(e.ExportARN, '/')+1:]
	text := "export " + id + " " + e.ExportStatus
	start, _, _ := strings.Cut(id, "-")
	if began, err := strconv.ParseInt(start, 10, 64); err == nil && e.ExportStatus == string(types.ExportStatusInProgress) {
		text += " for " + duration(now.Sub(time.UnixMilli(began)))
	}
	return text
}

// amounts says what was read.
func (l Look) amounts() []string {
	r := l.Read
	switch {
	case r == nil && l.Segments != nil && l.Segments.Unit == "segment" && !l.ended():
		return []string{"no numbers yet: an invocation reports when it ends"}
	case r == nil:
		return nil
	}
	fields := []string{unit(r.Scanned, "item"), progress.Bytes(r.PageBytes)}
	if r.Behind {
		return append(fields, "so far: not all segment lists are read yet")
	}
	if r.ItemsPerSecond > 0 {
		fields = append(fields, unit(int64(r.ItemsPerSecond), "item")+"/s", progress.Bytes(int64(r.BytesPerSecond))+"/s")
	}
	return fields
}

// units says how many read units were consumed.
func (l Look) units() (fields []string) {
	if l.Read == nil || l.Read.ReadUnits <= 0 {
		return nil
	}
	field := unit(int64(math.Ceil(l.Read.ReadUnits)), "read unit")
	if l.Estimate != nil && l.Estimate.ReadUnits > 0 {
		estimated := progress.Short(int64(math.Ceil(l.Estimate.ReadUnits)))
		if l.Read.ReadUnits > l.Estimate.ReadUnits {
			field += ", more than the estimated " + estimated
		} else {
			field += " of about " + estimated
		}
	}
	fields = append(fields, field)
	if l.MaxReadUnits > 0 {
		fields = append(fields, "limit "+progress.Short(int64(l.MaxReadUnits)))
	}
	return fields
}

// slowed says what has slowed the segments down.
func (l Look) slowed() (fields []string) {
	if l.Read == nil {
		return nil
	}
	reasons := slices.SortedFunc(maps.Keys(l.Read.Throttles), func(a, b string) int {
		if n := l.Read.Throttles[b] - l.Read.Throttles[a]; n != 0 {
			return int(n)
		}
		return strings.Compare(a, b)
	})
	for _, reason := range reasons {
		fields = append(fields, fmt.Sprintf("throttled %s: %s", times(l.Read.Throttles[reason]), reason))
	}
	if l.Read.WaitSeconds >= 1 {
		fields = append(fields, "segments waited "+duration(time.Duration(l.Read.WaitSeconds*float64(time.Second)))+" in total")
	}
	return fields
}

// trouble says what goes wrong.
func (l Look) trouble() (fields []string) {
	if l.Retry != "" {
		fields = append(fields, "a function failed with "+l.Retry)
	}
	if l.Problem != "" {
		fields = append(fields, l.Problem)
	}
	return fields
}

// unit formats a number of things for a display that changes.
func unit(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return progress.Short(n) + " " + unit + "s"
}

// plural formats an exact number of things.
func plural(n int64, unit string) string {
	if unit == "batch" && n != 1 {
		return progress.Count(n) + " batches"
	}
	return progress.Plural(n, unit)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return progress.Short(n) + " times"
}

// duration formats a time that has passed.
func duration(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	switch hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60; {
	case hours > 0:
		return fmt.Sprintf("%d h %02d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min %02d s", minutes, seconds)
	default:
		return fmt.Sprintf("%d s", seconds)
	}
}
