package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/duckdb"
	"dynamodb-to-s3/proof/process"
)

// duck measures DuckDB in processes of its own. It reads and writes files of this computer, without TLS and without a checksum of the whole file.
type duck struct {
	node, program string
	folder        string // of the files
	tables        *tables
	written       map[string]bool
}

// newDuck prepares the measurements. It fails if DuckDB is not installed.
func newDuck(served *tables) (*duck, error) {
	repository, err := checkout.Find()
	if err != nil {
		return nil, err
	}
	d := &duck{tables: served, written: map[string]bool{}}
	if d.program, err = repository.DuckDB(); err != nil {
		return nil, err
	}
	d.program = filepath.Join(d.program, "duckdb.mjs")
	if d.node, err = checkout.NodeJS(); err != nil {
		return nil, err
	}
	d.folder, err = os.MkdirTemp("", "bench-duckdb")
	return d, err
}

func (d *duck) remove() { _ = os.RemoveAll(d.folder) } // it is below the folder for temporary files

// lines returns the file with the items of a source: one line for each item, in one frame of ZSTD or one member of GZIP.
func (d *duck) lines(s source, format request.Format, compression request.Compression) (string, error) {
	file := filepath.Join(d.folder, fmt.Sprintf("%s-%d-%s-%s", s.Shape, s.Pages, format, compression))
	if d.written[file] {
		return file, nil
	}
	into, err := os.Create(file) //nolint:gosec // below the folder for temporary files
	if err != nil {
		return "", err
	}
	z, err := boundCompressor(compression)
	if err != nil {
		return "", err
	}
	z.Reset(into)
	var encode ddbjson.Encoder = ddbjson.DynamoDBJSON{}
	if format == request.FormatJSON {
		encode = ddbjson.JSON{}
	}
	var line []byte
	pages := d.tables.pages[s.Shape]
	for i := range s.Pages {
		err = errors.Join(err, pages[i%len(pages)].each(func(item []byte) (err error) {
			if line, err = encode.Append(line[:0], item); err == nil {
				_, err = z.Write(line)
			}
			return err
		}))
	}
	err = errors.Join(err, z.Close(), into.Close())
	d.written[file] = err == nil
	return file, err
}

// reading is how DuckDB reads such a file.
func reading(file string, compression request.Compression) string {
	names := map[request.Compression]string{request.CompressionGZIP: "gzip", request.CompressionZSTD: "zstd"}
	return fmt.Sprintf("read_json(%s, format = 'newline_delimited', compression = '%s')", duckdb.Text(file), names[compression])
}

// copy measures how DuckDB makes a Parquet file of the lines of a source. It guesses the types from the first lines.
func (d *duck) copy(ctx context.Context, t task) (measured, error) {
	file, err := d.lines(t.Source, t.Path.Format, t.Path.Compression)
	if err != nil {
		return measured{}, err
	}
	into := filepath.Join(d.folder, "copy.parquet")
	m, err := d.ask(ctx, t.Path.Threads,
		fmt.Sprintf("COPY (SELECT * FROM %s) TO %s (FORMAT parquet, COMPRESSION zstd)", reading(file, t.Path.Compression), duckdb.Text(into)))
	if err != nil {
		return m, err
	}
	made, err := os.Stat(into)
	if err == nil {
		m.Stored = made.Size()
	}
	return m, err
}

// ask measures a DuckDB that executes one statement. threads is 0 for the default, one for each core. The CPU time is that of the whole process,
// the wall time only that of the statement.
func (d *duck) ask(ctx context.Context, threads int, statement string) (m measured, err error) {
	child := exec.CommandContext(ctx, d.node, d.program) //nolint:gosec // a program of this repository
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		return m, err
	}
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		return m, err
	}
	answers := bufio.NewReader(out)
	if threads > 0 {
		err = query(in, answers, fmt.Sprintf("SET threads = %d", threads))
	}
	begun := time.Now()
	if err == nil {
		err = query(in, answers, statement)
	}
	m.Wall = time.Since(begun)
	if err == nil {
		m.Peak, err = process.PeakMemoryOf(child.Process.Pid)
	}
	_ = in.Close() // it ends now
	err = errors.Join(err, child.Wait())
	if err == nil {
		m.CPU = child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	}
	return m, err
}

// query executes one statement, and drops its rows.
func query(in io.Writer, answers *bufio.Reader, statement string) error {
	line, err := json.Marshal(map[string]string{"sql": statement})
	if err == nil {
		_, err = in.Write(append(line, '\n'))
	}
	for err == nil {
		if line, err = answers.ReadBytes('\n'); err != nil {
			break
		}
		var failed struct{ Error string }
		switch {
		case line[0] == '[' || bytes.HasPrefix(line, []byte(`{"columns"`)):
		case json.Unmarshal(line, &failed) == nil && failed.Error == "":
			return nil
		default:
			return errors.New(failed.Error)
		}
	}
	return err
}
