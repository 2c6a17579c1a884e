package job

import (
	"encoding/json"
	"regexp"
	"strings"
)

// maxTransform is the longest transform in bytes of UTF-8.
const maxTransform = 8 << 10

// encoderName is what an encoder can be called. The functions know which there are; here that is not known.
var encoderName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)

// checkRecords holds against each other the three fields that say what becomes of an item.
func (r Request) checkRecords(found *problems) {
	if len(r.Transform) > maxTransform {
		found.add("transform", "has %d bytes, allowed are at most %d", len(r.Transform), maxTransform)
	}
	if i := strings.IndexFunc(r.Transform, controls); i >= 0 {
		found.add("transform", "holds %+q at byte %d: write it as an escape within a text, there the expression would end", r.Transform[i:i+1], i)
	}
	if r.Encoder != "" && !encoderName.MatchString(r.Encoder) {
		found.add("encoder", "got %s, want 1 to 64 of a-z A-Z 0-9 _ - and a letter first", quoteName(r.Encoder))
	}
	switch {
	case r.Transform != "" && r.Encoder != "":
		found.add("encoder", "given together with transform: both say what becomes of an item, give one")
	case r.Encoder != "" && r.Format != "":
		found.add("format", "given together with encoder, which decides how items are written: leave format out")
	case r.Transform != "" && r.Format != "" && r.Format != FormatJSON:
		found.add("format", "got %s together with transform, whose records are plain JSON: leave format out, or set it to JSON", quoteName(string(r.Format)))
	}
}

// giveWay tells whether a default does so to what a request gives: a format to a transform or an encoder. A default transform, or
// encoder, gives way only to another one: it may be there to leave something out.
func giveWay(name string, given map[string]json.RawMessage) bool {
	return name == "format" && (given["transform"] != nil || given["encoder"] != nil)
}

// Encoder is the encoder that a run began with, of those that were built into the functions.
type Encoder struct {
	Name string `json:"name"`
	// Extension is what the keys of objects end with, before that of the compression.
	Extension string `json:"extension"`
}

// Extension is what the keys of the run's data objects end with.
func (p Plan) Extension() string {
	if p.Encoder != nil {
		return p.Encoder.Extension + p.Compression.extension()
	}
	return p.Format.extension() + p.Compression.extension()
}

// OutputFormat is what a manifest calls the records.
func (p Plan) OutputFormat() string {
	if p.Encoder != nil {
		return p.Encoder.Name
	}
	return string(p.Format)
}
