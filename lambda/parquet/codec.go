package parquet

import (
	"bytes"
	"fmt"

	"dynamodb-to-s3/lambda/request"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// codec compresses pages.
type codec struct {
	number int // Parquet's
	append func(dst, page []byte) []byte
}

// window is how far back a ZSTD frame refers, in bytes. A larger window takes more CPU time for the same size.
const window = 512 << 10

// newCodec uses the fastest level of each compression, in one goroutine: a small function has less than one core. ZSTD frames have no checksum,
// because the header of a page has one.
func newCodec(c request.Compression) (codec, error) {
	switch c {
	case request.CompressionNone:
		return codec{0, func(dst, page []byte) []byte { return append(dst, page...) }}, nil
	case request.CompressionSnappy:
		return codec{1, appendSnappy}, nil
	case request.CompressionGZIP:
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		return codec{2, func(dst, page []byte) []byte { return appendGzip(z, dst, page) }}, err
	case request.CompressionZSTD:
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
			zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(true))
		return codec{6, func(dst, page []byte) []byte { return z.EncodeAll(page, dst) }}, err
	default:
		return codec{}, fmt.Errorf("internal error: no compression %q of Parquet files", c)
	}
}

func appendSnappy(dst, page []byte) []byte {
	from := len(dst)
	dst = grow(dst, s2.MaxEncodedLen(len(page)))
	return dst[:from+len(s2.EncodeSnappy(dst[from:], page))]
}

func appendGzip(z *gzip.Writer, dst, page []byte) []byte {
	out := bytes.NewBuffer(dst)
	z.Reset(out)
	_, _ = z.Write(page) // a bytes.Buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// grow makes dst longer by size bytes.
func grow(dst []byte, size int) []byte { return append(dst, make([]byte, size)...) }
