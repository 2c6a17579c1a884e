package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/progress"
)

// summary says what a run has written, and where. If the run is a repeated one, it has no time.
func (s *services) summary(result run.Result, took time.Duration, repeated bool) string {
	var text strings.Builder
	duration := fmt.Sprintf(", %.1f s", took.Seconds())
	if repeated {
		duration = ""
	}
	switch {
	case result.Mode != request.ModeExport:
		fmt.Fprintf(&text, "replicated table %s: %s%s\nmanifest: %s\n",
			result.Table, amount(result.Items, result.Records, result.Objects, result.Bytes), duration, s.location(result.Manifest))
	case len(result.Exports) == 0:
		fmt.Fprintf(&text, "nothing was exported of table %s: %s\n", result.Table, result.Reason)
	default:
		fmt.Fprintf(&text, "exported table %s: %s, %s billed%s\n",
			result.Table, amount(result.Items, result.Items, result.Objects, result.Bytes), progress.Bytes(result.BilledBytes), duration)
		for _, export := range result.Exports {
			text.WriteString(describeExport(export))
			if len(result.Exports) > 1 {
				fmt.Fprintf(&text, ": %s, %s billed", amount(export.Items, export.Items, export.Objects, export.Bytes), progress.Bytes(export.BilledBytes))
			}
			fmt.Fprintf(&text, "\nmanifest: %s\n%s", s.location(cmp.Or(export.Manifest, result.Manifest)), describeForeign(export.Foreign))
		}
	}
	text.WriteString(describeWork(result.Work))
	text.WriteString(describeForeign(result.Foreign))
	return text.String()
}

// describeWork says how much the pace or throttling has slowed a scan down, "" if they have not.
func describeWork(work *run.WorkTotals) string {
	if work == nil || work.ThrottledTries == 0 && work.WaitSeconds < 1 {
		return ""
	}
	return fmt.Sprintf("throttled: %d tries were refused; the segments waited %.1f s of %.1f s for the pace or after throttles\n", work.ThrottledTries, work.WaitSeconds, work.Seconds)
}

// describeForeign says what was left alone because it is somebody else's, "" if there is nothing.
func describeForeign(foreign *run.Foreign) string {
	if foreign == nil {
		return ""
	}
	return fmt.Sprintf("left alone: %s beside the data, with names that are not the run's, such as %q\n", progress.Plural(foreign.Count, "object"), foreign.Keys[0])
}

// amount says how much was written. A transform may make more or fewer records than there are items.
func amount(items, records, objects, bytes int64) string {
	became := ""
	if records != items {
		became = " became " + progress.Plural(records, "record")
	}
	return fmt.Sprintf("%s%s in %s, %s as stored", progress.Plural(items, "item"), became, progress.Plural(objects, "object"), progress.Bytes(bytes))
}

// describeExport says what an export covers, and why.
func describeExport(export run.ExportedWindow) string {
	moment := func(at *time.Time) string {
		if at == nil {
			return "?"
		}
		return at.UTC().Format(time.RFC3339Nano)
	}
	text := fmt.Sprintf("%s export of the changes from %s to %s", export.ExportType, moment(export.From), moment(export.To))
	if export.ExportType == request.ExportFull {
		text = fmt.Sprintf("%s export of the table as it was at %s", export.ExportType, moment(export.ExportTime))
	}
	if export.Reason != "" {
		text += " (" + export.Reason + ")"
	}
	if export.Followed {
		text += ", which was already in progress"
	}
	return text
}

// location returns the path of an object if this process has started S3, or else its URI. A path in the current folder is relative.
func (s *services) location(uri string) string {
	key, isURI := strings.CutPrefix(uri, "s3://")
	if s.s3Folder == "" || !isURI {
		return uri
	}
	return shortPath(filepath.Join(s.s3Folder, filepath.FromSlash(key)))
}
