package request

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
)

// Parse reads and checks a request. What the request does not give is taken from defaults, a JSON object of request fields
// that a deployment sets (may be empty), and then from the documented defaults.
//
// It returns one InvalidRequest that names every problem at once: the field, what was given and what is allowed.
func Parse(request, defaults json.RawMessage) (Request, error) {
	var found failure.Problems
	var parsed Request
	if len(request) > maxRequest {
		found.Add("the request", "has %d bytes, allowed are at most %d", len(request), maxRequest)
		return Request{}, found.Err()
	}
	if err := json.Unmarshal(request, new(json.RawMessage)); err != nil {
		found.Add("the request", "not valid JSON: %v", err)
		return Request{}, found.Err()
	}
	checkUnicode(request, &found)
	merged := merge(request, defaults, &found)
	if len(found) > 0 {
		return Request{}, found.Err()
	}
	decode(merged, &parsed, &found)
	if len(found) > 0 { // what was not understood cannot be judged
		return Request{}, found.Err()
	}
	parsed.check(&found)
	if err := found.Err(); err != nil {
		return Request{}, err
	}
	return parsed.withDefaults(), nil
}

// otherPace has the two ways to give a pace, of which a request's own is the one that counts.
var otherPace = map[string]string{"readUnitsPerSecond": "readPercent", "readPercent": "readUnitsPerSecond"}

// merge returns one object with the members of defaults, then those of request over them. Of the defaults, those that are
// for the other mode are left out, and those that give way.
func merge(request, defaults json.RawMessage, found *failure.Problems) json.RawMessage {
	var own failure.Problems
	given, fromDefaults := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	eachMember(request, "", found, func(name string, value json.RawMessage) { given[name] = value })
	if len(bytes.TrimSpace(defaults)) > 0 {
		eachMember(defaults, "", &own, func(name string, value json.RawMessage) { fromDefaults[name] = value })
	}
	mode := modeOf(given, fromDefaults)
	maps.DeleteFunc(fromDefaults, func(name string, _ json.RawMessage) bool {
		return given[name] != nil || given[otherPace[name]] != nil || foreign(name, mode) || giveWay(name, given) || name == "mode"
	})
	if mode == ModeExport && given["mode"] == nil {
		fromDefaults["mode"] = json.RawMessage(`"EXPORT"`)
	}
	for _, problem := range own {
		found.Add("the deployment's "+contract.EnvDefaults, "%s", problem)
	}
	if len(fromDefaults) == 0 || len(*found) > 0 {
		return request
	}
	// The request's own text follows, so that all of its members, and their faults, reach decode as they were written.
	var merged bytes.Buffer
	merged.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(fromDefaults)) {
		if i > 0 {
			merged.WriteByte(',')
		}
		quoted, _ := json.Marshal(name) // a string always marshals
		merged.Write(quoted)
		merged.WriteByte(':')
		merged.Write(fromDefaults[name])
	}
	rest := bytes.TrimLeft(request, " \t\r\n")[1:]
	if len(given) > 0 {
		merged.WriteByte(',')
	}
	merged.Write(rest)
	return merged.Bytes()
}

func (r Request) withDefaults() Request {
	if r.Mode = r.mode(); r.Mode == ModeExport {
		r.Export = r.orExport().withDefaults(&r)
		return r
	}
	switch {
	case r.Transform != "":
		r.Format = FormatJSON
	case r.Encoder == "":
		r.Format = cmp.Or(r.Format, FormatDynamoDBJSON)
	}
	r.Compression = cmp.Or(r.Compression, CompressionGZIP)
	if r.FileSize == nil {
		size := int64(DefaultFileSize)
		r.FileSize = &size
	}
	if r.Scan == nil {
		r.Scan = &Scan{}
	}
	return r
}

// Digest returns a digest of all that the request says, in hex: two requests with the same digest ask for the same run.
func (r Request) Digest() string {
	canonical, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("internal error: a request does not marshal: %v", err))
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
