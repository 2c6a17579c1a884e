package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }

func TestJournalIsWrittenOverWhatWasRead(t *testing.T) {
	t.Parallel()
	plan := exportPlan(testservers.Bucket(t))
	b := bucket.New(testservers.S3(), plan)
	var read []*ledger.Journal
	for range 2 {
		j, err := ledger.LoadJournal(t.Context(), b, plan)
		if err != nil || j.End != nil || len(j.Pending) > 0 {
			t.Fatalf("a journal that is not there is %+v, %v", j, err)
		}
		read = append(read, j)
	}
	for i := range ledger.MaxCommitted + 5 { // one reader may write again and again
		window := run.ExportedWindow{ExportType: request.ExportFull, ExportTime: new(time.Unix(int64(i), 0))}
		read[0].Committed = append(read[0].Committed, ledger.CommittedExport{RunID: fmt.Sprint(i), ExportedWindow: window})
	}
	for range 2 {
		if err := read[0].Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := read[1].Save(t.Context()); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("the other, which has not read that: %v", err)
	}
	j, err := ledger.LoadJournal(t.Context(), b, plan)
	if err != nil || len(j.Committed) != ledger.MaxCommitted || j.Committed[0].RunID != "5" {
		t.Errorf("%d are remembered, from %+v on, %v", len(j.Committed), j.Committed[0], err)
	}
}

// exportPlan returns the plan of a run that exports to a bucket.
func exportPlan(bucket string) run.Plan {
	return run.Plan{Bucket: bucket, Root: "AWSDynamoDB/run-1", Export: &run.ExportPlan{Request: request.Export{ExportType: request.ExportFull, Format: request.FormatION}}}
}

