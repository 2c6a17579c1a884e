package chaos_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/proof/chaos"
	"dynamodb-to-s3/proof/model"

	"golang.org/x/sync/errgroup"
)

var (
	seeds       = flag.Int("seeds", 0, "the number of seeds; 0 for a few seeds that have every kind and most faults")
	first       = flag.Uint64("first", 1, "the first seed")
	seed        = flag.Uint64("seed", 0, "run only this seed, and print its faults")
	atOnce      = flag.Int("at-once", 6, "how many seeds run at the same time")
	kind        = flag.String("kind", "", "run only the seeds that have a kind with this text")
	untilBroken = flag.Bool("until-broken", false, "stop at the first seed that breaks the promise")
)

// enough is a number of seeds that certainly have every fault.
const enough = 500

func TestMain(m *testing.M) { testservers.Main(m) }

var errBroken = errors.New("a seed has broken the promise")

// The promise: under all faults, a run commits every item once or fails with a named error.
func TestChaos(t *testing.T) {
	source, destination := testservers.Configs()
	harness, err := chaos.New(t.Context(), source, destination)
	if err != nil {
		t.Fatal(err)
	}
	defer harness.Stop()
	chosen := append(everyKind(), withFaults...)
	switch {
	case *seed != 0:
		chosen = []uint64{*seed}
	case *seeds > 0:
		chosen = nil
		for n := range uint64(*seeds) { //nolint:gosec // positive
			chosen = append(chosen, *first+n)
		}
	}
	total := summary{t: t, start: time.Now(), faults: map[chaos.Fault]int{}, steps: map[model.Kind]int{}, ends: map[string]int{}, kinds: map[chaos.Kind]int{}}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(*atOnce)
	for _, number := range chosen {
		if !slices.ContainsFunc(append(chaos.Draw(number).Kinds(), ""), func(k chaos.Kind) bool { return strings.Contains(string(k), *kind) }) {
			continue
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			report, err := harness.Run(ctx, number)
			if err != nil {
				return err
			}
			checked, fault := followsModel(report)
			report.Broken = errors.Join(fault, report.Broken)
			if total.add(report, checked); report.Broken != nil && *untilBroken {
				return errBroken
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil && !errors.Is(err, errBroken) && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	total.print()
	if *seed != 0 || *kind != "" || t.Failed() {
		return
	}
	for _, fault := range chaos.Faults() {
		if len(chosen) >= enough && total.faults[fault] == 0 {
			t.Errorf("%d seeds never had the fault %q", len(chosen), fault)
		}
	}
	for _, kind := range chaos.Kinds() {
		if (*seeds == 0 || len(chosen) >= enough) && total.kinds[kind] == 0 {
			t.Errorf("%d seeds never had %s", len(chosen), kind)
		}
	}
}

// withFaults are seeds with faults, and steps of the model, that the seeds with every kind lack.
var withFaults = []uint64{1, 2, 3, 4, 13, 20}

// everyKind returns a few seeds that have every kind. It takes the seed with the most kinds that the seeds before it do not have.
func everyKind() (chosen []uint64) {
	missing := map[chaos.Kind]bool{}
	for _, kind := range chaos.Kinds() {
		missing[kind] = true
	}
	for len(missing) > 0 {
		best, most := uint64(0), -1
		for seed := range uint64(300) {
			var adds int
			for _, kind := range chaos.Draw(seed + 1).Kinds() {
				if missing[kind] {
					adds++
				}
			}
			if adds > most {
				best, most = seed+1, adds
			}
		}
		for _, kind := range chaos.Draw(best).Kinds() {
			delete(missing, kind)
		}
		chosen = append(chosen, best)
	}
	return chosen
}

// summary adds up the reports of the seeds.
type summary struct {
	t     *testing.T
	start time.Time

	mu          sync.Mutex // guards the following fields
	done, items int
	modelled    int // traces that the model allows
	listings    int
	faults      map[chaos.Fault]int
	steps       map[model.Kind]int
	ends        map[string]int
	kinds       map[chaos.Kind]int
	limited     []chaos.Limited
	broken      bool
}

func (s *summary) add(report chaos.Report, checked map[model.Kind]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	s.items += report.Items
	s.listings += report.Listings
	for _, kind := range report.Scenario.Kinds() {
		s.kinds[kind]++
	}
	if report.Limited != nil {
		s.limited = append(s.limited, *report.Limited)
	}
	for fault, times := range report.Faults {
		s.faults[fault] += times
	}
	if len(checked) > 0 {
		s.modelled++
	}
	for kind, times := range checked {
		s.steps[kind] += times
	}
	for _, end := range report.Ends {
		s.ends[end]++
	}
	number := report.Scenario.Seed
	if *seed != 0 || testing.Verbose() {
		s.t.Logf("seed %d: %v, %d items in the commit, %d faults", number, report.Ends, report.Items, len(report.Injected))
	}
	if report.Broken == nil && *seed == 0 || s.broken && *untilBroken {
		return
	}
	s.t.Logf("seed %d: %s", number, report.Scenario)
	for _, fault := range report.Injected {
		s.t.Log("  ", fault)
	}
	if report.Broken == nil {
		return
	}
	s.broken = true
	s.t.Errorf("seed %d: %v\nto run it again: make chaos SEED=%d", number, report.Broken, number)
	if *untilBroken {
		s.t.Logf("broken after %d seeds: %v", s.done, report.Broken)
	}
}

func (s *summary) print() {
	s.t.Logf("%d seeds in %s, %d items in the commits, %d listings by readers", s.done, time.Since(s.start).Round(time.Millisecond), s.items, s.listings)
	s.t.Logf("the model allows the traces of %d of them", s.modelled)
	for _, fault := range slices.Sorted(maps.Keys(s.faults)) {
		s.t.Logf("%7d  %s", s.faults[fault], fault)
	}
	for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
		s.t.Logf("%7d  seeds with %s", s.kinds[kind], kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(s.steps)) {
		s.t.Logf("%7d  steps of the model: %s", s.steps[kind], kind)
	}
	var over, pages float64
	reached := 0
	for _, l := range s.limited {
		if passed := l.Units - l.Limit; passed > 0 {
			reached++
			over, pages = max(over, passed), max(pages, passed/l.Page)
		}
	}
	s.t.Logf("%d of %d runs with a limit passed it, by %g read units and %.1f pages at most", reached, len(s.limited), over, pages)
	var ends []string
	for _, end := range slices.Sorted(maps.Keys(s.ends)) {
		ends = append(ends, fmt.Sprintf("%s %d", end, s.ends[end]))
	}
	s.t.Logf("ends of the executions: %v", ends)
}
