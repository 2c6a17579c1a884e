package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/duckdb"
)

// word matches whatever may be a name in a query.
var word = lazyregexp.New(`\w+`)

// A view is a view that can be made.
type view struct {
	name    string
	needs   []Stored
	query   func(ctx context.Context, db *duckdb.DB, paths map[string][]string) (string, error)
	refused error // why it cannot be made
}

// Prepare makes the views whose names are in a query, and gets what they need.
func (l *Lake) Prepare(ctx context.Context, db *duckdb.DB, query string, stderr io.Writer) error {
	words := map[string]bool{}
	for _, found := range word().FindAllString(query, -1) {
		words[strings.ToLower(found)] = true
	}
	made := map[string]string{} // the table of each view
	var views []view
	for _, table := range l.Tables {
		for _, v := range l.views(table) {
			if !words[v.name] {
				continue
			}
			if v.refused != nil {
				return fmt.Errorf("%s: %w", v.name, v.refused)
			}
			if other, ok := made[v.name]; ok {
				return fmt.Errorf("two tables have the name %s in SQL, %s and %s: give --from with a folder that has only one of them", table.Name, other, table.ARN)
			}
			made[v.name] = table.ARN
			views = append(views, v)
		}
	}
	paths, err := l.get(ctx, views, stderr)
	if err != nil {
		return err
	}
	for _, v := range views {
		rows, err := v.query(ctx, db, paths)
		if err == nil {
			_, err = db.Query(ctx, "create view "+v.name+" as "+rows, nil)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// Names returns the names of the views, in their order.
func (l *Lake) Names() (names []string) {
	for _, table := range l.Tables {
		for _, v := range l.views(table) {
			names = append(names, v.name)
		}
	}
	return slices.Compact(names)
}

// get returns the paths on this computer of the files of views, by their manifests.
func (l *Lake) get(ctx context.Context, views []view, stderr io.Writer) (map[string][]string, error) {
	of := map[string][]File{}
	var all []File
	var bytes int64
	for _, v := range views {
		for _, s := range v.needs {
			if _, ok := of[s.manifest]; ok {
				continue
			}
			files, err := l.files(ctx, s)
			if err != nil {
				return nil, err
			}
			of[s.manifest], all, bytes = files, append(all, files...), bytes+s.Bytes
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	local, err := l.place.local(ctx, all, bytes, stderr)
	if err != nil {
		return nil, err
	}
	paths := map[string][]string{}
	for manifest, files := range of {
		for _, file := range files {
			paths[manifest] = append(paths[manifest], local[file.path])
		}
	}
	return paths, nil
}

// views returns the views of a table.
func (l *Lake) views(t Table) (views []view) {
	if newest := t.newest(); newest != nil {
		views = append(views, view{
			name: t.Name, needs: []Stored{newest.Stored}, refused: newest.readable(),
			query: func(ctx context.Context, db *duckdb.DB, paths map[string][]string) (string, error) {
				return l.query(ctx, db, *newest, paths[newest.manifest])
			},
		})
		views = append(views, l.history(t)...)
	}
	if len(t.Windows) > 0 {
		views = append(views, t.changes())
	}
	if current, ok := t.current(); ok {
		views = append(views, current)
	}
	return views
}

// readable returns an error if DuckDB cannot read the run.
func (r Run) readable() error {
	if r.Format == request.FormatION {
		return fmt.Errorf("DuckDB cannot read the format ION of the run %s: make a run in PARQUET, DYNAMODB_JSON or JSON", r.ID)
	}
	return nil
}

// query returns the query for the records of a run. A run in JSON names its columns and their types if a catalog shows it.
func (l *Lake) query(ctx context.Context, db *duckdb.DB, r Run, paths []string) (string, error) {
	of := ddl.Content{Format: r.Format}
	if r.Format != request.FormatJSON || len(paths) == 0 {
		return rows(of, paths), nil
	}
	text, err := l.place.read(ctx, r.schema)
	if errors.Is(err, fs.ErrNotExist) {
		return structured(ctx, db, paths)
	}
	var decided run.Schema
	if err == nil {
		err = json.Unmarshal(text, &decided)
	}
	if err == nil {
		of.Schema, of.Rest = new(schema.Schema), decided.Rest
		err = json.Unmarshal(decided.Decided(), of.Schema)
	}
	return rows(of, paths), err
}

// history returns the views of the history: a table has one for each format, in the order in which they were used.
func (l *Lake) history(t Table) (views []view) {
	versions := map[request.Format]int{}
	var runs [][]Run
	for _, r := range t.Runs {
		version, ok := versions[r.Format]
		if !ok {
			version = len(runs)
			versions[r.Format], runs = version, append(runs, nil)
		}
		runs[version] = append(runs[version], r)
	}
	for i, version := range runs {
		v := view{name: t.historyName(), refused: version[0].readable()}
		if i > 0 {
			v.name = fmt.Sprintf("%s_%d", v.name, i+1)
		}
		for _, r := range version {
			v.needs = append(v.needs, r.Stored)
		}
		v.query = func(ctx context.Context, db *duckdb.DB, paths map[string][]string) (string, error) {
			var queries []string
			for _, r := range version {
				query, err := l.query(ctx, db, r, paths[r.manifest])
				if err != nil {
					return "", err
				}
				queries = append(queries, historic(r, query))
			}
			return union(ctx, db, queries)
		}
		views = append(views, v)
	}
	return views
}

// changes returns the view of the incremental exports.
func (t Table) changes() view {
	v := view{name: t.changesName()}
	for _, w := range t.Windows {
		if w.Format != request.FormatDynamoDBJSON {
			v.refused = fmt.Errorf("DuckDB cannot read the format %s of the export of the run %s", w.Format, w.RunID)
		}
		v.needs = append(v.needs, w.Stored)
	}
	v.query = func(_ context.Context, _ *duckdb.DB, paths map[string][]string) (string, error) {
		return t.changed(t.Windows, paths), nil
	}
	return v
}

func (t Table) changed(windows []Window, paths map[string][]string) string {
	var queries []string
	for _, w := range windows {
		queries = append(queries, changed(w, paths[w.manifest]))
	}
	return strings.Join(queries, " union all ")
}

// current returns the view of the current state: the newest run in DYNAMODB_JSON of the table that the last window is of, with the windows that end
// after it. ok is false if there is no such run or window.
func (t Table) current() (v view, ok bool) {
	if len(t.Windows) == 0 {
		return v, false
	}
	last := t.Windows[len(t.Windows)-1]
	var base *Run
	for i, r := range t.Runs {
		if r.Format == request.FormatDynamoDBJSON && r.TableID == last.TableID {
			base = &t.Runs[i]
		}
	}
	if base == nil {
		return v, false
	}
	v = view{name: t.Name + "_current", needs: []Stored{base.Stored}}
	var later []Window
	covered := base.Time
	for _, w := range t.Windows {
		if !w.To.After(base.Time) || w.TableID != base.TableID {
			continue
		}
		switch {
		case w.Format != request.FormatDynamoDBJSON:
			v.refused = fmt.Errorf("DuckDB cannot read the format %s of the export of the run %s", w.Format, w.RunID)
		case w.From.After(covered):
			v.refused = fmt.Errorf("no export has the changes from %s to %s", run.PartitionTime(covered), run.PartitionTime(w.From))
		}
		if w.To.After(covered) {
			covered = w.To
		}
		later, v.needs = append(later, w), append(v.needs, w.Stored)
	}
	v.query = func(ctx context.Context, db *duckdb.DB, paths map[string][]string) (string, error) {
		rows := rows(ddl.Content{Format: base.Format}, paths[base.manifest])
		if len(later) == 0 {
			return rows, nil
		}
		changes := "(" + t.changed(later, paths) + ")"
		_, keys, err := db.All(ctx, "select distinct unnest(map_keys(keys)) as name from "+changes+" order by name")
		if err != nil || len(keys) == 0 { // nothing has changed
			return rows, err
		}
		return Current("("+rows+")", changes, base.Time, slices.Concat(keys...)), nil
	}
	return v, true
}
