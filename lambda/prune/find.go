package prune

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/version"

	"golang.org/x/sync/errgroup"
)

// candidate is a committed run of the table, or one that is being removed.
type candidate struct {
	id, root string
	// kind is the same for runs that copy the same part of the table in the same format. whole says that this part is the whole table, full that
	// the run has a full export, and changes that it has incremental exports only.
	kind                 string
	whole, full, changes bool
	// chain is the key of the journal of the run's chain, "" if the run is not of a chain.
	chain     string
	asOf      time.Time // the moment of the data
	committed time.Time
	catalog   *run.CatalogPlan
	exports   []exported // the native exports that the run has committed
	manifest  string     // the URI of the summary
	objects   int64
	bytes     int64
	tag       string // of the claim
	removal   *ledger.Removal
	// shown says that a reader finds the run, and hidden that this prune has hidden it.
	shown, hidden bool
}

// exported is a native export that a run has committed.
type exported struct {
	run.ExportedWindow
	folder string // without a slash at its end
	// own says that the run has started it, below its prefix. A run can also follow an export that another program has started.
	own bool
}

// owned returns the exports that the run has started.
func (c *candidate) owned() []exported {
	return slices.DeleteFunc(slices.Clone(c.exports), func(e exported) bool { return !e.own })
}

// find returns the committed runs of the table below all prefixes that the request's prefix has had.
func (p *prune) find(ctx context.Context) (found []*candidate, err error) {
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(readAtOnce)
	look := func(level, folder string) error {
		name := strings.TrimSuffix(strings.TrimPrefix(folder, level), "/")
		if run.IsExport(name) {
			p.mu.Lock()
			p.exported[level] = append(p.exported[level], strings.TrimSuffix(folder, "/"))
			p.mu.Unlock()
		}
		root := strings.TrimSuffix(folder, "/")
		if run.IsExport(name) || run.IsShared(name) || !p.places.Has(root, name) {
			return nil
		}
		reading.Go(func() error {
			if p.late() {
				return failure.Errorf(failure.PruneFailed, "there are too many runs of table %q below %s to look at them in one invocation: raise the timeout of the function prune, or remove old runs by hand",
					p.plan.Table, p.bucket.URI(p.retention.Prefix))
			}
			c, err := p.look(ctx, run.Layout{Root: root})
			if c == nil || err != nil {
				return err
			}
			p.mu.Lock()
			found = append(found, c)
			p.mu.Unlock()
			return nil
		})
		return ctx.Err()
	}
	err = ledger.WalkRuns(ctx, p.bucket, p.places, look)
	if failed := reading.Wait(); failed != nil { // it has ended the walk
		err = failed
	}
	return found, err
}

// look returns what a run's folder has; nil if it is no committed run of the table that these functions have written.
func (p *prune) look(ctx context.Context, layout run.Layout) (*candidate, error) {
	claim, err := ledger.LoadAnyClaim(ctx, p.bucket, layout)
	if errors.Is(err, bucket.ErrNotFound) || failure.NameOf(err) == failure.RunNameTaken {
		return nil, nil //nolint:nilnil // somebody else's folder
	}
	if err != nil {
		return nil, err
	}
	of := claim.Output.Plan
	if of.Root != layout.Root || path.Base(of.Root) != of.RunID || of.Bucket != p.plan.Bucket || of.TableARN != p.plan.TableARN || (of.Scan == nil) == (of.Export == nil) {
		return nil, nil //nolint:nilnil // a run of another table, or a copy of a claim
	}
	if claim.Removal != nil && claim.Removal.Abandoned {
		return nil, nil //nolint:nilnil // the command clean removes it
	}
	c := &candidate{id: of.RunID, root: of.Root, catalog: of.Catalog, tag: claim.Tag(), removal: claim.Removal, asOf: of.StartTime}
	if c.removal != nil {
		c.asOf, c.manifest, c.objects, c.bytes = c.removal.AsOf, c.removal.Manifest, c.removal.Objects, c.removal.Bytes
	}
	committed := c.ofScan
	if of.CommitsExports() {
		committed = c.ofExports
		if of.Export.Chain != nil {
			c.chain = of.Export.Chain.Journal()
		}
	}
	body, err := p.bucket.Get(ctx, of.Commit())
	switch missing := errors.Is(err, bucket.ErrNotFound); {
	case missing && c.removal == nil: // a run at work, or one that has failed
		return nil, nil //nolint:nilnil // it stays
	case missing:
	case err != nil:
		return nil, err
	case !committed(p, of, body) && c.removal == nil:
		return nil, nil //nolint:nilnil // another program's
	}
	c.kind, c.whole = kindOf(of, c.changes), !c.changes && of.WholeTable()
	switch {
	case !of.CommitsExports():
	case c.removal != nil: // the result stays until the exports are removed
		c.shown, err = p.anyShown(ctx, c.owned())
		return c, err
	case len(c.exports) == 0:
		c.kind, c.whole = "nothing", false // a chain that had nothing to export: no copy goes because of it
	}
	return c, nil
}

// anyShown reports whether a reader finds one of the exports.
func (p *prune) anyShown(ctx context.Context, exports []exported) (bool, error) {
	for _, e := range exports {
		_, err := p.bucket.Find(ctx, run.Layout{Root: e.folder}.ManifestSummary())
		if !errors.Is(err, bucket.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}

// ofScan reads the summary of a run that has written its objects itself. It reports whether the summary is the run's.
func (c *candidate) ofScan(p *prune, of run.Plan, body []byte) bool {
	var s manifest.Summary
	if err := json.Unmarshal(body, &s); err != nil || s.Scan == nil || !strings.HasPrefix(s.Scan.WrittenBy, version.Name+" ") ||
		s.Scan.RunID != of.RunID || s.TableARN != of.TableARN || s.S3Bucket != of.Bucket || !s.StartTime.Equal(of.StartTime) {
		return false
	}
	c.shown, c.asOf, c.committed, c.manifest = true, s.ExportTime, s.EndTime, p.bucket.URI(of.Final().ManifestSummary())
	c.objects, c.bytes = s.Scan.Objects, s.Scan.Bytes
	return true
}

// ofExports reads the result of a run of native exports. It reports whether the result is the run's.
func (c *candidate) ofExports(p *prune, of run.Plan, body []byte) bool {
	var r run.Result
	if err := json.Unmarshal(body, &r); err != nil || r.Version != run.Version || r.RunID != of.RunID || r.Table != of.Table || r.Bucket != of.Bucket || !r.StartTime.Equal(of.StartTime) {
		return false
	}
	c.shown, c.committed, c.manifest = true, r.EndTime, r.Manifest
	c.changes, c.objects, c.bytes = len(r.Exports) > 0, 0, 0
	for _, w := range r.Exports {
		if w.ExportType == request.ExportFull && w.ExportTime == nil || w.ExportType == request.ExportIncremental && (w.From == nil || w.To == nil) {
			return false
		}
		if at := w.Covered(); at != nil {
			c.asOf = *at
		}
		full := w.ExportType == request.ExportFull
		c.changes, c.full = c.changes && !full, c.full || full
		c.objects, c.bytes = c.objects+w.Objects, c.bytes+w.Bytes
		folder := path.Dir(strings.TrimPrefix(w.Manifest, p.bucket.URI("")))
		c.exports = append(c.exports, exported{ExportedWindow: w, folder: folder, own: !w.Followed && p.places.HasExport(folder)})
	}
	return true
}
