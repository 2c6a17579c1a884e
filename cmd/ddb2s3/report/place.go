package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
)

// Place has the objects of a run: a *bucket.Bucket, or a Folder.
type Place interface {
	// Get returns the content of an object, or bucket.ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// List yields the objects whose keys begin with prefix, in the order of their keys.
	List(ctx context.Context, prefix string) iter.Seq2[bucket.Entry, error]
	// URI returns what a person calls an object.
	URI(key string) string
}

// Folder is a Place on this computer: the folder of a run as the local S3 keeps it, or a copy of it.
type Folder struct {
	path string
	root string // the key of the folder
}

// OpenFolder opens the folder of a run, and returns the run's root.
func OpenFolder(ctx context.Context, at string) (*Folder, string, error) {
	f := &Folder{path: at, root: "."}
	claim, err := readClaim(ctx, f, f.root)
	if err != nil {
		return nil, "", err
	}
	f.root = claim.Output.Plan.Root
	return f, f.root, nil
}

// file returns the path of an object. An object beside the run's folder, such as that of a native export, is beside the folder here.
func (f *Folder) file(key string) (string, error) {
	at := f.path
	rest, ok := strings.CutPrefix(key, f.root+"/")
	if !ok {
		at = filepath.Dir(f.path)
		rest, ok = strings.CutPrefix(key, path.Dir(f.root)+"/")
	}
	if !ok || !fs.ValidPath(rest) {
		return "", fmt.Errorf("%s: %w", key, bucket.ErrNotFound)
	}
	return filepath.Join(at, filepath.FromSlash(rest)), nil
}

// Get returns the content of an object, or bucket.ErrNotFound.
func (f *Folder) Get(_ context.Context, key string) ([]byte, error) {
	file, err := f.file(key)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", file, bucket.ErrNotFound)
	}
	return body, err
}

// List yields the objects in the folder prefix, which ends with a slash. It does not look into folders inside.
func (f *Folder) List(_ context.Context, prefix string) iter.Seq2[bucket.Entry, error] {
	return func(yield func(bucket.Entry, error) bool) {
		folder, err := f.file(strings.TrimSuffix(prefix, "/"))
		if err != nil {
			return
		}
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(bucket.Entry{}, err)
			return
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() { // removed since, or no object
				continue
			}
			if err != nil {
				yield(bucket.Entry{}, err)
				return
			}
			if !yield(bucket.Entry{Key: prefix + entry.Name(), Bytes: info.Size()}, nil) {
				return
			}
		}
	}
}

// URI returns the path of an object.
func (f *Folder) URI(key string) string {
	if key == f.root {
		return f.path
	}
	if file, err := f.file(strings.TrimSuffix(key, "/")); err == nil {
		return file + key[len(strings.TrimSuffix(key, "/")):]
	}
	return key
}
