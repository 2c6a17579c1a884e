// Package duckdb runs queries in DuckDB, which reads Parquet files with code that this repository does not share. DuckDB runs in a Node.js
// process with duckdb.mjs, and ends with this process. `make deps` installs it.
//
// It imports its neighbours checkout and childprocess.
package duckdb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"dynamodb-to-s3/local/checkout"
	"dynamodb-to-s3/local/childprocess"
)

// A DB is a DuckDB in memory. Its methods may be called from any goroutine. Queries run one after the other.
type DB struct {
	kill   context.CancelFunc
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer

	mu    sync.Mutex // guards the fields below, and is held during a query
	child *childprocess.Child
	ended error // why there is no child any more
}

// Column is a column of the answer to a query.
type Column struct {
	Name string
	Type string // as DuckDB writes it, such as DECIMAL(38,2)
}

// Row is the values of one row as JSON, without any loss. A number is text with all of its digits, BOOLEAN is true or false, and BLOB is
// Base64. A list is an array, a STRUCT is an object, and a MAP is an array of [key, value]. Any other value is text, and NULL is null.
type Row []json.RawMessage

// errClosed means that the DB was closed.
var errClosed = errors.New("it was closed")

// Open starts DuckDB, which runs until Close. The error is checkout.ErrNoNode or checkout.ErrNotInstalled if something is missing. ctx
// limits the start only.
func Open(ctx context.Context) (*DB, error) {
	ctx, kill := context.WithCancel(context.WithoutCancel(ctx))
	db := &DB{kill: kill}
	if err := db.start(ctx); err != nil {
		kill()
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	return db, nil
}

func (db *DB) start(ctx context.Context) error {
	repository, err := checkout.Find()
	if err != nil {
		return err
	}
	folder, err := repository.DuckDB()
	if err != nil {
		return err
	}
	node, err := checkout.NodeJS()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, node, filepath.Join(folder, "duckdb.mjs"))
	cmd.Stderr = &db.stderr
	if db.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	db.stdout = bufio.NewReaderSize(stdout, 1<<16)
	db.child, err = childprocess.Start(cmd)
	return err
}

// Close ends DuckDB.
func (db *DB) Close() {
	db.kill() // before the lock: this ends a query
	db.mu.Lock()
	defer db.mu.Unlock()
	db.end(errClosed)
}

// end waits until DuckDB has ended, and notes why.
func (db *DB) end(why error) {
	if db.ended != nil {
		return
	}
	db.kill()
	_ = db.stdin.Close() // DuckDB reads no more
	err := db.child.Wait()
	db.ended = why
	if said := bytes.TrimSpace(db.stderr.Bytes()); len(said) > 0 {
		db.ended = fmt.Errorf("%w: %w: %s", why, err, said)
	}
}

// Query runs a query and calls each with every row, which is valid only during the call. Rows are not collected: memory does not grow with
// their number. The error of a wrong query has DuckDB's message. If each fails, or if ctx ends, DuckDB ends too, because it would otherwise
// compute the other rows.
func (db *DB) Query(ctx context.Context, sql string, each func(Row) error) ([]Column, error) {
	return db.query(ctx, question{SQL: sql}, func(_ []Column, row Row) error { return each(row) })
}

// Plain does what Query does, with rows for people and their programs: a number is a JSON number with all of its digits, and a MAP is an
// object. Numbers that JSON does not have are text: "NaN", "Infinity", "-Infinity".
func (db *DB) Plain(ctx context.Context, sql string, each func([]Column, Row) error) ([]Column, error) {
	return db.query(ctx, question{SQL: sql, Plain: true}, each)
}

// question is what DuckDB is asked.
type question struct {
	SQL   string `json:"sql"`
	Plain bool   `json:"plain,omitempty"`
}

func (db *DB) query(ctx context.Context, q question, each func([]Column, Row) error) ([]Column, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.ended != nil {
		return nil, fmt.Errorf("ask DuckDB: %w", db.ended)
	}
	defer context.AfterFunc(ctx, db.kill)()
	columns, message, err := db.ask(q, each)
	switch {
	case err != nil && ctx.Err() != nil:
		err = ctx.Err()
		db.end(err)
	case err != nil:
		db.end(err)
		err = db.ended
	case message != "":
		err = errors.New(message)
	}
	if err != nil {
		return columns, fmt.Errorf("ask DuckDB: %w", err)
	}
	return columns, nil
}

// ask returns DuckDB's message if the query is wrong.
func (db *DB) ask(q question, each func([]Column, Row) error) (columns []Column, message string, err error) {
	line, err := json.Marshal(q)
	if err != nil {
		return nil, "", err
	}
	if _, err := db.stdin.Write(append(line, '\n')); err != nil {
		return nil, "", err
	}
	for {
		line, err := db.stdout.ReadBytes('\n')
		if err != nil {
			return columns, "", fmt.Errorf("it has ended: %w", err)
		}
		if line[0] == '[' {
			var row Row
			if err := json.Unmarshal(line, &row); err != nil {
				return columns, "", fmt.Errorf("read a row: %w", err)
			}
			if err := each(columns, row); err != nil {
				return columns, "", err
			}
			continue
		}
		var other struct {
			Columns []Column
			Error   string
		}
		if err := json.Unmarshal(line, &other); err != nil {
			return columns, "", fmt.Errorf("read the answer: %w", err)
		}
		if other.Columns == nil {
			return columns, other.Error, nil
		}
		columns = other.Columns
	}
}

// All runs a query and returns its rows with the values as text: NULL is "NULL", and nested values are JSON. It is for short answers.
func (db *DB) All(ctx context.Context, sql string) ([]Column, [][]string, error) {
	var rows [][]string
	columns, err := db.Query(ctx, sql, func(row Row) error {
		texts := make([]string, len(row))
		for i, value := range row {
			switch {
			case string(value) == "null":
				texts[i] = "NULL"
			case value[0] != '"':
				texts[i] = string(value)
			default:
				if err := json.Unmarshal(value, &texts[i]); err != nil {
					return err
				}
			}
		}
		rows = append(rows, texts)
		return nil
	})
	return columns, rows, err
}

// File returns a query's words for the rows of a Parquet file with the columns that it has, whatever its path is.
func File(path string) string {
	return "read_parquet(" + Text(path) + ", hive_partitioning = false)"
}

// Text returns a text as SQL writes it.
func Text(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Name returns the name of a column as SQL writes it.
func Name(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
