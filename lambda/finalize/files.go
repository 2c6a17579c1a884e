package finalize

import (
	"bytes"
	"context"
	"hash"
	"io"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
)

const (
	// filesPart is the size of one part of the manifest in bytes: some 45,000 objects.
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
	upload *bucket.Upload // nil until there is a whole part
	parts  []bucket.Part
}

func newFiles(b *bucket.Bucket, key string) *files {
	return &files{bucket: b, key: key, sum: manifest.NewChecksum()}
}

// add adds the line of an object.
func (f *files) add(ctx context.Context, o run.Object) error {
	if err := manifest.EncodeFile(io.MultiWriter(&f.lines, f.sum), o); err != nil {
		return err
	}
	if f.lines.Len() < filesPart {
		return nil
	}
	if f.upload == nil {
		upload, err := f.bucket.StartUpload(ctx, f.key)
		if err != nil {
			return err
		}
		f.upload = upload
	}
	return f.put(ctx)
}

func (f *files) put(ctx context.Context) error {
	part, err := f.upload.Put(ctx, len(f.parts)+1, f.lines.Bytes())
	if err != nil {
		return err
	}
	f.parts = append(f.parts, part)
	f.lines.Reset()
	return nil
}

// close completes the object and returns the content of its checksum object.
func (f *files) close(ctx context.Context) (sum []byte, err error) {
	if f.upload == nil {
		_, err = f.bucket.Put(ctx, f.key, f.lines.Bytes())
		return manifest.EncodeChecksum(f.sum), err
	}
	if f.lines.Len() > 0 {
		if err := f.put(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := f.upload.Complete(ctx, f.parts); err != nil {
		return nil, err
	}
	f.upload = nil
	return manifest.EncodeChecksum(f.sum), nil
}

// abort frees the parts of a manifest that will not be completed. If that fails, the next finalize sweeps them.
func (f *files) abort(ctx context.Context) {
	if f.upload == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_ = f.upload.Abort(ctx) // the caller returns the error that matters
}
