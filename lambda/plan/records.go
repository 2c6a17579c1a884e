package plan

import (
	"cmp"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/transform"
)

// encoderOf returns the encoder that a request names, nil if it names none. It refuses an unknown encoder and an invalid transform
// before anything is written.
func encoderOf(req request.Request) (*run.Encoder, error) {
	if req.Transform != "" {
		if _, err := transform.Compile(req.Transform); err != nil {
			return nil, failure.Errorf(failure.InvalidRequest, "invalid request: transform: %w", err)
		}
	}
	if req.Encoder == "" {
		return nil, nil //nolint:nilnil // most runs have none
	}
	format, known := encoder.Lookup(req.Encoder)
	if !known {
		has := cmp.Or(strings.Join(encoder.Names(), ", "), "none")
		return nil, failure.Errorf(failure.InvalidRequest,
			"invalid request: encoder: got %q%s; the functions have: %s. To make records with jq, use transform. To add an encoder, see docs/transform.md",
			req.Encoder, document.Suggestion(req.Encoder, encoder.Names()), has)
	}
	return &run.Encoder{Name: format.Name, Extension: format.Extension}, nil
}
