// A journal is a job.Journal as one object of a bucket. Whoever writes it must have read what is there: of two runs
// that decide at the same time, one is told to look again.
//
// It may import job and bucket.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/job"
)

// Journal is a journal as it was read.
type Journal struct {
	job.Journal
	bucket *bucket.Bucket
	key    string
	etag   string // of what was read; "" where there was none
}

// LoadJournal reads the journal of a key, an empty one where there is none.
func LoadJournal(ctx context.Context, from *bucket.Bucket, key string) (*Journal, error) {
	j := &Journal{bucket: from, key: key}
	body, etag, err := from.GetTagged(ctx, key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return j, nil
	case err != nil:
		return nil, fmt.Errorf("read the journal of exports: %w", err)
	}
	if err = json.Unmarshal(body, &j.Journal); err == nil {
		err = j.Check(from.Name())
	}
	if err != nil {
		return nil, job.Errorf(job.RunNameTaken, "%s is no journal of ours (%w): choose another prefix, or remove it to begin anew with a full export",
			from.URI(key), err)
	}
	j.etag = etag
	return j, nil
}

// Save writes the journal over the one that was read. It fails with bucket.ErrChanged where somebody else has written since;
// what is to be done is then to be decided anew, from what they wrote.
func (j *Journal) Save(ctx context.Context) error {
	if extra := len(j.Committed) - job.MaxCommitted; extra > 0 {
		j.Committed = j.Committed[extra:]
	}
	body, err := json.Marshal(j.Journal)
	if err != nil {
		return fmt.Errorf("internal error: a journal does not marshal: %w", err)
	}
	etag, err := j.bucket.Replace(ctx, j.key, body, j.etag)
	if err != nil {
		return fmt.Errorf("write the journal of exports: %w", err)
	}
	j.etag = etag
	return nil
}

// looks is how often a journal is read again because others have written it meanwhile. Each time one of them has moved on.
const looks = 10

// Settle calls look, which loads a journal, decides and saves, again as long as it fails with bucket.ErrChanged. It fails with
// JournalContended where that does not end.
func Settle(in *bucket.Bucket, key string, look func() error) error {
	for range looks {
		if err := look(); !errors.Is(err, bucket.ErrChanged) {
			return err
		}
	}
	return job.Errorf(job.JournalContended, "other runs kept changing %s: let fewer runs of this table and prefix go at once", in.URI(key))
}
