package prune

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
)

// exportNames are the names of the objects, apart from data objects, that DynamoDB and the function catalog write into the folder of an export.
var exportNames = lazyregexp.New(`^(manifest-(summary|files)\.(json|md5|checksum)|_started|_symlinks/files\.txt)$`)

// remove removes the objects of hidden runs.
func (p *prune) remove(ctx context.Context, due []*candidate) error {
	due, err := p.unshown(ctx, due)
	if err != nil {
		return err
	}
	if err := p.untilLate(p.removeChanges(ctx, due)); err != nil || p.out.More {
		return err
	}
	return p.each(ctx, due, p.removeRun)
}

// unshown returns the runs that no table shows. The step Catalog of a run that was repeated while the run was hidden can show it again. Then the
// objects stay for another hour, or for as long as the table of the newest run points at them.
func (p *prune) unshown(ctx context.Context, due []*candidate) (free []*candidate, err error) {
	for _, c := range due {
		s, err := p.tables.of(ctx, c.catalog)
		if err != nil {
			return nil, err
		}
		if s != nil && (s.unknown || p.pointsAt(s.location, c)) {
			p.log.WarnContext(ctx, "the objects of a hidden run stay, because a table points at it", "run", c.id, "catalog", c.catalog.Table)
			p.out.Hidden++
			continue
		}
		again, err := p.removePartitions(ctx, c)
		if err != nil {
			return nil, err
		}
		if again {
			if err := p.each(ctx, []*candidate{c}, p.hide); err != nil {
				return nil, err
			}
			continue
		}
		free = append(free, c)
	}
	return free, nil
}

// removeRun removes the objects of a hidden run, and its claim last.
func (p *prune) removeRun(ctx context.Context, c *candidate) error {
	layout := run.Layout{Root: c.root}
	for _, e := range c.owned() {
		if err := p.removeExport(ctx, e.folder); err != nil {
			return fmt.Errorf("remove run %q: %w", c.id, err)
		}
	}
	// Once another prune has removed the claim, another run can have the folder.
	mine := func() error {
		_, err := p.claim(ctx, c)
		return err
	}
	if err := p.removeFolder(ctx, c.root, run.IsOwn, mine); err != nil {
		return fmt.Errorf("remove run %q: %w", c.id, err)
	}
	if err := p.bucket.Delete(ctx, []string{layout.Claim()}); err != nil {
		return fmt.Errorf("remove run %q: %w", c.id, err)
	}
	p.log.InfoContext(ctx, "a run is removed", "run", c.id, "manifest", c.manifest, "objects", c.objects, "bytes", c.bytes)
	p.record(c, false)
	return nil
}

// removeFolder removes the objects of a run or of an export: first the data objects that its manifest names, then what has one of its names, in
// the order of keys, so that the manifest is the last. It counts everything else. mine fails if the folder is no longer the run's.
func (p *prune) removeFolder(ctx context.Context, folder string, own func(name string) bool, mine func() error) error {
	if err := p.removeData(ctx, folder); err != nil {
		return err
	}
	claim := run.Layout{Root: folder}.Claim()
	batch, foreign := &batch{prune: p, mine: mine}, run.Foreign{}
	for entry, err := range p.bucket.List(ctx, folder+"/") {
		switch {
		case err != nil:
			return err
		case own(strings.TrimPrefix(entry.Key, folder+"/")):
			if err := batch.add(ctx, entry.Key); err != nil {
				return err
			}
		case entry.Key != claim:
			foreign.Add(entry.Key)
		}
	}
	if err := batch.flush(ctx); err != nil {
		return err
	}
	if foreign.Count > 0 {
		p.log.WarnContext(ctx, "names that are not the run's are left alone", "folder", folder, "count", foreign.Count, "first", foreign.Keys)
		p.mu.Lock()
		p.foreign.Join(foreign)
		p.mu.Unlock()
	}
	return nil
}

// removeData removes the data objects in the folder data/ that the manifest names. If there is no manifest, they are removed already.
func (p *prune) removeData(ctx context.Context, folder string) error {
	data := folder + "/data/"
	first := ""
	for entry, err := range p.bucket.List(ctx, data) {
		if err != nil {
			return err
		}
		first = entry.Key
		break
	}
	if first == "" {
		return nil
	}
	batch := &batch{prune: p}
	err := p.named(ctx, folder, func(key string) error {
		if key < first || !strings.HasPrefix(key, data) { // removed before, or another folder's
			return nil
		}
		return batch.add(ctx, key)
	})
	if err != nil {
		return err
	}
	return batch.flush(ctx)
}

// named calls use with each key that the manifest in a folder names. Nothing happens if there is no manifest.
func (p *prune) named(ctx context.Context, folder string, use func(key string) error) error {
	entry, err := p.bucket.Find(ctx, run.Layout{Root: folder}.ManifestFiles())
	if errors.Is(err, bucket.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	body, err := p.bucket.Open(ctx, entry.Key, entry.ETag)
	if errors.Is(err, bucket.ErrNotFound) { // another prune was faster
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	for file, err := range manifest.Files(body) {
		if err != nil {
			return fmt.Errorf("read %s: %w", p.bucket.URI(entry.Key), err)
		}
		if err := use(file.DataFileKey); err != nil {
			return err
		}
	}
	return nil
}

// batch removes objects in batches.
type batch struct {
	prune *prune
	mine  func() error // asked before each removal; nil if the keys cannot be another run's
	keys  []string
}

func (b *batch) add(ctx context.Context, key string) error {
	if b.keys = append(b.keys, key); len(b.keys) < bucket.ListPage {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if b.mine != nil {
		if err := b.mine(); err != nil {
			return err
		}
	}
	if b.prune.late() {
		return errLate
	}
	keys := b.keys
	b.keys = nil
	return b.prune.bucket.Delete(ctx, keys)
}
