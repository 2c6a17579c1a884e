package finalize

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

// find returns what S3 has of an object that a list names: its ETag if the object is there, or open if its upload is. If S3 has neither, or
// another object, find adds a fault. Objects come in the order of their keys.
func (c *scanCommit) find(ctx context.Context, o run.Object) (etag string, open bool, err error) {
	uploads, err := c.uploads.find(o.Key)
	if err != nil {
		return "", false, err
	}
	for _, upload := range uploads {
		if upload.ID == o.UploadID {
			open = true
		} else { // its answer was lost, and the request was repeated
			c.strayUploads = append(c.strayUploads, upload)
		}
	}
	objects, err := c.stored.find(o.Key)
	switch {
	case open || err != nil:
		return "", open, err
	case len(objects) == 1:
		fault, err := difference(ctx, c.bucket, o, objects[0])
		if fault != "" {
			c.faults.add(fault)
		}
		return objects[0].ETag, false, err
	}
	// S3 does not promise that a listing has every upload.
	open, err = c.bucket.IsOpen(ctx, bucket.Upload{Key: o.Key, ID: o.UploadID})
	if err == nil && !open {
		c.gone.add(o.Key)
	}
	return "", open, err
}

// difference says how an object in the bucket differs from what its list says, "" if it does not.
func difference(ctx context.Context, in *bucket.Bucket, o run.Object, entry bucket.Entry) (fault string, err error) {
	switch {
	case entry.Bytes != o.Bytes:
		return fmt.Sprintf("%s is listed with %d bytes, and has %d bytes", o.Key, o.Bytes, entry.Bytes), nil
	case entry.ETag == o.ETag():
		return "", nil
	}
	// The ETag can be another one if a KMS key encrypts the object. The checksum is the same.
	_, sum, err := in.Checksum(ctx, o.Key)
	if want := o.CRC32(); err == nil && (want == "" || sum != want) {
		fault = fmt.Sprintf("%s is listed with the checksum %q and the ETag %s, and has the checksum %q and the ETag %s", o.Key, want, o.ETag(), sum, entry.ETag)
	}
	return fault, err
}

// ordered reads a listing once, in the order of the keys.
type ordered[T any] struct {
	next  func() (T, error, bool)
	stop  func()
	key   func(T) string
	stray func(T)
	// ahead is the entry that was read last. It has been used before the first entry, after the last one, and if find has returned it.
	ahead T
	used  bool
	ended bool
}

// newOrdered returns a reader of a listing. It calls stray for each entry that find does not return.
func newOrdered[T any](entries iter.Seq2[T, error], key func(T) string, stray func(T)) *ordered[T] {
	o := &ordered[T]{key: key, stray: stray, used: true}
	o.next, o.stop = iter.Pull2(entries)
	return o
}

// find returns the entries of a key. The key must come after those of earlier calls.
func (o *ordered[T]) find(key string) (found []T, err error) {
	for !o.ended && (o.used || o.key(o.ahead) <= key) {
		if !o.used && o.key(o.ahead) == key {
			found, o.used = append(found, o.ahead), true
		}
		if err := o.step(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// rest reads the remaining entries.
func (o *ordered[T]) rest() error {
	for !o.ended {
		if err := o.step(); err != nil {
			return err
		}
	}
	return nil
}

func (o *ordered[T]) step() error {
	if !o.used {
		o.stray(o.ahead)
	}
	entry, err, more := o.next()
	o.ahead, o.used, o.ended = entry, !more, !more
	return err
}

// faults are the reasons why a run is not whole. All are counted, and the first few are shown.
type faults struct {
	shown []string
	count int
}

const maxShown = 5

func (f *faults) add(fault string) {
	if f.count++; len(f.shown) < maxShown {
		f.shown = append(f.shown, fault)
	}
}

// String shows the first faults and says how many more there are.
func (f *faults) String() string {
	shown := strings.Join(f.shown, "; ")
	if more := f.count - len(f.shown); more > 0 {
		shown += fmt.Sprintf("; and %d more", more)
	}
	return shown
}

// inconsistent returns one error for all faults, nil for none.
func (c commit) inconsistent(f faults) error {
	if f.count == 0 {
		return nil
	}
	return failure.Errorf(failure.ListsInconsistent,
		"nothing was committed, because the run at %s is not whole: %s. Another program may have written or removed objects there; start a new execution",
		c.bucket.URI(c.layout.Root), &f)
}
