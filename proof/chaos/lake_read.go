package chaos

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// keepReading queries without pause until ctx ends, or until a promise is broken.
func (l *Lake) keepReading(ctx context.Context, number int, query func(context.Context, *rand.Rand) error) {
	for n := 0; ctx.Err() == nil; n++ {
		if err := query(ctx, draw(l.seed, "reader", number, n)); err != nil && ctx.Err() == nil {
			l.breaks(err)
			return
		}
	}
}

// readOnce queries each table once more, when nothing is at work.
func (l *Lake) readOnce(ctx context.Context) {
	for _, query := range []func(context.Context, *rand.Rand) error{l.readNewest, l.readHistory, l.readChanges} {
		if err := query(ctx, nil); err != nil {
			l.breaks(err)
		}
	}
}

// hold lets a reader keep what the catalog has answered, for less than the grace of prune. Without
// random numbers he does not.
func (l *Lake) hold(ctx context.Context, random *rand.Rand) {
	if random != nil && random.IntN(2) == 0 {
		l.wait(ctx, 1+random.IntN(3))
	}
}

// wait waits until invocations of catalog and prune have ended, or until the clock is about to move.
func (l *Lake) wait(ctx context.Context, invocations int) {
	for range invocations {
		l.mu.Lock()
		next, hurry := l.next, l.hurry
		l.mu.Unlock()
		select {
		case <-next:
		case <-hurry:
			return
		case <-ctx.Done():
			return
		}
	}
}

// readNewest reads the table of the newest run.
func (l *Lake) readNewest(ctx context.Context, random *rand.Rand) error {
	l.alive.RLock()
	defer l.alive.RUnlock()
	least, shown := l.newest()
	table, err := l.catalog.GetTable(ctx, &glue.GetTableInput{DatabaseName: new(lakeDatabase), Name: new(l.tableName())})
	if errors.As(err, new(*types.EntityNotFoundException)) {
		if shown {
			return errors.New("a reader finds no table, after a run was shown")
		}
		return nil
	}
	if err != nil {
		return err
	}
	location := *table.Table.StorageDescriptor.Location
	l.hold(ctx, random)
	c, err := l.readFolder(ctx, location)
	if err != nil {
		return fmt.Errorf("a reader of the newest run: %w", err)
	}
	if c.asOf.Before(least) {
		return fmt.Errorf("the newest run is of %s, and was of %s before", c.asOf, least)
	}
	l.saw("newest", c.asOf)
	return nil
}

// newest returns the newest moment that a reader has seen, and whether a run is shown.
func (l *Lake) newest() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	shown := false
	for _, c := range l.commits {
		shown = shown || c.shown && c.full()
	}
	return l.last, shown
}

func (l *Lake) saw(kind string, asOf time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads[kind]++
	if asOf.After(l.last) {
		l.last = asOf
	}
}

// readHistory reads every partition of all runs.
func (l *Lake) readHistory(ctx context.Context, random *rand.Rand) error {
	return l.readPartitions(ctx, random, "history", func(p types.Partition) (*committed, error) {
		c, err := l.readFolder(ctx, *p.StorageDescriptor.Location)
		if err == nil && (!c.full() || p.Values[0] != window(c.asOf) || p.Values[1] != c.run) {
			err = fmt.Errorf("the partition %q has the location %s", p.Values, *p.StorageDescriptor.Location)
		}
		return c, err
	}, (*committed).full)
}

// readChanges reads every window.
func (l *Lake) readChanges(ctx context.Context, random *rand.Rand) error {
	windows := map[string]bool{}
	return l.readPartitions(ctx, random, "changes", func(p types.Partition) (*committed, error) {
		if windows[strings.Join(p.Values, " ")] {
			return nil, fmt.Errorf("the window %q is there twice", p.Values)
		}
		windows[strings.Join(p.Values, " ")] = true
		return l.readSymlinks(ctx, *p.StorageDescriptor.Location)
	}, func(c *committed) bool { return !c.full() })
}

