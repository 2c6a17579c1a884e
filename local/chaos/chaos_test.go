package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/local/chaos"
	"dynamodb-to-s3/local/testbed"

	"golang.org/x/sync/errgroup"
)

var (
	seeds  = flag.Int("seeds", 20, "how many seeds to run")
	first  = flag.Uint64("first", 1, "the first of them")
	seed   = flag.Uint64("seed", 0, "run this seed only, and tell what struck")
	atOnce = flag.Int("at-once", 6, "how many run at once")
)

func TestMain(m *testing.M) { testbed.Main(m) }

// The promise: every item once, or a clear failure, whatever happens.
func TestChaos(t *testing.T) {
	source, destination := testbed.Configs()
	harness, err := chaos.New(t.Context(), source, destination)
	if err != nil {
		t.Fatal(err)
	}
	defer harness.Stop()
	from, count := *first, *seeds
	if *seed != 0 {
		from, count = *seed, 1
	}
	var mu sync.Mutex // guards what follows
	faults, ends, items := map[chaos.Fault]int{}, map[string]int{}, 0
	start := time.Now()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(*atOnce)
	for n := range count {
		group.Go(func() error {
			began := time.Now()
			report, err := harness.Run(ctx, from+uint64(n)) //nolint:gosec // not negative
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for fault, times := range report.Faults {
				faults[fault] += times
			}
			ends[fmt.Sprint(report.Ends)]++
			items += report.Items
			if *seed != 0 || testing.Verbose() {
				t.Logf("seed %d, %s: %v, %d items, %d faults", from+uint64(n), time.Since(began).Round(time.Millisecond), report.Ends, report.Items, len(report.Events))
			}
			if report.Broken != nil || *seed != 0 {
				tell(t, report)
			}
			if report.Broken != nil {
				t.Errorf("seed %d: %v\nto run it again: make chaos SEED=%d", report.Scenario.Seed, report.Broken, report.Scenario.Seed)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil && context.Cause(ctx) != nil {
		t.Error(err)
	}
	t.Logf("%d seeds in %s, %d items read back", count, time.Since(start).Round(time.Millisecond), items)
	for _, fault := range slices.Sorted(maps.Keys(faults)) {
		t.Logf("%7d  %s", faults[fault], fault)
	}
	for _, end := range slices.Sorted(maps.Keys(ends)) {
		t.Logf("%7d  %s", ends[end], end)
	}
}

func tell(t *testing.T, report chaos.Report) {
	t.Logf("seed %d: %s", report.Scenario.Seed, report.Scenario)
	for _, event := range report.Events {
		t.Log("  ", event)
	}
}
