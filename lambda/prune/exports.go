package prune

import (
	"context"
	"fmt"
	"path"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

// mostDoomed is how many files of incremental exports are in memory: about 20 MB of keys.
const mostDoomed = 100_000

// removeExport removes the folder of a native export: DynamoDB's manifests and the files of a full export.
func (p *prune) removeExport(ctx context.Context, folder string) error {
	return p.removeFolder(ctx, folder, exportNames().MatchString, nil)
}

// removeChanges removes the files of the incremental exports of hidden runs. All incremental exports of a prefix have their files in one folder.
// So a file goes only if no manifest of another export there names it.
func (p *prune) removeChanges(ctx context.Context, due []*candidate) error {
	levels := map[string][]string{} // the exports' folders, by the folder in which they lie
	for _, c := range due {
		for _, e := range c.owned() {
			if level := path.Dir(e.folder) + "/"; e.ExportType == request.ExportIncremental {
				levels[level] = append(levels[level], e.folder)
			}
		}
	}
	for level, exports := range levels {
		doomed, going := map[string]bool{}, map[string]bool{}
		flush := func() error {
			err := p.removeDoomed(ctx, level, doomed, going)
			doomed, going = map[string]bool{}, map[string]bool{}
			return err
		}
		for _, folder := range exports {
			err := p.named(ctx, folder, func(key string) error {
				if strings.HasPrefix(key, run.SharedData(folder)) {
					doomed[key] = true
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("read what an export has: %w", err)
			}
			if going[folder] = true; len(doomed) >= mostDoomed {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}

// removeDoomed removes files of the exports that go, unless the manifest of another export of the same level names them.
func (p *prune) removeDoomed(ctx context.Context, level string, doomed, going map[string]bool) error {
	if len(doomed) == 0 {
		return nil
	}
	var reading errgroup.Group
	reading.SetLimit(readAtOnce)
	for _, folder := range p.exported[level] {
		if going[folder] {
			continue
		}
		reading.Go(func() error {
			if p.late() {
				return errLate
			}
			return p.named(ctx, folder, func(key string) error {
				p.mu.Lock()
				delete(doomed, key)
				p.mu.Unlock()
				return nil
			})
		})
	}
	if err := reading.Wait(); err != nil {
		return fmt.Errorf("look whether another export has the same files: %w", err)
	}
	batch := &batch{prune: p}
	for key := range doomed {
		if err := batch.add(ctx, key); err != nil {
			return err
		}
	}
	return batch.flush(ctx)
}
