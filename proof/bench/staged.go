package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
)

// staged serves what the first pass and the function columns leave for the second pass: a staged file with the items of a source, the list that
// names it, and the schema of the table. The folder of the run says which source.
type staged struct {
	tables *tables
	shapes map[string]*stagedShape
}

// stagedShape is the part that all sources of a shape share.
type stagedShape struct {
	items  []int  // of each page
	schema []byte // the object Layout.Schema
	digest string // of the schema
	round  func() []byte
}

// stagedRoot begins the folders of runs with staged files. The name of the source follows.
const stagedRoot = "AWSDynamoDB/staged-"

func stage(served *tables) (*staged, error) {
	s := &staged{tables: served, shapes: map[string]*stagedShape{}}
	for name, pages := range served.pages {
		tree := new(schema.Tree)
		shape := &stagedShape{round: sync.OnceValue(func() []byte { return compressed(pages) })}
		for _, p := range pages {
			err := p.each(tree.Add)
			if err != nil {
				return nil, err
			}
			shape.items = append(shape.items, p.items)
		}
		columns, err := json.Marshal(schema.Decide(tree, schema.Options{}).Columns)
		if err != nil {
			return nil, err
		}
		shape.schema = run.Marshal(run.Schema{Version: run.Version, RunID: "bench", Columns: columns, Segments: 1})
		shape.digest = run.Digest(json.RawMessage(shape.schema))
		s.shapes[name] = shape
	}
	return s, nil
}

// each calls do with each item of the page, until it fails.
func (p page) each(do func(item []byte) error) error {
	var parsed ddbjson.Page
	if err := parsed.Parse(append(bytes.Clone(p.head), p.tail...)); err != nil {
		return err
	}
	for i := range parsed.Len() {
		if err := do(parsed.Item(i)); err != nil {
			return err
		}
	}
	return nil
}

// compressed returns the lines of pages as the first pass writes them.
func compressed(pages []page) []byte {
	var out bytes.Buffer
	z, err := boundCompressor(request.CompressionZSTD)
	if err == nil {
		z.Reset(&out)
		for _, p := range pages {
			err = errors.Join(err, p.each(func(item []byte) error {
				_, err := fmt.Fprintf(z, "{\"Item\":%s}\n", item)
				return err
			}))
		}
		err = errors.Join(err, z.Close())
	}
	if err != nil {
		panic("internal error: compress pages: " + err.Error()) // they are this program's own, and memory takes all bytes
	}
	return out.Bytes()
}

// get returns the parts of an object. It reports false if no second pass reads it.
func (s *staged) get(key string) (parts [][]byte, ok bool) {
	folder, of, ok := strings.Cut(key, stagedRoot)
	if !ok || folder != "" {
		return nil, false
	}
	name, _, _ := strings.Cut(of, "/")
	source, err := parseSource(name)
	shape := s.shapes[source.Shape]
	if err != nil || shape == nil {
		return nil, false
	}
	l := run.Layout{Root: stagedRoot + name}
	file := l.StagingPrefix() + "data/000000-000000-00000000.json.zst"
	rounds, rest := source.Pages/len(shape.items), source.Pages%len(shape.items)
	switch key {
	case l.Schema():
		return [][]byte{shape.schema}, true
	case l.SegmentFiles(0):
		line := manifest.File{ETag: noETag, DataFileKey: file}
		for i := range source.Pages {
			line.ItemCount += int64(shape.items[i%len(shape.items)])
		}
		return [][]byte{run.Marshal(line)}, true
	case file:
		for range rounds { // a file of several frames is one file
			parts = append(parts, shape.round())
		}
		if rest > 0 {
			parts = append(parts, compressed(s.tables.pages[source.Shape][:rest]))
		}
		return parts, true
	default:
		return nil, false
	}
}
