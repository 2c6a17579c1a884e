package chaos_test

import (
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/proof/chaos"

	"github.com/google/go-cmp/cmp"
)

// A seed that has failed is of use only if it fails again: what strikes depends on the seed alone. Where things happen at the
// same time, as the reads of finalize do, one that is struck can keep another from happening, so only what befalls scans is compared.
func TestSeedStrikesTheSameAgain(t *testing.T) {
	t.Parallel()
	source, destination := testservers.Configs()
	harness, err := chaos.New(t.Context(), source, destination)
	if err != nil {
		t.Fatal(err)
	}
	defer harness.Stop()
	play := func(seed uint64) []string {
		report, err := harness.Run(t.Context(), seed)
		if err != nil {
			t.Fatal(err)
		}
		struck := slices.DeleteFunc(report.Events, func(event string) bool { return !strings.HasPrefix(event, string(contract.FunctionScan)) })
		slices.Sort(struck)
		return struck
	}
	compared := 0
	for seed := uint64(1); compared < 3; seed++ {
		// One object for each invocation, one segment after the other.
		if s := chaos.Draw(seed); s.Mode != request.ModeScan || s.Concurrency > 1 || s.AtOnce || s.FileSize < 1<<20 || s.Large {
			continue
		}
		struck := play(seed)
		if len(struck) == 0 {
			continue
		}
		compared++
		if diff := cmp.Diff(struck, play(seed)); diff != "" {
			t.Errorf("seed %d strikes otherwise the second time:\n%s", seed, diff)
		}
	}
}
