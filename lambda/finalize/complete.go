package finalize

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// listed is an object that a chain names.
type listed struct {
	run.Object
	etag string // "" while the upload is open
}

// take adds an object that a list names to the commit. Objects come in the order of their keys.
func (c *scanCommit) take(ctx context.Context, o run.Object) error {
	etag, open, err := c.find(ctx, o)
	if err != nil {
		return err
	}
	c.written.Objects++
	c.written.Records += o.Items
	switch {
	case c.faults.count > 0 || c.gone.count > 0:
		return nil
	case len(c.listed) == 0 && !open:
		return c.files.add(ctx, o, etag) // nothing before it waits for its upload
	default:
		c.listed = append(c.listed, listed{o, etag})
		return nil
	}
}

// complete completes the open uploads, and adds the objects to the manifest in the order of their keys.
func (c *scanCommit) complete(ctx context.Context) error {
	completing, one := errgroup.WithContext(ctx)
	completing.SetLimit(inParallel)
	for i := range c.listed {
		if c.listed[i].etag != "" {
			continue
		}
		completing.Go(func() (err error) {
			c.listed[i].etag, err = complete(one, c.bucket, c.listed[i].Object)
			return err
		})
	}
	if err := completing.Wait(); err != nil {
		return err
	}
	for _, o := range c.listed {
		if err := c.files.add(ctx, o.Object, o.etag); err != nil {
			return err
		}
	}
	return nil
}

// complete completes the upload of an object and returns the object's ETag. If the upload is no longer open, an earlier try may have
// completed it, and its answer may have been lost: then the object must be there as listed.
func complete(ctx context.Context, in *bucket.Bucket, o run.Object) (etag string, err error) {
	etag, err = in.Complete(ctx, bucket.Upload{Key: o.Key, ID: o.UploadID}, o.Parts, o.Bytes)
	if !errors.Is(err, bucket.ErrNoUpload) {
		return etag, err
	}
	entry, err := in.Find(ctx, o.Key)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return "", uploadGone(in, o.Key)
	case err != nil:
		return "", err
	}
	fault, err := difference(ctx, in, o, entry)
	if fault != "" {
		return "", failure.Errorf(failure.ListsInconsistent, "%s. Another program may have written it; start a new execution", fault)
	}
	return entry.ETag, err
}

// uploadGone says that uploads are neither open nor completed.
func uploadGone(in *bucket.Bucket, what string) error {
	return failure.Errorf(failure.UploadGone, "nothing was committed, because S3 no longer has an upload of the run: %s", fmt.Sprintf("%s in bucket %s", what, in.Name()))
}
