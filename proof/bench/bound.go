package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"dynamodb-to-s3/lambda/request"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// boundCompressor returns the compressor that lambda/sink uses. It is made here, because with OLD the bench is also built with functions whose
// compressor is another one.
func boundCompressor(c request.Compression) (compressor, error) {
	switch c {
	case request.CompressionGZIP:
		return gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	case request.CompressionZSTD:
		return zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(boundWindow))
	default:
		return nil, fmt.Errorf("internal error: no compressor for %q", c)
	}
}

// boundWindow is the window of ZSTD that lambda/sink has too. A smaller one takes more CPU time for the same size.
const boundWindow = 512 << 10

// bound is the least work that any program must do: it reads the pages, verifies their checksums, and compresses and writes all their
// bytes without decoding them. Without compression, it does not even copy them.
func (p path) bound(ctx context.Context, tables *dynamodb.Client, objects *s3.Client, table string) error {
	const part = 8 << 20
	var file bytes.Buffer
	file.Grow(part + 2*pageSize)
	answers := wholeAnswers{body: &file}
	var compress compressor
	if p.Compression != request.CompressionNone {
		var err error
		if compress, err = boundCompressor(p.Compression); err != nil {
			return err
		}
		compress.Reset(&file)
		answers.body = &bytes.Buffer{}
	}
	input := dynamodb.ScanInput{TableName: &table}
	for number := 0; ; {
		answer, err := tables.Scan(ctx, &input, dynamodb.WithAPIOptions(func(stack *middleware.Stack) error {
			return stack.Deserialize.Insert(answers, "OperationDeserializer", middleware.After)
		}))
		if err != nil {
			return err
		}
		last := len(answer.LastEvaluatedKey) == 0
		if compress != nil {
			if _, err := compress.Write(answers.body.Bytes()); err != nil {
				return err
			}
			answers.body.Reset()
			if last {
				if err := compress.Close(); err != nil {
					return err
				}
			}
		}
		if last || file.Len() >= part {
			if err := put(ctx, objects, fmt.Sprint("bound/", number), file.Bytes()); err != nil {
				return err
			}
			number++
			file.Reset()
		}
		if last {
			return nil
		}
		input.ExclusiveStartKey = answer.LastEvaluatedKey
	}
}

// wholeAnswers appends the bytes of answers. The SDK decodes only the end of an answer, which has the key.
type wholeAnswers struct{ body *bytes.Buffer }

func (wholeAnswers) ID() string { return "WholeAnswers" }

func (a wholeAnswers) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || response.StatusCode != http.StatusOK {
		return out, metadata, errors.New("not an answer to a scan")
	}
	start := a.body.Len()
	a.body.Grow(max(0, int(response.ContentLength)) + bytes.MinRead)
	_, err = a.body.ReadFrom(response.Body) // its end verifies the checksum
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	body := a.body.Bytes()[start:]
	end := bytes.LastIndex(body, []byte(`],"`)) // the end of the items
	response.Body = io.NopCloser(bytes.NewReader(append([]byte("{"), body[end+2:]...)))
	return out, metadata, err
}
