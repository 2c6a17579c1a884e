// Package lake is what runs have left in a folder or in S3, as tables that DuckDB can query. It finds the committed runs and exports, and
// takes their files from their manifests, never from a listing of their data. As in the catalog of an environment, each table has these views:
//
//	<table>           the newest committed run of the whole table
//	<table>_history   all committed runs of the whole table; run_time and run_id say which one a row is from
//	<table>_changes   the incremental exports; window_from and window_to say which one a row is from
//	<table>_current   the newest run with the later changes applied
//
// It may import lambda/ and its neighbours checkout, duckdb and progress.
package lake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Lake is a place with its tables.
type Lake struct {
	Tables []Table // by their names
	place  place
}

// A Table is a DynamoDB table with what was replicated of it.
type Table struct {
	// Name is its name in SQL. ARN is its name in AWS.
	Name, ARN string
	// Runs are the committed runs of the whole table, the newest last. That is by the moment of the data, and at the same moment by the name of the run.
	Runs []Run
	// Windows are the incremental exports in the order of their windows.
	Windows []Window
}

// A Run is a committed run, or a full export.
type Run struct {
	ID      string
	Time    time.Time // of the data
	TableID string
	Stored
}

// A Window is a committed incremental export: the changes from From, inclusive, to To, exclusive.
type Window struct {
	RunID    string
	From, To time.Time
	TableID  string
	Stored
	made time.Time
}

// Stored is what a run or an export has stored.
type Stored struct {
	Format   request.Format
	Items    int64
	Objects  int64
	Bytes    int64
	manifest string // the path of manifest-files.json
	schema   string // the path of _schema.json, which may not exist
	keys     keys
}

// A File is a data object that a manifest names.
type File struct {
	path string
	md5  string // base64
}

// Open finds the tables in a folder.
func Open(ctx context.Context, path string) (*Lake, error) {
	at, err := inFolder(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return open(ctx, at)
}

// OpenS3 finds the tables below a URI such as s3://bucket/prefix.
func OpenS3(ctx context.Context, cfg aws.Config, uri string) (*Lake, error) {
	at, err := inS3(cfg, uri)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", uri, err)
	}
	return open(ctx, at)
}

func open(ctx context.Context, at place) (*Lake, error) {
	found, err := find(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("find runs in %s: %w", at.name(""), err)
	}
	return &Lake{Tables: found, place: at}, nil
}

// Close removes what was downloaded.
func (l *Lake) Close() { l.place.close() }

// sorted puts the runs and windows of a table in order. If a window was exported twice, only the later export counts.
func (t Table) sorted() Table {
	slices.SortFunc(t.Runs, func(a, b Run) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(t.Windows, func(a, b Window) int {
		return cmp.Or(a.To.Compare(b.To), a.From.Compare(b.From), b.made.Compare(a.made))
	})
	t.Windows = slices.CompactFunc(t.Windows, func(a, b Window) bool { return a.From.Equal(b.From) && a.To.Equal(b.To) })
	return t
}

func (t Table) historyName() string { return run.CatalogPlan{Table: t.Name}.History() }

func (t Table) changesName() string { return run.CatalogPlan{Table: t.Name}.Changes() }

// newest returns the newest run, or nil.
func (t Table) newest() *Run {
	if len(t.Runs) == 0 {
		return nil
	}
	return &t.Runs[len(t.Runs)-1]
}
