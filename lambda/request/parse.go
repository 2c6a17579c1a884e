// Package request owns the input of an execution: its fields, what each can be, what contradicts what, and the defaults. Start with Request
// and Parse. It imports contract, document, failure and the standard library.
package request

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/migration"
)

// maxRequest is the most bytes of a request. It leaves room for the plan's own fields in a state's payload.
const maxRequest = 128 << 10

// Parse reads and checks a request. A field that the request does not give comes from defaults, a JSON object of request fields
// that a deployment sets (it can be empty), and then from the documented defaults.
//
// The error is an InvalidRequest with problem.List in its chain: every problem at once.
func Parse(request, defaults json.RawMessage) (Request, error) {
	found := document.NewReport()
	parsed := parse(request, defaults, found)
	if err := found.Problems.Err(); err != nil {
		return Request{}, err
	}
	return parsed, nil
}

func parse(request, defaults json.RawMessage, found *document.Report) (parsed Request) {
	if len(request) > maxRequest {
		found.Add("", fmt.Sprintf("%d bytes", len(request)), "at most %d bytes", maxRequest)
		return parsed
	}
	given, err := document.JSON(request)
	if err != nil {
		found.Add("", "", "%v", err)
		return parsed
	}
	if checkEvent(given, found); !found.Understood("") {
		return parsed
	}
	byDefault := &document.Node{Kind: document.Object}
	if len(bytes.TrimSpace(defaults)) > 0 {
		if byDefault, err = document.JSON(defaults); err == nil && byDefault.Kind != document.Object {
			err = fmt.Errorf("got %s, want %s", byDefault.Kind, document.Object)
		}
		if err != nil {
			found.Add("the deployment's "+contract.EnvDefaults, "", "%v", err)
			return parsed
		}
	}
	mode := cmp.Or(modeOf(given), modeOf(byDefault), ModeScan)
	decoder := document.Decoder{Report: found, Instead: migration.InsteadOf, Others: Others}
	decoder.Raw = func(node *document.Node, path string) { checkAttributeValue(node, path, 0, found) }
	decoder.Text = func(text, path string) { checkTemplate(text, path, found) }
	decoder.Decode(merge(given, byDefault, mode), &parsed)
	parsed.check(mode, found)
	return parsed.withDefaults(mode)
}

// otherPace has the two ways to give a pace. If the request gives one, it replaces either default.
var otherPace = map[string]string{"readUnitsPerSecond": "readPercent", "readPercent": "readUnitsPerSecond"}

// merge returns the request with the defaults that apply to it before its own members.
func merge(request, defaults *document.Node, mode Mode) *document.Node {
	given := func(name string) bool {
		return slices.ContainsFunc(request.Members, func(member document.Member) bool { return member.Name == name })
	}
	merged := *request
	merged.Members = slices.DeleteFunc(slices.Clone(defaults.Members), func(member document.Member) bool {
		name := member.Name
		return given(name) || given(otherPace[name]) || foreign(name, mode) || name == "mode" && modeOf(request) != "" ||
			// A default format gives way to a transform or an encoder. A default transform or encoder gives way only to another: it can be
			// there to leave something out.
			name == "format" && (given("transform") || given("encoder"))
	})
	merged.Members = append(merged.Members, request.Members...)
	return &merged
}

func (r Request) withDefaults(mode Mode) Request {
	r.Mode = mode
	if r.Format == FormatParquet {
		r.Compression, r.Numbers, r.KeepStaging = cmp.Or(r.Compression, CompressionZSTD), cmp.Or(r.Numbers, NumbersExact), cmp.Or(r.KeepStaging, new(bool))
		r.FileSize = cmp.Or(r.FileSize, new(int64(DefaultFileSize)))
	}
	if mode == ModeExport {
		r.Export = cmp.Or(r.Export, &Export{}).withDefaults(&r)
		return r
	}
	switch {
	case r.Transform != "":
		r.Format = cmp.Or(r.Format, FormatJSON)
	case r.Encoder == "":
		r.Format = cmp.Or(r.Format, FormatDynamoDBJSON)
	}
	r.Compression = cmp.Or(r.Compression, CompressionGZIP)
	r.FileSize = cmp.Or(r.FileSize, new(int64(DefaultFileSize)))
	r.Scan = cmp.Or(r.Scan, &Scan{})
	return r
}

// Digest returns a digest, in hex, of all that decides what the run reads and writes: two requests with the same digest ask for the same run.
// The limits do not decide that, so the same request with a higher limit continues a run that has reached its limit.
func (r Request) Digest() string {
	r.Explain, r.MaxReadUnits, r.MaxDollars = nil, nil, nil
	canonical, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("internal error: a request does not marshal: %v", err))
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