// readPartitions reads every partition of a table. Each must be a whole run, no run may be there twice, and all must be there that were shown before.
func (l *Lake) readPartitions(ctx context.Context, random *rand.Rand, kind string, read func(types.Partition) (*committed, error), of func(*committed) bool) error {
	l.alive.RLock()
	defer l.alive.RUnlock()
	missing := l.shownOf(of)
	name := l.tableName() + "_" + kind
	var all []types.Partition
	for _, version := range []string{"", "_2"} { // the files of scans and of exports can have two formats
		table := name + version
		pages := glue.NewGetPartitionsPaginator(l.catalog, &glue.GetPartitionsInput{DatabaseName: new(lakeDatabase), TableName: &table})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if errors.As(err, new(*types.EntityNotFoundException)) {
				break
			}
			if err != nil {
				return err
			}
			all = append(all, page.Partitions...)
		}
	}
	l.hold(ctx, random)
	seen := map[string]bool{}
	for _, p := range all {
		c, err := read(p)
		if err != nil {
			return fmt.Errorf("a reader of %s, partition %q: %w", name, p.Values, err)
		}
		if seen[c.folder] {
			return fmt.Errorf("a reader of %s finds the run %s twice", name, c.name)
		}
		seen[c.folder] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads[kind]++
	for _, c := range missing {
		if !seen[c.folder] && c.hiddenAt.IsZero() {
			return fmt.Errorf("a reader of %s does not find %s, which was shown before", name, c.name)
		}
	}
	return nil
}

// shownOf returns the commits that the catalog shows.
func (l *Lake) shownOf(of func(*committed) bool) (all []*committed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.commits {
		if c.shown && c.hiddenAt.IsZero() && of(c) {
			all = append(all, c)
		}
	}
	return all
}

// readFolder reads the objects of a location, as an engine does. It returns the run that they are, if they are one whole run.
func (l *Lake) readFolder(ctx context.Context, location string) (*committed, error) {
	prefix, found := strings.CutPrefix(location, "s3://"+l.bucket+"/")
	if !found || !strings.HasSuffix(prefix, dataFolder) {
		return nil, fmt.Errorf("the location %s is no folder data/", location)
	}
	c := l.commitIn(strings.TrimSuffix(prefix, "data/"))
	if c == nil {
		return nil, fmt.Errorf("the location %s is of a run that is not committed", location)
	}
	var keys []string
	pages := s3.NewListObjectsV2Paginator(l.objects, &s3.ListObjectsV2Input{Bucket: &l.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return c, l.readFiles(ctx, c, keys)
}

// readSymlinks reads the files that the list at a location names.
func (l *Lake) readSymlinks(ctx context.Context, location string) (*committed, error) {
	prefix, _ := strings.CutPrefix(location, "s3://"+l.bucket+"/")
	list, err := l.get(ctx, strings.TrimSuffix(prefix, "/")+"/files.txt")
	if err != nil {
		return nil, fmt.Errorf("the list of links in %s: %w", location, err)
	}
	c := l.commitIn(path.Dir(strings.TrimSuffix(prefix, "/")) + "/")
	if c == nil {
		return nil, fmt.Errorf("the location %s is of no export that is committed", location)
	}
	var keys []string
	for uri := range strings.Lines(string(list)) {
		keys = append(keys, strings.TrimPrefix(strings.TrimSpace(uri), "s3://"+l.bucket+"/"))
	}
	return c, l.readFiles(ctx, c, keys)
}

func (l *Lake) commitIn(folder string) *committed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commits[folder]
}

// readFiles reads objects. They must be exactly those of a commit.
func (l *Lake) readFiles(ctx context.Context, c *committed, keys []string) error {
	if len(keys) != len(c.files) {
		return fmt.Errorf("a reader sees %d objects of %s, want the %d that its manifest names", len(keys), c.folder, len(c.files))
	}
	var items int64
	for _, key := range keys {
		out, err := l.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.bucket, Key: &key})
		if err != nil {
			return fmt.Errorf("an object of %s: %w", c.folder, err)
		}
		body, err := io.ReadAll(out.Body)
		_ = out.Body.Close() // it was read
		if err != nil {
			return err
		}
		if etag := strings.Trim(*out.ETag, `"`); etag != c.files[key] {
			return fmt.Errorf("%s has the ETag %s, want %q, as the manifest of %s says", key, etag, c.files[key], c.name)
		}
		n, err := linesOf(key, body)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		items += n
	}
	if items != c.items && !strings.HasSuffix(keys[0], ".parquet") {
		return fmt.Errorf("a reader sees %d items of %s, want %d", items, c.folder, c.items)
	}
	return nil
}

// linesOf counts the records in an object.
func linesOf(key string, body []byte) (lines int64, err error) {
	var reader io.Reader = bytes.NewReader(body)
	if strings.HasSuffix(key, ".gz") {
		if reader, err = gzip.NewReader(reader); err != nil {
			return 0, err
		}
	}
	scanner := bufio.NewScanner(reader)
	for scanner.Scan() {
		lines++
	}
	return lines, scanner.Err()
}
