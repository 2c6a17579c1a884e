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
			return nil, failure.Problems{{Path: "transform", Want: err.Error()}}.Err()
		}
	}
	if req.Encoder == "" {
		return nil, nil //nolint:nilnil // most runs have none
	}
	format, known := encoder.Lookup(req.Encoder)
	if !known {
		has := cmp.Or(strings.Join(encoder.Names(), ", "), "none")
		return nil, failure.Problems{{
			Path: "encoder", Got: failure.Quote(req.Encoder),
			Want: "an encoder that the functions have (" + has + ")" + cmp.Or(document.Suggestion(req.Encoder, encoder.Names()), ".") +
				" To make records with jq, use transform. To add an encoder, see docs/transform.md",
		}}.Err()
	}
	return &run.Encoder{Name: format.Name, Extension: format.Extension}, nil
}
