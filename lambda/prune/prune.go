// Package prune is the step Prune, after the commit of a run. It removes the committed runs of the same table that the retention does not keep.
//
// It finds the runs below the prefix of the run (find.go), decides which ones stay (keep.go), and removes the others in two steps. First it hides
// a run: it marks the run's claim, and removes the run's partitions from the catalog (tables.go) and its summary (hide.go). From then on nobody
// finds the run, but a query that began before still finds its objects. A prune that begins an hour later removes the objects (remove.go,
// exports.go), and the claim last. Each prune finds out again from the bucket how far the one before has come.
//
// It may import bucket, failure, fault, ledger, manifest, request, run and version.
package prune

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// Grace is how long the objects of a run stay after the run was hidden, and how long a run stays after its commit. A query of Athena ends after
// 30 minutes unless the account has a higher quota, and an invocation of a function after 15.
// https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
const Grace = time.Hour

const (
	readAtOnce = 32 // claims and summaries
	runsAtOnce = 8  // that are hidden or removed
)

// Step removes runs. It is safe for concurrent use.
type Step struct {
	// Objects returns the client that the run of a plan reads and writes with.
	Objects func(run.Plan) *s3.Client
	Glue    *glue.Client
	Log     *slog.Logger
	Now     func() time.Time // nil for the system's clock
}

// Run hides and removes old runs. If it is called again, it does what is left.
//
// Every failure that a person must mend has the name PruneFailed or LakeFormationDenied. The run of the plan stays committed.
func (s *Step) Run(ctx context.Context, in run.PruneInput) (run.Pruned, error) {
	retention := in.Plan.Retention
	if retention == nil || retention.KeepRuns <= 0 && retention.KeepDays <= 0 {
		return run.Pruned{Runs: []run.PrunedRun{}}, nil
	}
	p := &prune{
		plan: in.Plan, retention: *retention, now: time.Now, bucket: bucket.New(s.Objects(in.Plan), in.Plan),
		places: run.PrefixesOf(retention.Prefix, in.Plan.Table), late: lateAfter(ctx),
		log:      s.Log.With("runId", in.Plan.RunID, "table", in.Plan.Table),
		exported: map[string][]string{}, out: run.Pruned{Runs: []run.PrunedRun{}, DryRun: retention.DryRun},
	}
	if s.Now != nil {
		p.now = s.Now
	}
	p.tables = tables{glue: s.Glue, source: in.Plan.TableARN, plan: in.Plan.Catalog, known: map[run.CatalogPlan]*shown{}}
	if err := p.run(ctx); err != nil {
		return run.Pruned{}, named(err)
	}
	return p.answer(), nil
}

// prune is one call of the step.
type prune struct {
	plan      run.Plan
	retention run.Retention
	now       func() time.Time
	bucket    *bucket.Bucket
	places    run.Prefixes
	late      func() bool
	log       *slog.Logger
	tables    tables

	mu       sync.Mutex // guards what follows
	exported map[string][]string
	foreign  run.Foreign
	changed  []*candidate // that were hidden or removed
	out      run.Pruned
}

// errLate says that the time of the invocation is over.
var errLate = errors.New("the time of the invocation is over")

// lateAfter reports from when on an invocation begins nothing more: when a quarter of its time is left, at most a minute.
func lateAfter(ctx context.Context) func() bool {
	deadline, ok := ctx.Deadline()
	if !ok {
		return func() bool { return false }
	}
	last := deadline.Add(-min(time.Until(deadline)/4, time.Minute))
	return func() bool { return time.Now().After(last) }
}

func (p *prune) run(ctx context.Context) error {
	found, err := p.find(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(found, older)
	going, err := p.decide(ctx, found)
	if err != nil {
		return err
	}
	var due []*candidate
	var hide []*candidate
	for _, c := range found {
		switch {
		case c.removal == nil && going[c], c.removal != nil && c.shown: // a prune died before the run was hidden
			hide = append(hide, c)
		case c.removal == nil:
			p.out.Kept++
		case p.retention.DryRun, !p.now().Before(c.removal.Since.Add(Grace)):
			due = append(due, c)
		default: // readers may still be at work
			p.out.Hidden++
		}
	}
	if p.retention.DryRun {
		for _, c := range append(due, hide...) {
			p.record(c, false)
		}
		return nil
	}
	if err := p.each(ctx, hide, p.hide); err != nil {
		return err
	}
	return p.remove(ctx, due)
}

// older orders runs by the moment of their data, and those of the same moment by their names.
func older(a, b *candidate) int {
	return cmp.Or(a.asOf.Compare(b.asOf), cmp.Compare(a.id, b.id))
}

// each does the work for several runs at the same time, until the time is over.
func (p *prune) each(ctx context.Context, runs []*candidate, work func(context.Context, *candidate) error) error {
	var working errgroup.Group // a failure of one run must not cut the work on another one
	working.SetLimit(runsAtOnce)
	for _, c := range runs {
		working.Go(func() error {
			if p.late() {
				return errLate
			}
			err := work(ctx, c)
			if errors.Is(err, bucket.ErrChanged) { // another prune works on the run, or an execution has taken it over
				p.log.InfoContext(ctx, "another program works on a run, so that this prune leaves it alone", "run", c.id)
				return nil
			}
			return err
		})
	}
	return p.untilLate(working.Wait())
}

// untilLate makes the end of the time an answer, and no error.
func (p *prune) untilLate(err error) error {
	if errors.Is(err, errLate) {
		p.out.More = true
		return nil
	}
	return err
}

// record adds a run to the answer.
func (p *prune) record(c *candidate, hidden bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.hidden = hidden
	p.changed = append(p.changed, c)
	if hidden {
		p.out.Hidden++
		return
	}
	p.out.Count, p.out.Objects, p.out.Bytes = p.out.Count+1, p.out.Objects+c.objects, p.out.Bytes+c.bytes
}

const (
	// mostNamed is how many runs the answer names, and mostNamedBytes how many bytes they have: the answer goes through Step Functions.
	mostNamed      = 100
	mostNamedBytes = 16 << 10
)

// answer returns the answer, which has a bounded size.
func (p *prune) answer() run.Pruned {
	slices.SortFunc(p.changed, older)
	for _, c := range p.changed[:min(len(p.changed), mostNamed)] {
		p.out.Runs = append(p.out.Runs, run.PrunedRun{RunID: c.id, Manifest: c.manifest, Objects: c.objects, Bytes: c.bytes, Hidden: c.hidden})
	}
	for len(run.Marshal(p.out.Runs)) > mostNamedBytes {
		p.out.Runs = p.out.Runs[:len(p.out.Runs)/2]
	}
	p.out.Foreign = p.foreign.Found()
	return p.out
}

// named gives a failure that a retry cannot mend the name of the step.
func named(err error) error {
	switch name := failure.NameOf(err); {
	case !name.Permanent(), name == failure.PruneFailed, name == failure.LakeFormationDenied:
		return err
	}
	return failure.Errorf(failure.PruneFailed, "the run is committed, but old runs are left: %w. Correct this and redrive the execution, or wait for the next run, which removes them too", err)
}
