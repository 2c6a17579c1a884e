package runschema

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// Committed returns the schema of a committed run. Parquet files have the schema of their plan. The first call for a scan in JSON or ION decides the
// schema, and keeps it for the next run. It can be repeated: a schema is decided once. records is how many records the run has committed.
//
// Committed fails with ListsInconsistent if a segment list or the schema is missing or is not as the run wrote it.
func Committed(ctx context.Context, in *bucket.Bucket, plan run.Plan, records int64, log *slog.Logger) (run.Schema, error) {
	decided, _, err := ledger.LoadSchema(ctx, in, plan)
	if plan.SecondPass() {
		return decided, err
	}
	if errors.Is(err, bucket.ErrNotFound) {
		decided, _, err = Decide(ctx, in, plan, log, func(context.Context, *run.Schema) (int64, error) { return records, nil })
	}
	if err != nil {
		return run.Schema{}, err
	}
	return decided, KeepAsLast(ctx, in, plan, decided, log)
}

// KeepAsLast keeps the schema of a committed run for the next run, unless a run which began later has kept its own.
func KeepAsLast(ctx context.Context, in *bucket.Bucket, plan run.Plan, own run.Schema, log *slog.Logger) error {
	replaced, err := ledger.KeepLastSchema(ctx, in, plan, own)
	if replaced != nil {
		log.WarnContext(ctx, "an object that is not a schema was replaced", "object", in.URI(plan.LastSchema()), "cause", replaced.Error())
	}
	return err
}

// ForResult returns what the result of a run says about its schema. rest counts, by attribute, what the columns do not hold.
func ForResult(in *bucket.Bucket, plan run.Plan, s run.Schema, rest map[string]int64) *run.LearnedSchema {
	return &run.LearnedSchema{Object: in.URI(plan.Final().Schema()), Columns: s.Count(), Rest: mostRest(rest), Last: s.Last, Drift: s.Drift}
}

// shownRest is how many attributes a result names, and shownRestBytes how many bytes their names have together: the result goes through Step
// Functions, and a name can have 64 KiB.
const (
	shownRest      = 100
	shownRestBytes = 8 << 10
)

// mostRest returns the attributes with the highest counts. "" stands for the others.
func mostRest(counts map[string]int64) map[string]int64 {
	names := slices.SortedStableFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(a, b)
	})
	shown, size := map[string]int64{}, 0
	for i, name := range names {
		if i >= shownRest || size+len(name) > shownRestBytes {
			name = ""
		}
		size += len(name)
		shown[name] += counts[names[i]]
	}
	return shown
}
