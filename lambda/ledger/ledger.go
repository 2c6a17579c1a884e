// Package ledger keeps what executions must agree on: which execution owns a run (Claim), which native exports were begun and committed
// (Journal), and which columns a run has (run.Schema). Each is one JSON object in the bucket. Each write is conditional on the object that
// the writer has read, so when two executions decide at the same time, one of them learns that it has to read again.
//
// It may import bucket, failure, problem, request and run.
package ledger

import (
	"context"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"
)

// object is one JSON object under conditional writes.
type object struct {
	bucket *bucket.Bucket
	key    string
	etag   string // of the object that was read or written last; "" if there is none
}

// read returns the object's bytes. It fails with bucket.ErrNotFound if there is no object.
func (o *object) read(ctx context.Context) ([]byte, error) {
	body, etag, err := o.bucket.GetTagged(ctx, o.key)
	if err == nil {
		o.etag = etag
	}
	return body, err
}

// write replaces the object that was read, or creates it if none was. It fails with bucket.ErrChanged if another writer was faster.
func (o *object) write(ctx context.Context, content any) error {
	etag, err := o.bucket.Replace(ctx, o.key, run.Marshal(content), o.etag)
	if err == nil {
		o.etag = etag
	}
	return err
}
