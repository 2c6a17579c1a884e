package parquet

import (
	"bytes"
	"fmt"

	"dynamodb-to-s3/lambda/request"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
)

// codec compresses pages.
type codec struct {
	number int // Parquet's
	append func(dst, page []byte, l layout) []byte
}

// layout says where a page has its values, and how its column is compressed. It is empty if the page has none, or is a dictionary.
type layout struct {
	from int  // in the page
	size int  // of the first value; the others may have the same
	way  *way // of the column
}

// newCodec uses the fastest level of SNAPPY and GZIP.
func newCodec(c request.Compression) (codec, error) {
	switch c {
	case request.CompressionNone:
		return codec{0, func(dst, page []byte, _ layout) []byte { return append(dst, page...) }}, nil
	case request.CompressionSnappy:
		return codec{1, appendSnappy}, nil
	case request.CompressionGZIP:
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		return codec{2, func(dst, page []byte, _ layout) []byte { return appendGzip(z, dst, page) }}, err
	case request.CompressionZSTD:
		z, err := newZstandard()
		return codec{6, z.append}, err
	default:
		return codec{}, fmt.Errorf("internal error: no compression %q of Parquet files", c)
	}
}

func appendSnappy(dst, page []byte, _ layout) []byte {
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
