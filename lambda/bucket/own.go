package bucket

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/failure"
)

// GetOwn reads an object that the run has written, and decodes it. It fails with ListsInconsistent if there is no such object, or if it cannot be
// decoded: then another program has changed the folder of the run.
func (b *Bucket) GetOwn(ctx context.Context, key string, decode func(content []byte) error) error {
	content, err := b.Get(ctx, key)
	switch {
	case err == nil:
		err = decode(content)
	case !errors.Is(err, ErrNotFound):
		return fmt.Errorf("read what the run has written: %w", err)
	}
	if err == nil {
		return nil
	}
	return failure.Errorf(failure.ListsInconsistent, "%s is not as the run wrote it: %w. Another program may have changed or removed it; start a new execution", b.URI(key), err)
}
