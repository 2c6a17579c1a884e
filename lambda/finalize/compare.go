package finalize

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"
)

// sighting is what S3 has of an object that a list names.
type sighting struct {
	run.Object
	open  bool // its upload is open
	there bool // there is an object under its key
	entry bucket.Entry
	etag  string // of the object, if it is as listed
	fault string // what is wrong, "" if nothing is
	gone  bool   // S3 has neither the upload nor an object
}

// see looks for an object in the listings of the span. Objects come in the order of their keys.
func (s *span) see(o run.Object) (sighting, error) {
	seen := sighting{Object: o}
	uploads, err := s.uploads.find(o.Key)
	if err != nil {
		return seen, err
	}
	for _, upload := range uploads {
		if upload.ID == o.UploadID {
			seen.open = true
		} else { // the answer to its start was lost, and the request was repeated
			s.strayUploads = append(s.strayUploads, upload)
		}
	}
	objects, err := s.stored.find(o.Key)
	if len(objects) > 0 {
		seen.there, seen.entry = true, objects[0]
		if seen.entry.Bytes == o.Bytes && seen.entry.ETag == o.ETag() {
			seen.etag = seen.entry.ETag
		}
	}
	return seen, err
}

// settled reports whether the listings alone say what S3 has of the object.
func (s *sighting) settled() bool {
	return s.etag != "" || s.open && !s.there
}

// mostLost is how many objects may be missing or different before finalize stops to ask S3 about each one: the run can no longer be
// committed.
const mostLost = 100

// settle asks S3 about an object, because the listings do not say enough. The order of the questions matters: what is no longer open may
// have been completed after the bucket was listed.
func (c *scanCommit) settle(ctx context.Context, s *sighting) (err error) {
	if c.lost.Load() >= mostLost {
		s.gone = !s.open && !s.there
		return nil
	}
	if s.there {
		if s.fault, err = difference(ctx, c.bucket, s.Object, s.entry); err != nil || s.fault == "" {
			s.etag = s.entry.ETag
			return err
		}
	}
	// S3 does not promise that a listing has every upload, or none that was completed before. If the upload was completed and somebody has
	// replaced the object since, completing it again could succeed and change nothing.
	if !s.open || s.there {
		if s.open, err = c.bucket.IsOpen(ctx, bucket.Upload{Key: s.Key, ID: s.UploadID}); err != nil {
			return err
		}
	}
	if s.open { // completing it replaces another object
		s.fault = ""
		return nil
	}
	if s.etag, err = completed(ctx, c.bucket, s.Object); errors.Is(err, errGone) || errors.Is(err, errDiffers) {
		s.gone, s.fault, err = errors.Is(err, errGone), err.Error(), nil
		c.lost.Add(1)
	}
	return err
}

var (
	// errGone says that S3 has neither the upload of an object nor the object.
	errGone = errors.New("S3 has neither its upload nor the object")
	// errDiffers says that S3 has another object than the one that a list names.
	errDiffers = errors.New("not as listed")
)

// completed returns the ETag of an object whose upload was completed. It fails with errGone if there is no object, and with errDiffers if it
// is another one.
func completed(ctx context.Context, in *bucket.Bucket, o run.Object) (etag string, err error) {
	entry, err := in.Find(ctx, o.Key)
	if errors.Is(err, bucket.ErrNotFound) {
		return "", fmt.Errorf("%s: %w", o.Key, errGone)
	}
	if err != nil {
		return "", err
	}
	switch fault, err := difference(ctx, in, o, entry); {
	case err != nil:
		return "", err
	case fault != "":
		return "", fmt.Errorf("%s (%w)", fault, errDiffers)
	default:
		return entry.ETag, nil
	}
}

// difference says how an object in the bucket differs from what its list says, "" if it does not. It compares the size, and the ETag or the
// checksum. If a KMS key encrypts an object, S3 may form the ETag in another way, but the checksum is the same. If S3 gave no checksums to
// the parts, the ETag decides.
func difference(ctx context.Context, in *bucket.Bucket, o run.Object, entry bucket.Entry) (fault string, err error) {
	etag, sum := o.ETag(), o.CRC32()
	switch {
	case entry.Bytes != o.Bytes:
		return fmt.Sprintf("%s is listed with %d bytes, and has %d bytes", o.Key, o.Bytes, entry.Bytes), nil
	case entry.ETag == etag, etag == "" && sum == "": // in the second case, the server gives nothing to compare but the size
		return "", nil
	case sum == "":
		return fmt.Sprintf("%s is listed with parts that make the ETag %s, and has the ETag %s", o.Key, etag, entry.ETag), nil
	}
	size, got, err := in.Checksum(ctx, o.Key)
	if errors.Is(err, bucket.ErrNotFound) {
		return o.Key + " was removed while finalize looked at it", nil
	}
	if err == nil && (got != sum || size != o.Bytes) {
		fault = fmt.Sprintf("%s is listed with %d bytes in parts that make the checksum %s, and has %d bytes with the checksum %q", o.Key, o.Bytes, sum, size, got)
	}
	return fault, err
}
