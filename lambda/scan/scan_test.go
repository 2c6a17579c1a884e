package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/table"
	"dynamodb-to-s3/local/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// answers is a table: each function answers one page, in turn. The last page has no key.
type answers []func(ctx context.Context) (items []string, err error)

func (a *answers) Next(ctx context.Context, _ json.RawMessage, into *table.Page) error {
	answer := (*a)[0]
	*a = (*a)[1:]
	items, err := answer(ctx)
	if err != nil {
		return err
	}
	into.LastEvaluatedKey = nil
	if len(*a) > 0 {
		into.LastEvaluatedKey = fmt.Appendf(nil, `{"id":{"N":"%d"}}`, len(*a))
	}
	into.Scanned = int64(len(items))
	return into.Items.Parse([]byte(`{"Items":[` + strings.Join(items, ",") + `]}`))
}

func items(ids ...string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) {
		all := make([]string, len(ids))
		for i, id := range ids {
			all[i] = `{"id":{"S":"` + id + `"}}`
		}
		return all, nil
	}
}

func fails(err error) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return nil, err }
}

// planned says that the table is still the plan's.
func planned(context.Context) error { return nil }

func none() table.Throttles { return table.Throttles{} }

// source returns a source of a table that is still the plan's and never throttles.
func source(encoder encoder.Encoder) Source {
	return Source{Throttles: none, Confirm: planned, Encoder: encoder}
}

func never(ctx context.Context) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestScanHandsOverWhatItHasOrSaysWhyNot(t *testing.T) {
	throttled, refused := failure.Errorf(failure.Throttled, "no capacity"), failure.Errorf(failure.ScanRefused, "bad filter")
	for _, test := range []struct {
		name    string
		pages   answers
		encoder encoder.Encoder
		want    run.Checkpoint // of its totals only items and pages
		err     failure.Name
		objects int
	}{
		{
			name:  "a segment of two pages",
			pages: answers{items("a", "b"), items("c")},
			want:  run.Checkpoint{Done: true, Invocation: 1, Part: 1, Totals: run.Totals{Items: 3, Pages: 2}}, objects: 1,
		},
		{
			name:  "an empty segment",
			pages: answers{items()},
			want:  run.Checkpoint{Done: true, Invocation: 1, Totals: run.Totals{Pages: 1}},
		},
		{
			name:  "empty pages before the end",
			pages: answers{items(), items(), items("a"), items()},
			want:  run.Checkpoint{Done: true, Invocation: 1, Part: 1, Totals: run.Totals{Items: 1, Pages: 4}}, objects: 1,
		},
		{
			name:  "a transient fault after a page",
			pages: answers{items("a"), fails(throttled), nil},
			want:  run.Checkpoint{Invocation: 1, Part: 1, Try: "0a1b2c3d", Position: run.Position([]byte(`{"id":{"N":"2"}}`)), Totals: run.Totals{Items: 1, Pages: 1}}, objects: 1,
		},
		{name: "a transient fault before any page", pages: answers{fails(throttled), nil}, err: failure.Throttled},
		{name: "a permanent fault after a page", pages: answers{items("a"), fails(refused), nil}, err: failure.ScanRefused},
		{
			name:  "a page that never comes after one that came",
			pages: answers{items("a"), never, nil},
			want:  run.Checkpoint{Invocation: 1, Part: 1, Try: "0a1b2c3d", Position: run.Position([]byte(`{"id":{"N":"2"}}`)), Totals: run.Totals{Items: 1, Pages: 1}}, objects: 1,
		},
		{name: "a first page that never comes", pages: answers{never, nil}, err: failure.NoProgress},
		{
			name: "an item that the format cannot hold", encoder: oneToOne{ddbjson.JSON{}},
			pages: answers{items("a"), func(context.Context) ([]string, error) { return []string{`{"id":{"N":"one"}}`}, nil }},
			err:   failure.ItemNotEncodable,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan := run.Plan{Bucket: testservers.Bucket(t), Root: "r", Scan: &run.ScanPlan{Compression: request.CompressionNone, FileSizeBytes: 1 << 20, Format: request.FormatDynamoDBJSON}}
			// All but a moment of the invocation is reserved for closing, so waiting ends at once.
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			moment := time.Now().Add(time.Hour - mostFloor - mostLook - 2*time.Second)
			s := segment{
				plan: plan, number: 2, try: "0a1b2c3d", reader: &test.pages, Source: source(oneToOne{ddbjson.DynamoDBJSON{}}), pacer: pace.New(pace.Config{}),
				bucket: bucket.New(testservers.S3(), plan), budget: newBudget(ctx, func() time.Time { return moment }), log: slog.New(slog.DiscardHandler),
			}
			s.budget.start = moment.Add(-time.Hour)
			if test.encoder != nil {
				s.Encoder = test.encoder
			}
			did, err := s.scan(ctx)
			got := did.checkpoint
			if test.err != "" {
				if err == nil || failure.NameOf(err) != test.err {
					t.Fatalf("got %v, want %s", err, test.err)
				}
				if lists := testservers.Keys(t, plan.Bucket, plan.Layout().SegmentLists()); len(lists) > 0 {
					t.Errorf("%v were written", lists)
				}
				if uploads := testservers.Uploads(t, plan.Bucket, ""); len(uploads) > 0 {
					t.Errorf("%d uploads are left", len(uploads))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got.Totals = run.Totals{Items: got.Totals.Items, Pages: got.Totals.Pages}
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			uploads, objects := testservers.Uploads(t, plan.Bucket, plan.Layout().DataPrefix()), testservers.Keys(t, plan.Bucket, plan.Layout().DataPrefix())
			if len(uploads) != test.objects || len(objects) > 0 {
				t.Errorf("there are %d open uploads and the objects %v, want %d uploads", len(uploads), objects, test.objects)
			}
			want := plan.Layout().SegmentList(2, 0, "0a1b2c3d")
			if got.Done {
				want = plan.Layout().SegmentEnd(2)
			}
			if lists := testservers.Keys(t, plan.Bucket, plan.Layout().SegmentLists()); len(lists) != 1 || lists[0] != want {
				t.Errorf("the lists are %v", lists)
			}
		})
	}
}

func TestScanThatIsDoneIsDone(t *testing.T) {
	done := run.Checkpoint{Done: true, Invocation: 4, Part: 9}
	got, err := (&Step{}).Run(t.Context(), run.ScanInput{Checkpoint: &done})
	if err != nil || fmt.Sprint(got) != fmt.Sprint(done) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestScanEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	plan := run.Plan{Bucket: testservers.Bucket(t), Root: "r", Scan: &run.ScanPlan{Compression: request.CompressionNone, FileSizeBytes: 1 << 20}}
	pages := answers{items("a"), func(ctx context.Context) ([]string, error) { cancel(); return never(ctx) }, nil}
	s := segment{
		plan: plan, reader: &pages, Source: source(oneToOne{ddbjson.DynamoDBJSON{}}), pacer: pace.New(pace.Config{}), bucket: bucket.New(testservers.S3(), plan),
		budget: newBudget(ctx, time.Now), log: slog.New(slog.DiscardHandler),
	}
	if _, err := s.scan(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if keys := testservers.Keys(t, plan.Bucket, ""); len(keys) > 0 {
		t.Errorf("%v were written", keys)
	}
}
