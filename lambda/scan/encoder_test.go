package scan

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// encoding is an encoder that is one function.
type encoding func(ctx context.Context, dst []byte) ([]byte, int, error)

func (e encoding) Append(ctx context.Context, dst, _ []byte) ([]byte, int, error) { return e(ctx, dst) }

func TestScanCountsWhatAnEncoderMakes(t *testing.T) {
	for _, test := range []struct {
		name    string
		encoder encoding
		objects int
		records int64
		err     failure.Name
		words   string
	}{
		{"no record of an item opens no object", func(_ context.Context, dst []byte) ([]byte, int, error) { return dst, 0, nil }, 0, 0, "", ""},
		{"several records of an item", func(_ context.Context, dst []byte) ([]byte, int, error) { return append(dst, "a\nb\nc\n"...), 3, nil }, 1, 9, "", ""},
		{"bytes that are not counted", func(_ context.Context, dst []byte) ([]byte, int, error) { return append(dst, 'a'), 0, nil }, 0, 0, failure.ItemNotEncodable, "bytes without a record"},
		{"records without bytes", func(_ context.Context, dst []byte) ([]byte, int, error) { return dst, 1, nil }, 0, 0, failure.ItemNotEncodable, "records without bytes"},
		{"an encoder that does not end in time", func(ctx context.Context, dst []byte) ([]byte, int, error) {
			<-ctx.Done()
			return dst, 0, ctx.Err()
		}, 0, 0, failure.NoProgress, "item 0 of page 0 of invocation 0 (its key: id, at): the invocation's time ran out"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan := run.Plan{
				Bucket: testservers.Bucket(t), Root: "r", Scan: &run.ScanPlan{
					Compression: request.CompressionNone, FileSizeBytes: 1 << 20, Encoder: &run.Encoder{Name: "own", Extension: ".own"}, KeyNames: []string{"id", "at"},
				},
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			moment := time.Now()
			if test.err == failure.NoProgress { // only a moment is left
				moment = moment.Add(time.Hour - mostFloor - mostLook - 10*time.Millisecond)
			}
			s := segment{
				plan: plan, try: "0a1b2c3d", reader: &answers{items("a", "b", "c")}, Source: source(test.encoder), pacer: pace.New(pace.Config{}),
				bucket: bucket.New(testservers.S3(), plan), budget: newBudget(ctx, func() time.Time { return moment }), log: slog.New(slog.DiscardHandler),
			}
			s.budget.start = moment.Add(-time.Hour)
			did, err := s.scan(ctx)
			checkpoint := did.checkpoint
			if test.err != "" {
				if err == nil || failure.NameOf(err) != test.err || !strings.Contains(err.Error(), test.words) {
					t.Fatalf("got %v, want %s: %s", err, test.err, test.words)
				}
				return
			}
			if err != nil || checkpoint.Totals.Items != 3 || checkpoint.Part != test.objects {
				t.Fatalf("got %+v, %v", checkpoint, err)
			}
			body, err := s.bucket.Get(ctx, plan.Layout().SegmentEnd(0))
			var list run.SegmentList
			if err != nil || json.Unmarshal(body, &list) != nil || len(list.Objects) != test.objects {
				t.Fatalf("got %s, %v", body, err)
			}
			for _, o := range list.Objects {
				if o.Items != test.records || o.Key != "r/data/000000-000000-0a1b2c3d.own" {
					t.Errorf("got %+v, want %d records", o, test.records)
				}
			}
		})
	}
}

func init() {
	encoder.Register(encoder.Format{Name: "refuses", Extension: ".x", New: func() (encoder.Encoder, error) { return nil, context.Canceled }})
}

func TestEveryFormatHasAnEncoder(t *testing.T) {
	for _, format := range request.RuleOf("format").Enum {
		if format == string(request.FormatParquet) {
			continue // the first pass of a run writes DynamoDB JSON
		}
		if _, err := EncoderOf(run.ScanPlan{Format: request.Format(format)}); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestEncodersAreThoseOfThePlan(t *testing.T) {
	for _, test := range []struct {
		plan  run.ScanPlan
		err   failure.Name
		words string
	}{
		{run.ScanPlan{Format: request.FormatJSON, Transform: "{"}, failure.InvalidRequest, "invalid request: transform: unexpected EOF"},
		{run.ScanPlan{Encoder: &run.Encoder{Name: "gone"}}, failure.InvalidRequest, `"gone", which is not built into the function scan`},
		{run.ScanPlan{Encoder: &run.Encoder{Name: "refuses"}}, failure.ItemNotEncodable, `start the encoder "refuses": context canceled`},
		{run.ScanPlan{Format: "CSV"}, failure.InvalidRequest, `format: "CSV"`},
	} {
		if _, err := EncoderOf(test.plan); err == nil || failure.NameOf(err) != test.err || !strings.Contains(err.Error(), test.words) {
			t.Errorf("got %v, want %s: %s", err, test.err, test.words)
		}
	}
}
