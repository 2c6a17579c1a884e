package chaos_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/proof/chaos"

	"github.com/google/go-cmp/cmp"
)

// besideOthers matches requests that an invocation makes at the same time: it looks at the table while it uploads the last parts. If one of
// the two fails, the other one stops, and how many requests it has made by then depends on time.
var besideOthers = regexp.MustCompile(`: (DescribeTable|CreateMultipartUpload|UploadPart|AbortMultipartUpload)\b`)

// A seed that has failed is useful only if it fails again, so its faults depend on the seed alone. The test compares only the faults of
// scans: finalize sends requests at the same time, and the fault of one request can prevent another.
func TestSeedRepeatsItsFaults(t *testing.T) {
	t.Parallel()
	source, destination := testservers.Configs()
	harness, err := chaos.New(t.Context(), source, destination)
	if err != nil {
		t.Fatal(err)
	}
	defer harness.Stop()
	faultsOf := func(seed uint64) []string {
		report, err := harness.Run(t.Context(), seed)
		if err != nil {
			t.Fatal(err)
		}
		faults := slices.DeleteFunc(report.Injected, func(fault string) bool {
			return !strings.HasPrefix(fault, string(contract.FunctionScan)) || besideOthers.MatchString(fault)
		})
		slices.Sort(faults)
		return faults
	}
	compared := 0
	for seed := uint64(1); compared < 3; seed++ {
		// One object for each invocation, one segment after the other.
		if s := chaos.Draw(seed); s.Mode != request.ModeScan || s.Concurrency > 1 || s.AtOnce || s.FileSize < 1<<20 || s.Large || len(s.Kinds()) > 0 {
			continue
		}
		faults := faultsOf(seed)
		// How far an invocation that was given up has read ahead depends on time.
		if len(faults) == 0 || slices.ContainsFunc(faults, func(fault string) bool { return strings.Contains(fault, "given up") }) {
			continue
		}
		compared++
		if diff := cmp.Diff(faults, faultsOf(seed)); diff != "" {
			t.Errorf("seed %d has other faults the second time:\n%s", seed, diff)
		}
	}
}
