package exports

import (
	"bytes"
	"encoding/json"
	"time"
)

// The values of the API that matter here.
const (
	fullExport        = "FULL_EXPORT"
	incrementalExport = "INCREMENTAL_EXPORT"
	formatJSON        = "DYNAMODB_JSON"
	newAndOldImages   = "NEW_AND_OLD_IMAGES"
	newImage          = "NEW_IMAGE"
)

// The shortest and the longest window of an incremental export.
const (
	minWindow = 15 * time.Minute
	maxWindow = 24 * time.Hour
)

// A request is the input of ExportTableToPointInTime. A description contains it.
type request struct {
	TableARN       string          `json:"TableArn"`
	ClientToken    string          `json:",omitempty"`
	ExportFormat   string          `json:",omitempty"`
	ExportTime     *epoch          `json:",omitempty"`
	ExportType     string          `json:",omitempty"`
	Filter         json.RawMessage `json:"FilterSpecification,omitempty"`
	Window         *window         `json:"IncrementalExportSpecification,omitempty"`
	S3Bucket       string
	S3BucketOwner  string `json:",omitempty"`
	S3Prefix       string `json:",omitempty"`
	S3SseAlgorithm string `json:",omitempty"`
	S3SseKmsKeyID  string `json:"S3SseKmsKeyId,omitempty"`
}

// A window is the time of an incremental export, from inclusive, to exclusive.
type window struct {
	From *epoch `json:"ExportFromTime"`
	To   *epoch `json:"ExportToTime"`
	View string `json:"ExportViewType"`
}

// parse reads a request, checks everything that needs no table, and sets the defaults. parameters is the same text for all requests
// that may have the same client token.
func parse(body []byte) (in request, parameters string, err error) {
	if err := decode(body, &in); err != nil {
		return in, "", err
	}
	var members map[string]any
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	if err := numbers.Decode(&members); err != nil {
		return in, "", refuse("SerializationException", "%v", err)
	}
	delete(members, "ClientToken")
	sorted, err := json.Marshal(members)
	if err != nil {
		return in, "", err
	}
	if err := in.check(); err != nil {
		return in, "", err
	}
	in.defaults()
	return in, string(sorted), nil
}

func (in *request) check() error {
	incremental := in.ExportType == incrementalExport
	switch {
	case in.TableARN == "" || in.S3Bucket == "":
		return invalid("TableArn and S3Bucket must be given")
	case in.ExportFormat == "ION":
		return invalid("ExportFormat: this server does not write ION")
	case in.ExportFormat != "" && in.ExportFormat != formatJSON:
		return invalid("ExportFormat: got %s, want DYNAMODB_JSON or ION", in.ExportFormat)
	case in.ExportType != "" && in.ExportType != fullExport && !incremental:
		return invalid("ExportType: got %s, want FULL_EXPORT or INCREMENTAL_EXPORT", in.ExportType)
	case incremental && in.Window == nil:
		return invalid("IncrementalExportSpecification must be given for an INCREMENTAL_EXPORT")
	case !incremental && in.Window != nil:
		return invalid("IncrementalExportSpecification is for an INCREMENTAL_EXPORT only")
	case incremental && in.ExportTime != nil:
		return invalid("ExportTime is for a FULL_EXPORT only")
	case incremental && in.Filter != nil:
		return invalid("FilterSpecification: this server does not filter an INCREMENTAL_EXPORT")
	case incremental && (in.Window.From == nil || in.Window.To == nil):
		return invalid("IncrementalExportSpecification: ExportFromTime and ExportToTime must be given")
	case incremental && in.Window.View != "" && in.Window.View != newImage && in.Window.View != newAndOldImages:
		return invalid("ExportViewType: got %s, want NEW_IMAGE or NEW_AND_OLD_IMAGES", in.Window.View)
	case in.S3SseAlgorithm != "" && in.S3SseAlgorithm != "AES256" && in.S3SseAlgorithm != "KMS":
		return invalid("S3SseAlgorithm: got %s, want AES256 or KMS", in.S3SseAlgorithm)
	}
	return nil
}

func (in *request) defaults() {
	if in.ExportFormat == "" {
		in.ExportFormat = formatJSON
	}
	if in.S3SseAlgorithm == "" {
		in.S3SseAlgorithm = "AES256"
	}
	if in.Window != nil && in.Window.View == "" {
		in.Window.View = newAndOldImages
	}
}

// checkTimes checks the request's times against the table's recovery window. A full export without a time gets the current time.
func (in *request) checkTimes(r recovery, now time.Time) error {
	if r.off {
		return refuse("PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table %s", tableName(in.TableARN))
	}
	earliest, latest := r.window(now)
	outside := func(t *epoch) bool { return t.Before(earliest) || t.After(latest) }
	switch w := in.Window; {
	case w == nil && in.ExportTime == nil:
		in.ExportTime = &epoch{now}
	case w == nil && outside(in.ExportTime):
		return badTime("ExportTime %s is outside of the recovery window, %s to %s", formatTime(in.ExportTime.Time), formatTime(earliest), formatTime(latest))
	case w == nil:
	case w.From.Nanosecond() != 0 || w.To.Nanosecond() != 0:
		return badTime("ExportFromTime %s and ExportToTime %s must be whole seconds", formatTime(w.From.Time), formatTime(w.To.Time))
	case w.To.Sub(w.From.Time) < minWindow || w.To.Sub(w.From.Time) > maxWindow:
		return badTime("ExportFromTime to ExportToTime is %s, want %s to %s", w.To.Sub(w.From.Time), minWindow, maxWindow)
	case outside(w.From) || outside(w.To):
		return badTime("%s to %s is not within the recovery window, %s to %s", formatTime(w.From.Time), formatTime(w.To.Time), formatTime(earliest), formatTime(latest))
	}
	return nil
}

func badTime(format string, values ...any) error {
	return refuse("InvalidExportTimeException", format, values...)
}

// records returns the records of the export, before a filter.
func (in *request) records(h *history) []record {
	if in.Window == nil {
		return h.state(in.ExportTime.Time)
	}
	records := h.changes(in.Window.From.Time, in.Window.To.Time)
	if in.Window.View == newImage {
		for i := range records {
			records[i].old = nil
		}
	}
	return records
}

// formatTime writes a time in the format of manifests.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
