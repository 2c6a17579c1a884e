package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/estimate"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"

	"golang.org/x/sync/errgroup"
)

const (
	// mostLooked is how many runs are looked at: those whose names come last, as those of schedules do that began last.
	mostLooked = 32
	atOnce     = 8
)

// errEnough ends a walk over more folders than a person would wait for.
var errEnough = errors.New("there are too many")

// mostFolders is how many folders of runs are listed.
const mostFolders = 5000

// addLast adds the last committed run of the same table and prefix.
func (s Sources) addLast(ctx context.Context, f *estimate.Facts, plan run.Plan, prefix string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	in, places := s.bucketOf(plan), run.PrefixesOf(prefix, plan.Table)
	var roots []string
	seen := 0
	err := ledger.WalkRuns(ctx, in, places, func(level, folder string) error {
		if seen++; seen > mostFolders {
			return errEnough
		}
		root := strings.TrimSuffix(folder, "/")
		if name := strings.TrimPrefix(root, level); !run.IsExport(name) && !run.IsShared(name) && places.Has(root, name) {
			roots = append(roots, root)
		}
		return nil
	})
	if err != nil && len(roots) == 0 {
		f.Basis = append(f.Basis, "earlier runs are not known"+because(err))
		return
	}
	var mu sync.Mutex
	var looking errgroup.Group
	looking.SetLimit(atOnce)
	for _, root := range roots[max(0, len(roots)-mostLooked):] {
		looking.Go(func() error {
			last, exported := committed(ctx, in, plan, run.Layout{Root: root})
			mu.Lock()
			defer mu.Unlock()
			if last != nil && (f.Last == nil || last.EndTime.After(f.Last.EndTime)) {
				f.Last = last
			}
			if exported > 0 {
				f.ExportSeconds = exported
			}
			return nil
		})
	}
	_ = looking.Wait() // what cannot be read is left out
	if f.Last == nil {
		f.Basis = append(f.Basis, "no earlier run of this table is known below the prefix")
		return
	}
	words := fmt.Sprintf("the last run, %s, ended at %s after %s", f.Last.RunID, f.Last.EndTime.Format(time.RFC3339), estimate.Duration(f.Last.Seconds))
	if f.Last.ReadUnits > 0 {
		words += fmt.Sprintf(" and consumed %.0f read units for %d items", f.Last.ReadUnits, f.Last.Items)
	}
	f.Basis = append(f.Basis, words)
}

// committed returns a run of the table that is committed, or nil. exported is how long its export took.
func committed(ctx context.Context, in *bucket.Bucket, own run.Plan, layout run.Layout) (last *run.LastRun, exported float64) {
	claim, err := ledger.LoadClaim(ctx, in, layout)
	of := claim.Output.Plan
	if err != nil || of.Root != layout.Root || of.Bucket != own.Bucket || of.TableARN != own.TableARN || (of.Scan == nil) == (of.Export == nil) {
		return nil, 0
	}
	body, err := in.Get(ctx, of.Commit())
	if err != nil {
		return nil, 0
	}
	if of.CommitsExports() {
		var r run.Result
		if json.Unmarshal(body, &r) != nil || r.RunID != of.RunID || len(r.Exports) == 0 {
			return nil, 0
		}
		window := r.Exports[len(r.Exports)-1]
		return &run.LastRun{
			RunID: r.RunID, EndTime: r.EndTime, Seconds: r.EndTime.Sub(r.StartTime).Seconds(), Items: r.Items, Objects: r.Objects, Bytes: r.Bytes,
		}, window.EndTime.Sub(window.StartTime).Seconds()
	}
	var s manifest.Summary
	if json.Unmarshal(body, &s) != nil || s.Scan == nil || s.Scan.RunID != of.RunID || s.TableARN != of.TableARN {
		return nil, 0
	}
	return &run.LastRun{
		RunID: of.RunID, EndTime: s.EndTime, Seconds: s.EndTime.Sub(s.StartTime).Seconds(), Items: s.Scan.Items, Objects: s.Scan.Objects, Bytes: s.Scan.Bytes,
		ReadUnits: s.Scan.ReadUnits,
	}, 0
}
