package awsclient

import (
	"context"
	"errors"
	"io"
	"sync"

	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/klauspost/compress/gzip"
)

// askForGzip asks DynamoDB to compress its answers. It is for tables in another region than the functions', because AWS bills each byte that
// leaves a region. Within a region, bytes are free, and decompression only costs time (docs/cost.md has the figures).
func askForGzip(o *dynamodb.Options) {
	o.EnableAcceptEncodingGzip = true
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		_, err := stack.Deserialize.Swap(gunzipAnswers{}.ID(), gunzipAnswers{})
		return err
	})
}

// gunzipAnswers decompresses answers while they are read. It takes the place of the SDK's middleware of the same name, which makes a new
// decompressor for each answer and takes more CPU time. DynamoDB's checksum is that of the compressed bytes, so checkAnswers stands below.
type gunzipAnswers struct{}

func (gunzipAnswers) ID() string { return "DecompressGzip" }

func (gunzipAnswers) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.Header.Get("Content-Encoding") != "gzip" {
		return out, metadata, err
	}
	response.Header.Del("Content-Length") // it is that of the compressed bytes
	response.ContentLength = -1
	response.Body = &gunzippedBody{ReadCloser: response.Body}
	return out, metadata, nil
}

// gunzippedBody is the decompressed form of a body. Every failure is a damaged answer, so the SDK tries again. After a failure nothing is
// left to read: the SDK would log the failure again.
type gunzippedBody struct {
	io.ReadCloser
	reader *gzip.Reader // nil before the first read and after the last one
	done   bool
}

// gzipReaders keeps decompressors for the next answer. Each has about 40 KB.
var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

func (b *gunzippedBody) Read(p []byte) (n int, err error) {
	if b.done {
		return 0, io.EOF
	}
	if b.reader == nil {
		b.reader = gzipReaders.Get().(*gzip.Reader)
		err = b.reader.Reset(b.ReadCloser)
	}
	if err == nil {
		n, err = b.reader.Read(p)
	}
	if err == nil {
		return n, nil
	}
	gzipReaders.Put(b.reader)
	b.reader, b.done = nil, true
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	return n, fault.Damage(err)
}
