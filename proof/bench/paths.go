package main

import (
	"bytes"
	"cmp"
	stdgzip "compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/function"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/gzip"
)

// The paths from a table to S3 that are compared.
const (
	pathEngine = "engine"
	pathBound  = "bound"
	// pathSDK is the usual way with the SDK and the standard library, and pathSDKFast the same with the compressor of the engine.
	pathSDK     = "sdk"
	pathSDKFast = "sdk-fast"
	// pathLearn and pathConvert are the two passes of a run that makes Parquet files.
	pathLearn   = "learn"
	pathConvert = "convert"
	// pathDuckDB is DuckDB's way to a Parquet file.
	pathDuckDB = "duckdb"
)

// path is one path with its settings.
type path struct {
	Name        string
	Format      request.Format
	Transform   string `json:",omitempty"`
	Compression request.Compression
	FileSize    int64
	Bucket      string // "" for the usual one
	Threads     int    `json:",omitempty"` // of DuckDB; 0 for the default
	Learns      bool   `json:",omitempty"` // a scan for a catalog
}

// ours reports whether the path is one of this project's functions.
func (p path) ours() bool {
	return p.Name == pathEngine || p.Name == pathLearn || p.Name == pathConvert
}

func (p path) String() string {
	switch p.Name {
	case pathBound:
		return fmt.Sprintf("the bound, %s", p.Compression)
	case pathSDK:
		return "the SDK's way, compress/gzip"
	case pathSDKFast:
		return "the SDK's way, klauspost's gzip"
	case pathLearn:
		return "PARQUET, the first pass"
	case pathConvert:
		return "PARQUET, the second pass"
	case pathDuckDB:
		threads := "a thread for each core"
		if p.Threads == 1 {
			threads = "one thread"
		}
		return fmt.Sprintf("DuckDB's COPY of lines of %s, %s", p.Format, threads)
	default:
		name := fmt.Sprintf("%s, %s", cmp.Or(string(p.Format), "`"+p.Transform+"`"), p.Compression)
		if p.Learns {
			name += ", for a catalog"
		}
		return name
	}
}

// move reads a table and writes it to the bucket. schema is the digest of the table's schema.
func (p path) move(ctx context.Context, tables, objects aws.Config, table, schema string) error {
	switch p.Name {
	case pathEngine:
		return p.engine(ctx, tables, objects, contract.FunctionScan, p.plan(table))
	case pathLearn:
		return p.engine(ctx, tables, objects, contract.FunctionScan, p.learning(table))
	case pathConvert:
		return p.engine(ctx, tables, objects, contract.FunctionConvert, p.learning(table).Converting(run.Schema{Segments: 1}, schema))
	case pathSDK:
		return p.sdk(ctx, awsclient.DynamoDB(tables), awsclient.S3(objects), table, stdgzip.NewWriter(io.Discard))
	case pathSDKFast:
		fast, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		if err != nil {
			return err
		}
		return p.sdk(ctx, awsclient.DynamoDB(tables), awsclient.S3(objects), table, fast)
	case pathBound:
		return p.bound(ctx, awsclient.DynamoDB(tables), awsclient.S3(objects), table)
	default:
		return fmt.Errorf("internal error: no path %q", p.Name)
	}
}

// plan is the plan of a run that reads a table.
func (p path) plan(table string) run.Plan {
	plan := run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "bench", Table: table, Bucket: cmp.Or(p.Bucket, usualBucket), Root: "AWSDynamoDB/bench",
		Scan: &run.ScanPlan{TotalSegments: 1, Format: p.Format, Transform: p.Transform, Compression: p.Compression, FileSizeBytes: p.FileSize},
	}
	if p.Learns {
		plan.Catalog = &run.CatalogPlan{Table: table}
	}
	return plan
}

// learning is the plan of the first pass of a run that makes Parquet files.
func (p path) learning(table string) run.Plan {
	plan := p.plan(table)
	plan.Root = stagedRoot + table
	plan.Scan.Format, plan.Scan.Compression = request.FormatDynamoDBJSON, request.CompressionZSTD
	plan.Parquet = &run.ParquetPlan{Numbers: request.NumbersExact, Compression: p.Compression, FileSizeBytes: p.FileSize}
	return plan
}

// engine is one of this project's functions, from payload to checkpoint.
func (p path) engine(ctx context.Context, tables, objects aws.Config, name contract.Function, plan run.Plan) error {
	payload, err := json.Marshal(run.ScanInput{Plan: plan})
	if err != nil {
		return err
	}
	handle := function.New(tables, objects, function.Options{Log: slog.New(slog.DiscardHandler)}).Handler(name)
	out, err := handle(ctx, payload)
	if err != nil {
		return err
	}
	if checkpoint, ok := out.(run.Checkpoint); !ok || !checkpoint.Done {
		return fmt.Errorf("the segment is not done: %+v", out)
	}
	return nil
}

// compressor serves one object after the other.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// sdk is the usual way with the SDK: its paginator and its decoder, JSON of the standard library, and gzip.
func (p path) sdk(ctx context.Context, tables *dynamodb.Client, objects *s3.Client, table string, gzip compressor) error {
	var file bytes.Buffer
	gzip.Reset(&file)
	encoder := json.NewEncoder(gzip)
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
		if err := gzip.Close(); err != nil {
			return err
		}
		if err := put(ctx, objects, fmt.Sprint("sdk/", part), file.Bytes()); err != nil {
			return err
		}
		part++
		file.Reset()
		gzip.Reset(&file)
	}
	return nil
}

func put(ctx context.Context, objects *s3.Client, key string, body []byte) error {
	_, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(usualBucket), Key: &key, Body: bytes.NewReader(body)})
	return err
}
