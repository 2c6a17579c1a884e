package lake

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/request"
)

// A place holds buckets, or parts of them: a folder on this computer, or a prefix in S3. Its paths are relative and have slashes.
type place interface {
	// list returns the names of the folders and of the objects in a folder.
	list(ctx context.Context, path string) (folders, objects []string, err error)
	// read returns the content of an object, or fs.ErrNotExist.
	read(ctx context.Context, path string) ([]byte, error)
	// name returns what a person calls a path: a path on this computer, or a URI.
	name(path string) string
	// local returns the paths on this computer of files with so many bytes together.
	local(ctx context.Context, files []File, bytes int64, stderr io.Writer) (map[string]string, error)
	// close removes what local has made.
	close()
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

func (f folder) list(_ context.Context, path string) (folders, objects []string, err error) {
	entries, err := os.ReadDir(filepath.Join(f.root, filepath.FromSlash(path)))
	for _, entry := range entries {
		switch name := entry.Name(); {
		case strings.HasPrefix(name, "."): // the S3 server has unfinished uploads in such a folder
		case entry.IsDir():
			folders = append(folders, name)
		default:
			objects = append(objects, name)
		}
	}
	return folders, objects, err
}

func (f folder) local(_ context.Context, files []File, _ int64, _ io.Writer) (map[string]string, error) {
	paths := map[string]string{}
	for _, file := range files {
		path := filepath.Join(f.root, filepath.FromSlash(file.path))
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("a file of the manifest is missing: %w", err)
		}
		paths[file.path] = path
	}
	return paths, nil
}

func (f folder) close() {}
