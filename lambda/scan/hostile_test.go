package scan

import (
	"context"
	"encoding/json"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// answered is a DynamoDB that answers by the number of pages that were requested. Every try of a page gets the same answer.
type answered struct {
	page func(key string) (body string, sum uint32, length int)
}

func (a answered) Do(req *http.Request) (*http.Response, error) {
	var params struct {
		ExclusiveStartKey struct{ ID struct{ S string } } `json:"ExclusiveStartKey"`
	}
	if err := json.NewDecoder(req.Body).Decode(&params); err != nil {
		return nil, err
	}
	body, sum, length := a.page(params.ExclusiveStartKey.ID.S)
	if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".DescribeTable") {
		body = `{"Table":{}}`
		sum, length = crc32.ChecksumIEEE([]byte(body)), len(body)
	}
	var read io.Reader = strings.NewReader(body)
	if length > len(body) { // the connection is lost while bytes are missing
		read = io.MultiReader(read, iotest.ErrReader(io.ErrUnexpectedEOF))
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: req, ContentLength: int64(length),
		Header: http.Header{"X-Amz-Crc32": {strconv.FormatUint(uint64(sum), 10)}},
		Body:   io.NopCloser(read),
	}, nil
}

// DynamoDB never sends such answers, but a fault or an attacker on the way may. Each gives a named error, and nothing of it is
// written, for the first page and for later ones, in every format.
func TestHostileAnswerIsNotWritten(t *testing.T) {
	whole := func(items string) string { return `{"Count":1,"Items":[` + items + `],"ScannedCount":1}` }
	followed := func(items string) string {
		return `{"Count":1,"Items":[` + items + `],"LastEvaluatedKey":{"ID":{"S":"more"}},"ScannedCount":1}`
	}
	for _, test := range []struct {
		name  string
		items string
		spoil func(body string, sum uint32) (string, uint32, int)
	}{
		{
			name: "a wrong checksum", items: `{"ID":{"S":"a"}}`,
			spoil: func(body string, sum uint32) (string, uint32, int) { return body, sum + 1, len(body) },
		},
		{
			name: "cut in the middle of an item", items: `{"ID":{"S":"a"},"x":{"S":"` + strings.Repeat("x", 1000) + `"}}`,
			spoil: func(body string, sum uint32) (string, uint32, int) { return body[:500], sum, len(body) },
		},
		{
			name: "cut, and the length with it", items: `{"ID":{"S":"a"},"x":{"S":"` + strings.Repeat("x", 1000) + `"}}`,
			spoil: func(body string, _ uint32) (string, uint32, int) {
				return body[:500], crc32.ChecksumIEEE([]byte(body[:500])), 500
			},
		},
		{name: "mismatched brackets", items: `{"ID":{"S":"a"]}`},
		{name: "a value without quotes", items: `{"ID":{"S":a}}`},
		{name: "a control character", items: "{\"ID\":{\"S\":\"a\x01\"}}"},
		{name: "not UTF-8", items: "{\"ID\":{\"S\":\"\xff\"}}"},
		{name: "a name that occurs twice", items: `{"ID":{"S":"a"},"n":{"N":"1"},"n":{"N":"2"}}`},
		{name: "a name that occurs twice, in two spellings", items: `{"ID":{"S":"a"},"m":{"M":{"n":{"N":"1"},"\u006e":{"N":"2"}}}}`},
		{name: "a type that occurs twice", items: `{"ID":{"S":"a","S":"b"}}`},
		{name: "more items than it counts", items: `{"ID":{"S":"a"}},{"ID":{"S":"b"}}`},
		{name: "100,000 levels", items: `{"ID":` + strings.Repeat(`{"L":[`, 100_000) + strings.Repeat(`]}`, 100_000) + `}`},
	} {
		for _, format := range []request.Format{request.FormatDynamoDBJSON, request.FormatION, request.FormatJSON} {
			for _, when := range []string{"the first page", "the first page of two", "the second page"} {
				t.Run(test.name+"/"+string(format)+"/"+when, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tables := answered{func(key string) (string, uint32, int) {
							body := whole(test.items)
							switch {
							case when == "the second page" && key == "":
								body = followed(`{"ID":{"S":"good"}}`)
								return body, crc32.ChecksumIEEE([]byte(body)), len(body)
							case when == "the first page of two" && key == "":
								body = followed(test.items)
							case when == "the first page of two":
								body = whole(`{"ID":{"S":"good"}}`)
								return body, crc32.ChecksumIEEE([]byte(body)), len(body)
							}
							sum := crc32.ChecksumIEEE([]byte(body))
							if test.spoil != nil {
								return test.spoil(body, sum)
							}
							return body, sum, len(body)
						}}
						objects := &line{rate: func() int64 { return 1 << 30 }}
						runner := Step{
							Tables: func(run.Plan) *dynamodb.Client {
								return awsclient.DynamoDB(aws.Config{
									Region: "us-east-1", HTTPClient: tables, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
									Retryer: func() aws.Retryer { return retry.NewStandard() },
								})
							},
							Objects: func(run.Plan) *s3.Client {
								return awsclient.S3(aws.Config{Region: "us-east-1", HTTPClient: objects, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
							},
							Log: slog.New(slog.DiscardHandler),
						}
						ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
						defer cancel()
						checkpoint, err := runner.Run(ctx, run.ScanInput{Plan: run.Plan{
							Version: run.Version, Mode: request.ModeScan, Table: "orders", Bucket: "b", Root: "r",
							Scan: &run.ScanPlan{TotalSegments: 1, Format: format, Compression: request.CompressionNone, FileSizeBytes: 1 << 20},
						}})
						if when == "the second page" { // the good page is handed over, and nothing else
							if err != nil || checkpoint.Done || checkpoint.Totals.Items != 1 || checkpoint.Totals.Pages != 1 {
								t.Fatalf("got %+v, %v", checkpoint, err)
							}
							return
						}
						if err == nil || failure.NameOf(err) != failure.MalformedAnswer || len(err.Error()) > 1000 {
							t.Errorf("got %s: %.1000v", failure.NameOf(err), err)
						}
						if len(objects.objects) > 0 {
							t.Errorf("S3 was sent %v", objects.objects)
						}
					})
				})
			}
		}
	}
}
