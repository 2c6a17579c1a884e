package chaos_test

import (
	"slices"
	"testing"

	"dynamodb-to-s3/proof/chaos"
)

// 300 seeds take a few minutes. They must have everything often enough to find something, and must leave a third of the runs ordinary.
func TestSeedsDrawEveryKind(t *testing.T) {
	t.Parallel()
	const seeds, least, mostSpecial = 300, 10, 200
	counts, special := map[chaos.Kind]int{}, 0
	for seed := range uint64(seeds) {
		kinds := chaos.Draw(1 + seed).Kinds()
		for _, kind := range kinds {
			counts[kind]++
		}
		kinds = slices.DeleteFunc(kinds, func(k chaos.Kind) bool { return k == "PARQUET" }) // it hides no other kind
		special += min(len(kinds), 1)
	}
	for _, kind := range chaos.Kinds() {
		if counts[kind] < least {
			t.Errorf("%d seeds have %s, want %d or more", counts[kind], kind, least)
		}
	}
	if special > mostSpecial {
		t.Errorf("%d of %d seeds have something special", special, seeds)
	}
	t.Logf("%d of %d seeds have something special", special, seeds)
}
