package sink

import (
	"fmt"
	"io"

	"dynamodb-to-s3/lambda/request"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressor is a compressing writer, which serves one object after the other.
type compressor interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// newCompressor uses the fastest level of each compression. The next levels save a few per cent of S3's cost and take twice the CPU
// time, which Lambda bills. Each uses one goroutine, because a small function has less than one core.
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

// plain does not compress.
type plain struct{ io.Writer }

func (*plain) Flush() error { return nil }

func (*plain) Close() error { return nil }

func (p *plain) Reset(w io.Writer) { p.Writer = w }
