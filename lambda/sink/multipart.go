package sink

import (
	"context"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
)

// multipart is the upload of one object in parts. The first part to arrive begins the upload.
type multipart struct {
	pending sync.WaitGroup // parts that were handed over and are not yet in S3
	mu      sync.Mutex
	upload  *bucket.Upload
	done    bool
	parts   []bucket.Part
}

func (m *multipart) put(ctx context.Context, b *bucket.Bucket, key string, number int, body []byte) error {
	upload, err := m.begin(ctx, b, key)
	if err != nil {
		return err
	}
	part, err := upload.Put(ctx, number, body)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts = append(m.parts, part)
	return nil
}

func (m *multipart) begin(ctx context.Context, b *bucket.Bucket, key string) (*bucket.Upload, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.upload == nil {
		upload, err := b.StartUpload(ctx, key)
		if err != nil {
			return nil, err
		}
		m.upload = upload
	}
	return m.upload, nil
}

// finish uploads the last part, waits for the others, and completes the object.
func (m *multipart) finish(ctx context.Context, b *bucket.Bucket, key string, number int, body []byte) (string, error) {
	if len(body) > 0 {
		if err := m.put(ctx, b, key, number, body); err != nil {
			return "", err
		}
	}
	m.pending.Wait()
	if err := ctx.Err(); err != nil { // a part failed, and its error is reported
		return "", err
	}
	etag, err := m.upload.Complete(ctx, m.parts)
	m.done = err == nil
	return etag, err
}

func (m *multipart) abort(ctx context.Context) error {
	if m.upload == nil || m.done {
		return nil
	}
	return m.upload.Abort(ctx)
}
