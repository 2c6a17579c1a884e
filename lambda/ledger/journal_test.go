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
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	var read []*ledger.Journal
	for range 2 {
		j, err := ledger.LoadJournal(t.Context(), b, "k.json")
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
	j, err := ledger.LoadJournal(t.Context(), b, "k.json")
	if err != nil || len(j.Committed) != ledger.MaxCommitted || j.Committed[0].RunID != "5" {
		t.Errorf("%d are remembered, from %+v on, %v", len(j.Committed), j.Committed[0], err)
	}
}

func TestUnreadableJournalIsRefused(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: testservers.Bucket(t)})
	for content, words := range map[string]string{
		"[]":             "k.json is not a journal that these functions can read",
		`{"version": 2}`: "k.json is not a journal that these functions can read: its version is 2, and these functions read version 1. Choose another prefix",
	} {
		if _, err := b.Put(t.Context(), "k.json", []byte(content)); err != nil {
			t.Fatal(err)
		}
		_, err := ledger.LoadJournal(t.Context(), b, "k.json")
		if failure.NameOf(err) != failure.RunNameTaken || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v", content, err)
		}
	}
}

func TestSettleEndsIfOthersDoNot(t *testing.T) {
	t.Parallel()
	b := bucket.New(testservers.S3(), run.Plan{Bucket: "b-1"})
	n := 0
	if err := ledger.Settle(b, "k.json", func() error {
		if n++; n < 3 {
			return fmt.Errorf("save: %w", bucket.ErrChanged)
		}
		return nil
	}); err != nil || n != 3 {
		t.Errorf("looked %d times, %v", n, err)
	}
	err := ledger.Settle(b, "k.json", func() error { n++; return bucket.ErrChanged })
	if failure.NameOf(err) != failure.JournalContended || !strings.Contains(err.Error(), "other runs kept changing s3://b-1/k.json") || n != 13 {
		t.Errorf("looked %d times in all, %v", n, err)
	}
}
