package lake

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// A place holds buckets, or parts of them: a folder on this computer, or a prefix in S3. Its paths are relative and have slashes.
type place interface {
	// folders returns the names of the folders in a folder.
	folders(ctx context.Context, path string) ([]string, error)
	// objects returns the names of the objects in a folder.
	objects(ctx context.Context, path string) ([]string, error)
	// read returns the content of an object, or fs.ErrNotExist.
	read(ctx context.Context, path string) ([]byte, error)
	// name returns what a person calls a path: a path on this computer, or a URI.
	name(path string) string
	// local returns the paths on this computer of the files.
	local(ctx context.Context, files []File) ([]string, error)
}

// folder is a place on this computer.
type folder struct{ root string }

// inFolder returns the folder. If it is inside of the folder of some runs, it is the folder that contains those.
func inFolder(path string) (folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return folder{}, err
	}
	if _, err := os.Stat(path); err != nil {
		return folder{}, err
	}
	names := strings.Split(filepath.ToSlash(path), "/")
	if i := slices.Index(names, request.RootFolder); i > 0 {
		path = filepath.FromSlash(strings.Join(names[:i], "/"))
	}
	return folder{path}, nil
}

func (f folder) name(path string) string {
	full := filepath.Join(f.root, filepath.FromSlash(path))
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, full); err == nil && filepath.IsLocal(short) {
			return short
		}
	}
	return full
}

func (f folder) read(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(f.root, filepath.FromSlash(path)))
}

func (f folder) folders(_ context.Context, path string) ([]string, error) { return f.list(path, true) }

func (f folder) objects(_ context.Context, path string) ([]string, error) { return f.list(path, false) }

func (f folder) list(path string, folders bool) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(f.root, filepath.FromSlash(path)))
	for _, entry := range entries {
		if entry.IsDir() == folders && !strings.HasPrefix(entry.Name(), ".") { // the S3 server has unfinished uploads in such a folder
			names = append(names, entry.Name())
		}
	}
	return names, err
}

func (f folder) local(_ context.Context, files []File) (paths []string, err error) {
	for _, file := range files {
		path := filepath.Join(f.root, filepath.FromSlash(file.path))
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
