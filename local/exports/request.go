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
	case incremental && in.Window.From == nil:
		return invalid("ExportFromTime must be provided in IncrementalExportSpecification")
	case incremental && in.Window.View != "" && in.Window.View != newImage && in.Window.View != newAndOldImages:
		return invalid("ExportViewType: got %s, want NEW_IMAGE or NEW_AND_OLD_IMAGES", in.Window.View)
	case in.S3SseKmsKeyID != "" && in.S3SseAlgorithm != "KMS":
		return invalid("KMS Key Id is not supported for this encryption type")
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

// checkTimes checks the request's times, in DynamoDB's order and with its messages, and fills in those that are not given. Like DynamoDB,
// it takes times up to now, not only up to the latest restorable time.
func (in *request) checkTimes(r recovery, now time.Time) error {
	if r.off {
		return refuse("PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table '%s'", tableName(in.TableARN))
	}
	earliest, _ := r.window(now)
	w := in.Window
	if w == nil {
		if in.ExportTime == nil {
			in.ExportTime = &epoch{now}
		}
		if in.ExportTime.Before(earliest) || in.ExportTime.After(now) {
			return badTime("Export Time is invalid")
		}
		return nil
	}
	if w.To == nil {
		w.To = &epoch{now.Truncate(time.Second)}
	}
	switch length := w.To.Sub(w.From.Time); {
	case w.From.Before(earliest):
		return badTime("Incremental export period from time cannot be less than the table creation time : %s", formatTime(w.From.Time))
	case w.To.After(now):
		return badTime("Incremental export period to time cannot be greater than the current time : %s", formatTime(w.To.Time))
	case length <= 0:
		return badTime("Incremental export period from time should not be greater or equal to incremental export period to time")
	case length < minWindow:
		return badTime("Difference between export period from time and export period to time is less than 15 minutes")
	case length > maxWindow:
		return badTime("Difference between export period from time and export period to time is greater than 24 hours")
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