// Others may be able to write the object.
func TestJournalThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	name := testservers.Bucket(t)
	own, chained := exportPlan(name), exportPlan(name)
	chained.Export.Chain = &run.ExportChain{TableARN: "arn:table/orders", Bucket: name, Format: request.FormatION, ViewType: request.ViewNewAndOld}
	chained.Export.Request = request.Export{ExportType: request.ExportIncremental, From: "last", Format: request.FormatION, ViewType: request.ViewNewAndOld}
	ofChain := func(change func(*run.ExportChain)) string {
		chain := *chained.Export.Chain
		change(&chain)
		return `{"version": 1, "chain": ` + string(run.Marshal(chain)) + `, "pending": [PENDING]}`
	}
	same := ofChain(func(*run.ExportChain) {})
	pending := func(change func(*ledger.ExportSpec)) string {
		at := time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)
		spec := ledger.ExportSpec{ExportType: request.ExportIncremental, From: &at, To: new(at.Add(time.Hour)), ViewType: request.ViewNewAndOld, Format: request.FormatION, S3Bucket: name}
		change(&spec)
		return string(run.Marshal(spec))
	}
	filter := func(value string) *request.Filter {
		return &request.Filter{FilterExpression: "a = :a", ExpressionAttributeValues: map[string]request.AttributeValue{":a": []byte(value)}}
	}
	filtered := own
	filtered.Export = &run.ExportPlan{Request: chained.Export.Request}
	filtered.Export.Request.Filter = filter(`{"M":{"x":{"S":"<"},"y":{"S":"2"}}}`)
	const another = "pending export 0 has another format, view type, filter, encryption or bucket owner than the request"
	for _, test := range []struct {
		name, content, pending string
		plan                   run.Plan
		words                  string // "" if it fits
	}{
		{"no object", `[]`, "", own, "is not a journal that these functions can read"},
		{"another version", `{"version": 2}`, "", own, "its version is 2, and these functions read version 1. Choose another prefix"},
		{"the run's own", `{"version": 1}`, "", own, ""},
		{"a chain's as the run's own", same, "", own, "it is the journal of a chain, and this run has a journal of its own"},
		{"a run's own as a chain's", `{"version": 1}`, "", chained, "it does not say which chain it belongs to"},
		{"the chain's", same, "", chained, ""},
		{"another format's", ofChain(func(c *run.ExportChain) { c.Format = request.FormatDynamoDBJSON }), "", chained, "it belongs to another chain, with another format. Choose another prefix"},
		{"another table's, with another filter", ofChain(func(c *run.ExportChain) { c.TableARN += "2"; c.Filter = &request.Filter{ProjectionExpression: "a"} }), "", chained, "with another tableArn, filter"},
		{"with the end of its last export", `{"version": 1, "end": "2026-01-31T06:00:00+00:00", "committed": [{"exportType": "INCREMENTAL", "from": "2026-01-31T05:00:00Z", "to": "2026-01-31T06:00:00Z"}]}`, "", own, ""},
		{"with a later end", `{"version": 1, "end": "2026-01-31T06:00:01Z", "committed": [{"exportType": "INCREMENTAL", "from": "2026-01-31T05:00:00Z", "to": "2026-01-31T06:00:00Z"}]}`, "", own, "its end is 2026-01-31T06:00:01Z, and that is not where its last committed export ends"},
		{"with the end of an earlier export", `{"version": 1, "end": "2026-01-30T00:00:00Z", "committed": [{"exportType": "FULL", "exportTime": "2026-01-30T00:00:00Z"}, {"exportType": "FULL", "exportTime": "2026-01-31T00:00:00Z"}]}`, "", own, "its end is 2026-01-30T00:00:00Z, and that is not where"},
		{"with an end without an export", `{"version": 1, "end": "2026-01-31T06:00:00Z"}`, "", own, "its end is 2026-01-31T06:00:00Z, and that is not where"},
		{"without an end, of a table that was replaced", `{"version": 1, "committed": [{"exportType": "FULL", "exportTime": "2026-01-30T00:00:00Z"}]}`, "", own, ""},
		{"pending", same, pending(func(*ledger.ExportSpec) {}), chained, ""},
		{"pending, full", same, pending(func(s *ledger.ExportSpec) { s.ExportType, s.ViewType, s.From, s.To = request.ExportFull, "", nil, nil }), chained, ""},
		{"pending, of another type", same, pending(func(s *ledger.ExportSpec) { s.ExportType = "HALF" }), chained, `pending export 0 has type "HALF"`},
		{"pending, to another bucket", same, pending(func(s *ledger.ExportSpec) { s.S3Bucket = "b-2" }), chained, `pending export 0 goes to bucket "b-2"`},
		{"pending, in another format", same, pending(func(s *ledger.ExportSpec) { s.Format = request.FormatDynamoDBJSON }), chained, another},
		{"pending, with another view", same, pending(func(s *ledger.ExportSpec) { s.ViewType = "NEW_IMAGE" }), chained, another},
		{"pending, with another filter", same, pending(func(s *ledger.ExportSpec) { s.Filter = &request.Filter{ProjectionExpression: "a"} }), chained, another},
		{"pending, with the filter written in another way", `{"version": 1, "pending": [PENDING]}`, pending(func(s *ledger.ExportSpec) { s.Filter = filter(`{"M":{"y":{"S":"2"},"x":{"S":"<"}}}`) }), filtered, ""},
		{"pending, with another value in the filter", `{"version": 1, "pending": [PENDING]}`, pending(func(s *ledger.ExportSpec) { s.Filter = filter(`{"M":{"y":{"S":"3"},"x":{"S":"<"}}}`) }), filtered, another},
		{"pending, with another key", same, pending(func(s *ledger.ExportSpec) { s.S3SseKMSKeyID = "k" }), chained, another},
		{"pending, with another encryption", same, pending(func(s *ledger.ExportSpec) { s.S3SseAlgorithm = "KMS" }), chained, another},
		{"pending, for another owner", same, pending(func(s *ledger.ExportSpec) { s.S3BucketOwner = "123456789012" }), chained, another},
	} {
		b := bucket.New(testservers.S3(), test.plan)
		if _, err := b.Put(t.Context(), test.plan.Journal(), []byte(strings.Replace(test.content, "PENDING", test.pending, 1))); err != nil {
			t.Fatal(err)
		}
		_, err := ledger.LoadJournal(t.Context(), b, test.plan)
		switch {
		case test.words == "" && err != nil:
			t.Errorf("%s: got %v", test.name, err)
		case test.words != "" && (failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), test.words)):
			t.Errorf("%s: got %v, want %s", test.name, err, test.words)
		}
	}
}

func TestSettleEndsIfOthersDoNot(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: "b-1"})
	n := 0
	if err := ledger.Settle(b.URI("k.json"), func() error {
		if n++; n < 3 {
			return fmt.Errorf("save: %w", bucket.ErrChanged)
		}
		return nil
	}); err != nil || n != 3 {
		t.Errorf("looked %d times, %v", n, err)
	}
	err := ledger.Settle(b.URI("k.json"), func() error { n++; return bucket.ErrChanged })
	if failure.NameOf(err) != failure.JournalContended || !strings.Contains(err.Error(), "other runs kept changing s3://b-1/k.json") || n != 13 {
		t.Errorf("looked %d times in all, %v", n, err)
	}
}
