package request

import (
	"encoding/json"
	"regexp"
	"strings"

	"dynamodb-to-s3/lambda/failure"
)

// maxTransform is the longest transform in bytes of UTF-8.
const maxTransform = 8 << 10

// encoderName is what an encoder can be called. The functions know which there are; here that is not known.
var encoderName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)

// checkRecords holds against each other the three fields that say what becomes of an item.
func (r Request) checkRecords(found *failure.Problems) {
	if len(r.Transform) > maxTransform {
		found.Add("transform", "has %d bytes, allowed are at most %d", len(r.Transform), maxTransform)
	}
	if i := strings.IndexFunc(r.Transform, controls); i >= 0 {
		found.Add("transform", "holds %+q at byte %d: write it as an escape within a text, there the expression would end", r.Transform[i:i+1], i)
	}
	if r.Encoder != "" && !encoderName.MatchString(r.Encoder) {
		found.Add("encoder", "got %s, want 1 to 64 of a-z A-Z 0-9 _ - and a letter first", failure.Quote(r.Encoder))
	}
	switch {
	case r.Transform != "" && r.Encoder != "":
		found.Add("encoder", "given together with transform: both say what becomes of an item, give one")
	case r.Encoder != "" && r.Format != "":
		found.Add("format", "given together with encoder, which decides how items are written: leave format out")
	case r.Transform != "" && r.Format != "" && r.Format != FormatJSON:
		found.Add("format", "got %s together with transform, whose records are plain JSON: leave format out, or set it to JSON", failure.Quote(string(r.Format)))
	}
}

// giveWay tells whether a default does so to what a request gives: a format to a transform or an encoder. A default transform, or
// encoder, gives way only to another one: it may be there to leave something out.
func giveWay(name string, given map[string]json.RawMessage) bool {
	return name == "format" && (given["transform"] != nil || given["encoder"] != nil)
}
