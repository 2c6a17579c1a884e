package sink

import (
	"fmt"
	"io"

	"dynamodb-to-s3/lambda/request"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressor is one of the compressing writers, used again for every object.
type compressor interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// newCompressor returns the fastest level of each: the next ones save a few per cent of S3 and cost twice the CPU, which
// Lambda bills. One goroutine each, since a small function has less than one core.
func newCompressor(c request.Compression) (compressor, error) {
	switch c {
	case request.CompressionGZIP:
		return gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	case request.CompressionZSTD:
		return zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	case request.CompressionNone:
		return &plain{}, nil
	default:
		return nil, fmt.Errorf("internal error: no compressor for %q", c)
	}
}

// plain compresses nothing.
type plain struct{ io.Writer }

func (*plain) Flush() error { return nil }

func (*plain) Close() error { return nil }

func (p *plain) Reset(w io.Writer) { p.Writer = w }
