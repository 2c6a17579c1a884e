package run

import "dynamodb-to-s3/lambda/request"

// Encoder is the encoder that a run began with, of those that were built into the functions.
type Encoder struct {
	Name string `json:"name"`
	// Extension is what the keys of objects end with, before that of the compression.
	Extension string `json:"extension"`
}

// Extension is what the keys of the run's data objects end with.
func (p Plan) Extension() string {
	if p.Encoder != nil {
		return p.Encoder.Extension + compressionExtension(p.Compression)
	}
	return formatExtension(p.Format) + compressionExtension(p.Compression)
}

// OutputFormat is what a manifest calls the records.
func (p Plan) OutputFormat() string {
	if p.Encoder != nil {
		return p.Encoder.Name
	}
	return string(p.Format)
}

// formatExtension is what native exports of a format have.
func formatExtension(f request.Format) string {
	if f == request.FormatION {
		return ".ion"
	}
	return ".json"
}

func compressionExtension(c request.Compression) string {
	switch c {
	case request.CompressionGZIP:
		return ".gz"
	case request.CompressionZSTD:
		return ".zst"
	default:
		return ""
	}
}
