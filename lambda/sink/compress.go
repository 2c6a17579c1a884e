package sink

import (
	"fmt"
	"io"

	"dynamodb-to-s3/lambda/request"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Compressor turns records into the bytes of objects, one object after the other.
type Compressor interface {
	// Write adds the records of one item. Close writes what the object still needs.
	io.WriteCloser
	// Flush writes all that it has of the records so far.
	Flush() error
	// Reset begins an object.
	Reset(w io.Writer)
}

// window is how far back a ZSTD frame refers, in bytes. A reader must hold that much. Twice the window compresses no better: the
// encoder's table at the fastest level has few positions that lie further back. Half the window takes up to 15 % more CPU time for the same
// size, because the encoder then finds many positions that it may not use.
const window = 512 << 10

// NewCompressor returns what compresses the objects of a run. It uses the fastest level of each compression. Each uses one goroutine, because a small function has less than one core. ZSTD
// does without WithLowerEncoderMem, which moves the whole window after every 128 KiB. A ZSTD frame has a checksum of its records: readers
// check it, and few of them check anything else.
func NewCompressor(c request.Compression) (Compressor, error) {
	switch c {
	case request.CompressionGZIP:
		return gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	case request.CompressionZSTD:
		return zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
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
