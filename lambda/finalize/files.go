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
	// filesPart is how much of a manifest is written at once, in bytes: some 45,000 objects.
	filesPart = 8 << 20
	// abortTime is how long an upload that has come to nothing may take to be given up.
	abortTime = 5 * time.Second
)

// files writes manifest-files.json while it grows: a large one in parts, of which memory holds one. Nobody sees it before close.
type files struct {
	bucket *bucket.Bucket
	key    string
	lines  bytes.Buffer // what is not written yet
	sum    hash.Hash
	upload *bucket.Upload // nil as long as there is less than a part
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

// close makes the object, and returns the content of its checksum's object.
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

// abort frees what was written of a manifest that comes to nothing. Should that fail, the next finalize sweeps it.
func (f *files) abort(ctx context.Context) {
	if f.upload == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_ = f.upload.Abort(ctx) // why it comes to nothing is what counts
}
