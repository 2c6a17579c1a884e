package sink

import (
	"context"
	"slices"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"
)

// multipart is the upload of one object. The first part to arrive begins it.
type multipart struct {
	mu     sync.Mutex
	upload bucket.Upload    // without an ID before it is begun
	parts  map[int]run.Part // those that are in S3, by their numbers
}

func (m *multipart) put(ctx context.Context, b *bucket.Bucket, key string, number int, body []byte) error {
	upload, err := m.begin(ctx, b, key)
	if err != nil {
		return err
	}
	part, err := b.PutPart(ctx, upload, number, body)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts[number] = part
	return nil
}

func (m *multipart) begin(ctx context.Context, b *bucket.Bucket, key string) (_ bucket.Upload, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.upload.ID == "" {
		m.upload, err = b.StartUpload(ctx, key)
		m.parts = map[int]run.Part{}
	}
	return m.upload, err
}

// list returns the parts in the order of their numbers. All of them must be in S3.
func (m *multipart) list() []run.Part {
	parts := make([]run.Part, 0, len(m.parts))
	for number := range len(m.parts) {
		parts = append(parts, m.parts[number+1])
	}
	return slices.Clip(parts)
}
