package plan

import (
	"cmp"
	"strings"

	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/transform"
)

// encoderOf returns the encoder that a request names, nil where it names none. It refuses an encoder that the functions do not
// have, and a transform that is no jq expression, before anything is written.
func encoderOf(request job.Request) (*job.Encoder, error) {
	if request.Transform != "" {
		if _, err := transform.Compile(request.Transform); err != nil {
			return nil, job.Errorf(job.InvalidRequest, "invalid request: transform: %w", err)
		}
	}
	if request.Encoder == "" {
		return nil, nil //nolint:nilnil // most runs have none
	}
	format, known := encoder.Lookup(request.Encoder)
	if !known {
		has := cmp.Or(strings.Join(encoder.Names(), ", "), "none")
		return nil, job.Errorf(job.InvalidRequest,
			"invalid request: encoder: got %q%s; built into the functions: %s. Use transform to make records with jq, or build the encoder in as docs/transform.md says",
			request.Encoder, job.Suggestion(request.Encoder, encoder.Names()), has)
	}
	return &job.Encoder{Name: format.Name, Extension: format.Extension}, nil
}
