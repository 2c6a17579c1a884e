package finalize

import (
	"context"
	"iter"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
)

// folder is what S3 has of a run, if that is little: one answer to each of two listings. It is listed once, and not in each span.
type folder struct {
	uploads []bucket.Upload
	entries []bucket.Entry
}

// list lists the run's folder. It returns nil if the folder is too large for that. An upload that is not listed may have been completed, and
// is then among the objects, because they are listed afterwards.
func (c commit) list(ctx context.Context) (*folder, error) {
	uploads, few, err := oneAnswer(c.bucket.Uploads(ctx, c.layout.Folder()+"/"))
	if !few || err != nil {
		return nil, err
	}
	entries, few, err := oneAnswer(c.bucket.List(ctx, c.layout.Folder()+"/"))
	if !few || err != nil {
		return nil, err
	}
	return &folder{uploads, entries}, nil
}

// oneAnswer reads a listing. few reports that it fits one answer of S3.
func oneAnswer[T any](listing iter.Seq2[T, error]) (all []T, few bool, err error) {
	for one, err := range listing {
		if err != nil {
			return nil, false, err
		}
		if all = append(all, one); len(all) == bucket.ListPage {
			return nil, false, nil
		}
	}
	return all, true, nil
}

// has reports whether the folder has an object.
func (f *folder) has(key string) bool {
	return slices.ContainsFunc(f.entries, func(e bucket.Entry) bool { return e.Key == key })
}

// entriesIn yields the objects of a span in one of the run's folders, in the order of their keys.
func (s *span) entriesIn(ctx context.Context, prefix string) iter.Seq2[bucket.Entry, error] {
	from, to := s.from.in(prefix), s.to.in(prefix)
	if s.small == nil {
		return until(s.bucket.ListAfter(ctx, prefix, from), entryKey, to)
	}
	return until(after(s.small.entries, entryKey, prefix, from), entryKey, to)
}

// openUploads yields the open uploads of a span, in the order of their keys. The first span and the last one also have those outside of the
// folder of objects.
func (s *span) openUploads(ctx context.Context) iter.Seq2[bucket.Upload, error] {
	root, from, to := s.layout.Folder()+"/", s.from.in(s.layout.DataPrefix()), s.to.in(s.layout.DataPrefix())
	uploads := s.bucket.UploadsAfter(ctx, root, from)
	if s.small != nil {
		uploads = after(s.small.uploads, uploadKey, root, from)
	}
	return until(s.withoutStaging(uploads), uploadKey, to)
}

// withoutStaging leaves out uploads of the first pass, which removeStaging aborts.
func (s *span) withoutStaging(uploads iter.Seq2[bucket.Upload, error]) iter.Seq2[bucket.Upload, error] {
	return func(yield func(bucket.Upload, error) bool) {
		for upload, err := range uploads {
			if !s.staged(upload.Key) && !yield(upload, err) {
				return
			}
		}
	}
}

// after yields what comes after a key, as a listing of a prefix does.
func after[T any](all []T, key func(T) string, prefix, from string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if strings.HasPrefix(key(one), prefix) && key(one) > from && !yield(one, nil) {
				return
			}
		}
	}
}

// until yields the entries of a listing up to a key, or all of them if the key is "".
func until[T any](entries iter.Seq2[T, error], key func(T) string, end string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for entry, err := range entries {
			if err == nil && end != "" && key(entry) > end || !yield(entry, err) {
				return
			}
		}
	}
}

func entryKey(entry bucket.Entry) string { return entry.Key }

func uploadKey(upload bucket.Upload) string { return upload.Key }
