package sink

import (
	"context"
	"sync"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"
)

// multipart is the upload of one object. Part 1 begins it, and the other parts wait for that.
type multipart struct {
	begun  chan struct{} // closed when upload is there
	upload bucket.Upload // without an ID before it is begun

	mu    sync.Mutex
	parts map[int]run.Part // those that are in S3, by their numbers
}

func newMultipart() *multipart {
	return &multipart{begun: make(chan struct{}), parts: map[int]run.Part{}}
}

func (m *multipart) put(ctx context.Context, b *bucket.Bucket, key string, number int, body []byte) (err error) {
	if number == 1 {
		if m.upload, err = b.StartUpload(ctx, key); err != nil {
			return err
		}
		close(m.begun)
	}
	select {
	case <-m.begun:
	case <-ctx.Done():
		return ctx.Err()
	}
	part, err := b.PutPart(ctx, m.upload, number, body)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.parts[number] = part
	return nil
}

// list returns the parts in the order of their numbers. All of them must be in S3.
func (m *multipart) list() []run.Part {
	parts := make([]run.Part, 0, len(m.parts))
	for number := range len(m.parts) {
		parts = append(parts, m.parts[number+1])
	}
	return parts
}
