package finalize

import (
	"bytes"
	"context"
	"hash"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
)

const (
	// filesPart is the least size of one part of the manifest in bytes: some 45,000 objects.
	filesPart = 8 << 20
	// abortTime is how long it may take to abort the upload of a manifest.
	abortTime = 5 * time.Second
)

// files writes manifest-files.json while it grows. A large one is written in parts, one of which is in memory. Nobody sees the object
// before close.
type files struct {
	bucket *bucket.Bucket
	key    string
	lines  bytes.Buffer // lines that are not written yet
	sum    hash.Hash
	upload bucket.Upload // without an ID until there is a whole part
	parts  []run.Part
	bytes  int64 // in the parts
}

func newFiles(b *bucket.Bucket, key string) *files {
	return &files{bucket: b, key: key, sum: manifest.NewChecksum()}
}

// write adds lines.
func (f *files) write(ctx context.Context, lines []byte) error {
	_, _ = f.sum.Write(lines) // a hash never fails
	f.lines.Write(lines)
	if f.lines.Len() < filesPart {
		return nil
	}
	if f.upload.ID == "" {
		upload, err := f.bucket.StartUpload(ctx, f.key)
		if err != nil {
			return err
		}
		f.upload = upload
	}
	return f.put(ctx)
}

func (f *files) put(ctx context.Context) error {
	part, err := f.bucket.PutPart(ctx, f.upload, len(f.parts)+1, f.lines.Bytes())
	if err != nil {
		return err
	}
	f.parts, f.bytes = append(f.parts, part), f.bytes+int64(f.lines.Len())
	f.lines.Reset()
	return nil
}

// close completes the object.
func (f *files) close(ctx context.Context) error {
	if f.upload.ID == "" {
		_, err := f.bucket.Put(ctx, f.key, f.lines.Bytes())
		return err
	}
	if f.lines.Len() > 0 {
		if err := f.put(ctx); err != nil {
			return err
		}
	}
	if _, err := complete(ctx, f.bucket, run.Object{Key: f.key, Bytes: f.bytes, UploadID: f.upload.ID, Parts: f.parts}); err != nil {
		return err // if another invocation has swept the upload, a retry finds its commit
	}
	f.upload.ID = ""
	return nil
}

// abort frees the parts of a manifest that will not be completed. If that fails, the next finalize sweeps them.
func (f *files) abort(ctx context.Context) {
	if f.upload.ID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_ = f.bucket.Abort(ctx, f.upload) // the caller returns the error that matters
}
