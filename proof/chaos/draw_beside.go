package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/sampletable"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"
)

// names are the names of a run, so that several runs of a seed have folders of their own.
type names struct{ execution, schedule string }

// names returns the scenario's own names, or those of a seed that has one run.
func (s Scenario) names() names {
	if s.own.execution == "" {
		return names{"e", "hourly"}
	}
	return s.own
}

// execution returns the ARN and the name of an execution, counted from 0.
func (s Scenario) execution(n int) (id, name string) {
	name = fmt.Sprintf("%s-%d", s.names().execution, n)
	return machines + "execution:dynamodb-to-s3:" + name, name
}

// layout returns the names of the objects in the run's folder.
func (r *seedRun) layout() run.Layout {
	_, name := r.scenario.execution(0)
	if r.scenario.Deliveries > 0 {
		name = r.scenario.names().schedule + "-20260131T060000Z"
	}
	return run.Layout{Root: "chaos/AWSDynamoDB/" + name}
}

// neighbour returns the scenario of a run beside the seed's own one: the first of a series that scans a table which does not change.
func neighbour(seed uint64) Scenario {
	for n := seed + 1<<40; ; n += 1 << 40 {
		if s := Draw(n); s.Mode == request.ModeScan && !s.ownTable() && len(s.Kinds()) == 0 {
			s.own = names{"n", "daily"}
			return s
		}
	}
}

// member returns another run of the seed, in the same bucket and below the same prefix. forget must be called after it.
func (r *seedRun) member(s Scenario) (m *seedRun, forget func()) {
	r.shares = true
	m = r.harness.newRun(s)
	m.bucket, m.table, m.tables, m.watch, m.shares = r.bucket, r.table, r.tables, r.watch, true
	return m, r.harness.register(m)
}

// runAll runs the runs of the seed.
func (r *seedRun) runAll(ctx context.Context) (Report, error) {
	defer func() { r.shares = false }()
	switch r.scenario.Beside {
	case kindTwoRuns:
		return r.runTwo(ctx)
	case kindTwoChains:
		return r.runChains(ctx)
	default:
		return r.run(ctx)
	}
}

// runTwo runs the seed's run and another one at the same time.
func (r *seedRun) runTwo(ctx context.Context) (Report, error) {
	other, forget := r.member(neighbour(r.scenario.Seed))
	defer forget()
	if err := other.prepareTable(ctx); err != nil {
		return Report{}, err
	}
	return runTogether(ctx, r, other)
}

// runTogether runs runs at the same time. The trace of its report is that of the first one.
func runTogether(ctx context.Context, runs ...*seedRun) (Report, error) {
	reports := make([]Report, len(runs))
	group, ctx := errgroup.WithContext(ctx)
	for n, r := range runs {
		group.Go(func() (err error) {
			reports[n], err = r.run(ctx)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	all := reports[0]
	all.Faults = maps.Clone(all.Faults)
	for _, other := range reports[1:] {
		all.add(other)
	}
	return all, nil
}

func (r *Report) add(other Report) {
	for fault, times := range other.Faults {
		r.Faults[fault] += times
	}
	r.Ends, r.Injected, r.Items = append(r.Ends, other.Ends...), append(r.Injected, other.Injected...), r.Items+other.Items
	if other.Broken != nil {
		r.Broken = errors.Join(r.Broken, fmt.Errorf("the run beside it, %s: %w", other.Scenario, other.Broken))
	}
}

// firings is how often each chain exports: first the whole table, then what has changed.
const firings = 2

// runChains runs two chains at the same time, which differ in the view type alone. The changes between their exports go through the server
// that makes the exports. At the end, the exports of each chain must make the table.
func (r *seedRun) runChains(ctx context.Context) (Report, error) {
	report := Report{Scenario: r.scenario, Faults: map[Fault]int{}}
	views := []request.ViewType{request.ViewNewAndOld, "NEW_IMAGE"}
	results := make([][]run.Result, len(views))
	for firing := range firings {
		if firing > 0 {
			client := dynamodb.NewFromConfig(r.tables.AWS())
			if err := sampletable.Change(ctx, client, r.table.name, sampletable.Seed, r.scenario.Items, nil); err != nil {
				return report, err
			}
			r.tables.Advance(time.Hour)
		}
		var members []*seedRun
		for n, view := range views {
			s := r.scenario
			s.Seed, s.view = s.Seed+uint64(firing*len(views)+n+1)<<40, view //nolint:gosec // few
			s.own = names{fmt.Sprintf("chain%d-firing%d", n, firing), ""}
			m, forget := r.member(s)
			defer forget()
			members = append(members, m)
		}
		together, err := runTogether(ctx, members...)
		if report.add(together); err != nil || report.Broken != nil {
			return report, err
		}
		for n, m := range members {
			results[n] = append(results[n], *m.result)
		}
	}
	for n := range views {
		replayed, err := verify.Replay(ctx, r.harness.tables, r.harness.objects, results[n]...)
		report.Items += replayed.Items
		if err != nil {
			report.Broken = errors.Join(report.Broken, fmt.Errorf("the chain of %s: %w", views[n], err))
		}
	}
	// The first export of both chains is the same, so one run may follow that of the other.
	if made := len(r.tables.Exports()); made > firings*len(views) && report.Broken == nil {
		report.Broken = fmt.Errorf("%d exports were made", made)
	}
	return report, nil
}
