package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// again returns the same page n times. The benchmark measures the way from a page's bytes to S3.
type again struct {
	n    int
	body []byte
}

func (a *again) Next(_ context.Context, _ json.RawMessage, into *table.Page) error {
	a.n--
	into.LastEvaluatedKey = nil
	if a.n > 0 {
		into.LastEvaluatedKey = json.RawMessage(`{"id":{"S":"x"}}`)
	}
	into.Bytes = int64(len(a.body))
	return into.Items.Parse(a.body)
}

// sunk is an S3 that accepts everything and stores nothing.
type sunk struct{}

func (sunk) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"e"`}}, Request: req,
		Body: io.NopCloser(strings.NewReader(`<Answer><UploadId>u</UploadId><ETag>"e"</ETag></Answer>`)),
	}, nil
}

// BenchmarkSegment sends pages of 1 MB through the three stages. One operation is one page.
func BenchmarkSegment(b *testing.B) {
	var items bytes.Buffer
	for i := 0; items.Len() < 1<<20; i++ {
		if i > 0 {
			items.WriteByte(',')
		}
		fmt.Fprintf(&items, `{"orderId":{"S":"order-%08d"},"status":{"S":"shipped"},"total":{"N":"%d.%02d"},"paid":{"BOOL":true},"tags":{"SS":["gift","b2b"]},`+
			`"lines":{"L":[{"M":{"sku":{"S":"lamp-%d"},"quantity":{"N":"%d"}}},{"M":{"sku":{"S":"desk-%d"},"quantity":{"N":"1"}}}]},"signature":{"B":"%016x"}}`,
			i, i*7919%100_000, i%100, i*31%1000, i%9, i*17%1000, i*2_654_435_761)
	}
	body := []byte(`{"Items":[` + items.String() + `]}`)
	_, cfg := testservers.Configs()
	cfg.HTTPClient = sunk{}
	cfg.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
	for _, format := range []struct {
		name    string
		encoder ddbjson.Encoder
	}{{"DYNAMODB_JSON", ddbjson.DynamoDBJSON{}}, {"ION", ddbjson.Ion{}}, {"JSON", ddbjson.JSON{}}} {
		for _, compression := range []request.Compression{request.CompressionGZIP, request.CompressionZSTD, request.CompressionNone} {
			b.Run(format.name+"/"+string(compression), func(b *testing.B) {
				plan := run.Plan{Bucket: "b", Root: "r", Scan: &run.ScanPlan{Compression: compression, FileSizeBytes: request.DefaultFileSize}}
				s := segment{
					plan: plan, reader: &again{n: b.N, body: body}, Source: source(oneToOne{format.encoder}), pacer: pace.New(pace.Config{}),
					bucket: bucket.New(awsclient.S3(cfg), plan), budget: newBudget(b.Context(), time.Now), log: slog.New(slog.DiscardHandler),
				}
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				b.ResetTimer()
				did, err := s.scan(b.Context())
				checkpoint := did.checkpoint
				if err != nil || checkpoint.Totals.Pages != int64(b.N) || !checkpoint.Done {
					b.Fatalf("%+v, %v", checkpoint, err)
				}
			})
		}
	}
}
