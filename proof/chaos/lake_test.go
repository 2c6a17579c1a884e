package chaos_test

import (
	"flag"
	"testing"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/local/testservers"
	"dynamodb-to-s3/proof/chaos"
)

var (
	lakeRuns   = flag.Int("lake-runs", 20, "how many runs a lake has")
	lakeSeed   = flag.Uint64("lake-seed", 1, "the seed of the first lake")
	lakeSeeds  = flag.Int("lakes", 1, "the number of lakes of each format")
	lakeAtOnce = flag.Int("lake-at-once", 4, "how many runs of a lake are at work at the same time")
)

// Those who query while runs commit, fail, are killed and pruned see one whole run, always. Nothing is removed that a kept run names.
func TestReadersSeeOneWholeRun(t *testing.T) {
	source, destination := testservers.Configs()
	for _, format := range []request.Format{request.FormatDynamoDBJSON, request.FormatParquet} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			for n := range uint64(*lakeSeeds) { //nolint:gosec // not negative
				l, err := chaos.NewLake(t.Context(), source, destination, *lakeSeed+n, format, 3)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Stop()
				err = l.Run(t.Context(), *lakeRuns, *lakeAtOnce)
				t.Logf("lake %d: %s", *lakeSeed+n, l)
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Broken(); err != nil {
					t.Errorf("lake %d: %v\nto run it again: go test ./proof/chaos -run TestReadersSeeOneWholeRun/%s -lake-runs %d -lake-seed %d", *lakeSeed+n, err, format, *lakeRuns, *lakeSeed+n)
				}
			}
		})
	}
}
