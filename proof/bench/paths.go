package main

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/klauspost/compress/gzip"
)

// The paths from a table to S3 that are compared.
const (
	pathEngine    = "engine"
	pathIdiomatic = "idiomatic"
	pathBound     = "bound"
)

// path is one path with its settings.
type path struct {
	Name        string
	Format      request.Format
	Compression request.Compression
	FileSize    int64
}

func (p path) String() string {
	switch p.Name {
	case pathBound:
		return "the bound: pages read, checked and compressed as they are"
	case pathIdiomatic:
		return "the SDK's way: ScanPaginator, attributevalue, encoding/json, compress/gzip"
	default:
		return fmt.Sprintf("%s, %s", p.Format, p.Compression)
	}
}

// move reads a table and writes it to the bucket.
func (p path) move(ctx context.Context, tables, objects aws.Config, table string) error {
	switch p.Name {
	case pathEngine:
		return p.engine(ctx, tables, objects, table)
	case pathIdiomatic:
		return p.idiomatic(ctx, awsclient.DynamoDB(tables), awsclient.S3(objects), table)
	case pathBound:
		return p.bound(ctx, awsclient.DynamoDB(tables), awsclient.S3(objects), table)
	default:
		return fmt.Errorf("internal error: no path %q", p.Name)
	}
}

// engine is this project's scan function, from payload to checkpoint.
func (p path) engine(ctx context.Context, tables, objects aws.Config, table string) error {
	payload, err := json.Marshal(run.ScanInput{Plan: run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "bench", Table: table, Bucket: "bench", Root: "AWSDynamoDB/bench",
		Scan: &run.ScanPlan{TotalSegments: 1, Format: p.Format, Compression: p.Compression, FileSizeBytes: p.FileSize},
	}})
	if err != nil {
		return err
	}
	scan := function.New(tables, objects, function.Options{Log: slog.New(slog.DiscardHandler)}).Handler(contract.FunctionScan)
	out, err := scan(ctx, payload)
	if err != nil {
		return err
	}
	if checkpoint, ok := out.(run.Checkpoint); !ok || !checkpoint.Done {
		return fmt.Errorf("the segment is not done: %+v", out)
	}
	return nil
}

// idiomatic is the usual way with the SDK: its paginator and its decoder, and JSON and gzip of the standard library.
func (p path) idiomatic(ctx context.Context, tables *dynamodb.Client, objects *s3.Client, table string) error {
	var file bytes.Buffer
	compressor := stdgzip.NewWriter(&file)
	encoder := json.NewEncoder(compressor)
	part := 0
	scan := dynamodb.NewScanPaginator(tables, &dynamodb.ScanInput{TableName: &table})
	for scan.HasMorePages() {
		answer, err := scan.NextPage(ctx)
		if err != nil {
			return err
		}
		var items []map[string]any
		if err := attributevalue.UnmarshalListOfMaps(answer.Items, &items); err != nil {
			return err
		}
		for _, item := range items {
			if err := encoder.Encode(item); err != nil {
				return err
			}
		}
		if scan.HasMorePages() && int64(file.Len()) < p.FileSize {
			continue
		}
		if err := compressor.Close(); err != nil {
			return err
		}
		if err := put(ctx, objects, fmt.Sprint("idiomatic/", part), file.Bytes()); err != nil {
			return err
		}
		part++
		file.Reset()
		compressor.Reset(&file)
	}
	return nil
}

// bound is the least work that any program must do: it reads the pages, verifies their checksums, and compresses and writes all their
// bytes without decoding them.
func (p path) bound(ctx context.Context, tables *dynamodb.Client, objects *s3.Client, table string) error {
	var file bytes.Buffer
	compressor, err := gzip.NewWriterLevel(&file, gzip.BestSpeed)
	if err != nil {
		return err
	}
	const part = 8 << 20
	input := dynamodb.ScanInput{TableName: &table}
	whole := wholeAnswer{}
	for number := 0; ; {
		answer, err := tables.Scan(ctx, &input, dynamodb.WithAPIOptions(func(stack *middleware.Stack) error {
			return stack.Deserialize.Insert(&whole, "OperationDeserializer", middleware.After)
		}))
		if err != nil {
			return err
		}
		if _, err := compressor.Write(whole.body.Bytes()); err != nil {
			return err
		}
		last := len(answer.LastEvaluatedKey) == 0
		if last {
			if err := compressor.Close(); err != nil {
				return err
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

// wholeAnswer keeps the bytes of an answer. The SDK decodes only the end of the answer, which has the key.
type wholeAnswer struct{ body bytes.Buffer }

func (*wholeAnswer) ID() string { return "WholeAnswer" }

func (a *wholeAnswer) HandleDeserialize(
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
	a.body.Reset()
	a.body.Grow(max(0, int(response.ContentLength)) + bytes.MinRead)
	_, err = a.body.ReadFrom(response.Body) // its end verifies the checksum
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	body := a.body.Bytes()
	end := bytes.LastIndex(body, []byte(`],"`)) // the end of the items
	response.Body = io.NopCloser(bytes.NewReader(append([]byte("{"), body[end+2:]...)))
	return out, metadata, err
}

func put(ctx context.Context, objects *s3.Client, key string, body []byte) error {
	_, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bench"), Key: &key, Body: bytes.NewReader(body)})
	return err
}
