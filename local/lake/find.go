package lake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// atOnce is how many runs are looked at together.
const atOnce = 16

// deepest is how many folders deep the folders of runs can be.
const deepest = 12

// A finder collects tables.
type finder struct {
	place
	group    *errgroup.Group
	journals []journal

	mu     sync.Mutex // guards what follows
	tables map[string]Table
	seen   map[string]bool // the exports that were found: a run and its chain's journal can name the same
}

// journal is the journal of a chain of exports.
type journal struct{ runs, at string }

// find returns the tables of a place.
func find(ctx context.Context, at place) ([]Table, error) {
	f := &finder{place: at, tables: map[string]Table{}, seen: map[string]bool{}}
	group, together := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	f.group = group
	err := f.search(together, "", 0)
	if failed := group.Wait(); failed != nil { // which has ended the search
		err = failed
	}
	for _, chain := range f.journals { // after the runs, which know the names of their tables
		if err == nil {
			err = f.chain(ctx, chain.runs, chain.at)
		}
	}
	if err != nil {
		return nil, err
	}
	var found []Table
	for _, table := range f.tables {
		found = append(found, table.sorted())
	}
	slices.SortFunc(found, func(a, b Table) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ARN, b.ARN)) })
	return found, nil
}

// search looks for the folders that contain runs.
func (f *finder) search(ctx context.Context, at string, depth int) error {
	names, _, err := f.list(ctx, at)
	if err != nil || depth > deepest {
		return err
	}
	for _, name := range names {
		below := path.Join(at, name)
		if name == request.RootFolder {
			err = f.runs(ctx, below)
		} else {
			err = f.search(ctx, below, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// runs looks at each run in a folder, and at the journals of chains.
func (f *finder) runs(ctx context.Context, at string) error {
	names, _, err := f.list(ctx, at)
	if err != nil {
		return err
	}
	for _, name := range names {
		below := path.Join(at, name)
		if name != path.Base(run.ExportChain{}.Journals()) {
			f.group.Go(func() error { return f.run(ctx, at, below) })
			continue
		}
		_, journals, err := f.list(ctx, below)
		if err != nil {
			return err
		}
		for _, name := range journals {
			f.journals = append(f.journals, journal{at, path.Join(below, name)})
		}
	}
	return nil
}

// decode reads an object of JSON. found is false if the object does not exist or is empty.
func (f *finder) decode(ctx context.Context, at string, into any) (found bool, err error) {
	text, err := f.read(ctx, at)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 { // _started of a native export is empty
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", f.name(at), err)
	}
	return true, nil
}

// run adds what is committed in the folder of a run.
func (f *finder) run(ctx context.Context, runs, at string) error {
	var claim ledger.Claim
	if found, err := f.decode(ctx, path.Join(at, "_started"), &claim); err != nil || !found {
		return err
	}
	plan := claim.Output.Plan
	name, ok := NameOf(plan)
	if !ok {
		return nil
	}
	var summary manifest.Summary
	found, err := f.decode(ctx, path.Join(at, path.Base(plan.Final().ManifestSummary())), &summary)
	if err != nil {
		return err
	}
	keys := keysOf(runs, path.Dir(plan.Root))
	if found && summary.Scan != nil && summary.Scan.RunID == plan.RunID {
		stored := Stored{
			Format: request.Format(summary.OutputFormat), Items: summary.ItemCount, Objects: summary.Scan.Objects, Bytes: summary.Scan.Bytes,
			manifest: path.Join(at, path.Base(summary.ManifestFilesS3Key)), schema: path.Join(at, path.Base(plan.Final().Schema())), keys: keys,
		}
		f.add(name, summary.TableARN, func(t *Table) {
			t.Runs = append(t.Runs, Run{ID: plan.RunID, Time: summary.ExportTime, TableID: summary.TableID, Stored: stored})
		})
		return nil
	}
	var result run.Result
	if found, err = f.decode(ctx, path.Join(at, path.Base(plan.Final().Result())), &result); err != nil || !found {
		return err
	}
	for _, window := range result.Exports {
		if err := f.export(ctx, name, keys, result.RunID, window); err != nil {
			return err
		}
	}
	return nil
}

// chain adds the exports that a chain has committed. A run that failed later has no result, but the next run of the chain continues where it stopped.
func (f *finder) chain(ctx context.Context, runs, at string) error {
	var journal ledger.Journal
	if found, err := f.decode(ctx, at, &journal); err != nil || !found || journal.Chain == nil || journal.Chain.Filter != nil {
		return err
	}
	for _, committed := range journal.Committed {
		_, key, _ := strings.Cut(strings.TrimPrefix(committed.Manifest, "s3://"), "/")
		keys := keysOf(runs, path.Dir(path.Dir(key)))
		if err := f.export(ctx, ddl.TableName(path.Base(journal.TableARN)), keys, committed.RunID, committed.ExportedWindow); err != nil {
			return err
		}
	}
	return nil
}

// export adds a committed export.
func (f *finder) export(ctx context.Context, name string, keys keys, runID string, window run.ExportedWindow) error {
	_, key, ok := strings.Cut(strings.TrimPrefix(window.Manifest, "s3://"), "/")
	if !ok { // Parquet files were made of it
		return nil
	}
	at, ok := keys.path(key)
	if !ok {
		return nil // outside of the place
	}
	var summary manifest.Summary
	if found, err := f.decode(ctx, at, &summary); err != nil || !found {
		return err
	}
	files, ok := keys.path(summary.ManifestFilesS3Key)
	f.mu.Lock()
	again := f.seen[window.ExportARN]
	f.seen[window.ExportARN] = true
	f.mu.Unlock()
	if !ok || again {
		return nil
	}
	stored := Stored{
		Format: request.Format(summary.OutputFormat), Items: window.Items, Objects: window.Objects, Bytes: window.Bytes, manifest: files, keys: keys,
	}
	f.add(name, summary.TableARN, func(t *Table) {
		switch {
		case window.ExportType == request.ExportFull:
			t.Runs = append(t.Runs, Run{ID: runID, Time: timeOf(window.ExportTime), TableID: summary.TableID, Stored: stored})
		case window.From != nil && window.To != nil:
			t.Windows = append(t.Windows, Window{
				RunID: runID, From: *window.From, To: *window.To, TableID: summary.TableID, Stored: stored, made: window.EndTime,
			})
		}
	})
	return nil
}

func timeOf(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// add changes the table with this name in SQL, and this ARN.
func (f *finder) add(name, arn string, change func(*Table)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := name + " " + arn
	table, ok := f.tables[id]
	if !ok {
		table = Table{Name: name, ARN: arn}
	}
	change(&table)
	f.tables[id] = table
}

// NameOf returns the name of the table that shows a run. ok is false if the run does not have all items of its table as they are, and its
// request names no table for them.
func NameOf(plan run.Plan) (name string, ok bool) {
	if plan.Catalog != nil {
		return plan.Catalog.Table, true
	}
	return ddl.TableName(plan.Table), plan.WholeTable()
}

// keys says where the objects of a bucket are: a key begins with cut, and its path with add.
type keys struct{ cut, add string }

// keysOf returns where the keys of a bucket are, if the key of a folder at a place is root. Both end with the same folders.
func keysOf(at, root string) keys {
	add, cut := strings.Split(at, "/"), strings.Split(root, "/")
	for len(add) > 0 && len(cut) > 0 && add[len(add)-1] == cut[len(cut)-1] {
		add, cut = add[:len(add)-1], cut[:len(cut)-1]
	}
	return keys{cut: path.Join(cut...), add: path.Join(add...)}
}

// path returns the path of a key. ok is false if it is outside of the place.
func (k keys) path(key string) (at string, ok bool) {
	if k.cut != "" {
		if key, ok = strings.CutPrefix(key, k.cut+"/"); !ok {
			return "", false
		}
	}
	return path.Join(k.add, key), fs.ValidPath(key)
}

// files returns the files that the manifest of a run names.
func (l *Lake) files(ctx context.Context, s Stored) (files []File, err error) {
	text, err := l.place.read(ctx, s.manifest)
	if err != nil {
		return nil, err
	}
	lines, err := manifest.DecodeFiles(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.place.name(s.manifest), err)
	}
	for _, line := range lines {
		at, ok := s.keys.path(line.DataFileKey)
		if !ok {
			return nil, fmt.Errorf("%s: %s is in another folder: give the folder that has both", l.place.name(s.manifest), line.DataFileKey)
		}
		files = append(files, File{path: at, md5: line.MD5Checksum})
	}
	return files, nil
}
