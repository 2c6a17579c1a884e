// Package itemfile reads the items of a table from files that people have: lines of DynamoDB JSON, plain JSON or Ion, also compressed,
// and the folder of a full native export or of a scan of ours.
//
// Open finds the files. Lines reads them, and can do so several times. Nothing is guessed silently: decode.go has the rules that
// decide the form of a line, and a line that they do not fit is an error. Errors name the file and the line, and never contain
// anything of an item.
//
// The package imports ddbjson and document for the syntax of JSON, manifest and request for the manifests, local/verify/ionitem for Ion, and the
// SDK for the values.
package itemfile

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Stdin is the path of standard input.
const Stdin = "-"

// Item is one item by its attributes.
type Item = map[string]types.AttributeValue

// Line is a line with one item.
type Line struct {
	File   string // as messages name it
	Number int64  // from 1
	Size   int    // of the text, in bytes
	Item   Item
}

// LineError says what is wrong with one line. The lines after it can be read.
type LineError struct {
	File   string
	Number int64
	Err    error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s, line %d: %v", e.File, e.Number, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Source is the files with the items of one table.
type Source struct {
	files     []file
	items     int64 // that a manifest promises; -1 without a manifest
	size      int64
	read      atomic.Int64
	digest    hash.Hash // of the bytes that were read
	temporary string
}

// file is one file of a source.
type file struct {
	path, name string
	form       form
	items      int64  // that the manifest promises; -1 without a manifest
	md5        string // that the manifest promises, base64; "" without a manifest
}

// Open finds the files at path: a file, the folder of an export or run, or Stdin. Standard input, or anything else that can be read
// only once, is copied into a temporary file, which Close removes.
func Open(path string, stdin io.Reader) (*Source, error) {
	if path == Stdin {
		return copied("standard input", stdin)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return openFolder(path)
	case info.Mode().IsRegular():
		return &Source{files: []file{{path: path, name: path, items: -1}}, items: -1, size: info.Size()}, nil
	}
	pipe, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pipe.Close() }() // it was only read
	return copied(path, pipe)
}

func copied(name string, from io.Reader) (*Source, error) {
	to, err := os.CreateTemp("", "ddb2s3-items-*")
	if err != nil {
		return nil, err
	}
	s := &Source{files: []file{{path: to.Name(), name: name, items: -1}}, items: -1, temporary: to.Name()}
	if s.size, err = io.Copy(to, from); err == nil {
		err = to.Close()
	}
	if err != nil {
		_ = to.Close()
		s.Close()
		return nil, fmt.Errorf("copy %s into a temporary file: %w", name, err)
	}
	return s, nil
}

// Close removes what Open has copied.
func (s *Source) Close() {
	if s.temporary != "" {
		_ = os.Remove(s.temporary) // what remains is in the system's folder for temporary files
	}
}

// Size returns the size of the files, in bytes as stored.
func (s *Source) Size() int64 { return s.size }

// Read returns how many bytes of the files were read, since the last call of Lines.
func (s *Source) Read() int64 { return s.read.Load() }

// Digest returns a digest of the bytes that the last call of Lines has read.
func (s *Source) Digest() []byte { return s.digest.Sum(nil) }

// Lines returns the items of a table whose partition key has this name, in order. A *LineError is followed by the next line, any
// other error by nothing.
func (s *Source) Lines(ctx context.Context, partitionKey string) iter.Seq2[Line, error] {
	s.read.Store(0)
	s.digest = sha256.New()
	return func(yield func(Line, error) bool) {
		for _, f := range s.files {
			if !s.lines(ctx, f, &decoder{form: f.form, key: partitionKey}, yield) {
				return
			}
		}
	}
}
