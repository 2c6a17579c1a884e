package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/metric"
	"dynamodb-to-s3/lambda/pace"
	"dynamodb-to-s3/lambda/run"
)

// maxStall is how long a throttled segment may stand still while the run moves.
const maxStall = 24 * time.Hour

// withoutProgress decides what an invocation does after err. It either fails or hands over the checkpoint that it received. In both
// cases it has written nothing, so the next invocation has the same number.
func (s *segment) withoutProgress(ctx context.Context, at position, err error) (report, error) {
	failed := report{totals: at.totals}
	paying := errors.Is(err, pace.ErrNoTime)
	switch {
	case ctx.Err() != nil || at.totals.Pages > 0 || !paying && !errors.Is(err, errNoTime):
		return failed, err
	case failure.NameOf(err) == failure.Throttled:
		return s.stalled(ctx, err)
	case paying: // the pace still pays for what was read before
		return s.sameCheckpoint(nil), nil
	default:
		return failed, failure.Errorf(failure.NoProgress,
			"no page came within the %s that this invocation could wait: raise the function's timeout, lower concurrency, or set a scan.Limit: %w",
			s.budget.elapsed().Round(time.Millisecond), err)
	}
}

// stalled hands over a segment that was throttled all the time, if the run moves without it. Otherwise it fails with NoProgress.
func (s *segment) stalled(ctx context.Context, err error) (report, error) {
	stall := run.Stall{Since: s.budget.start.UTC(), Reason: s.mostFrequentReason()}
	if before := s.from.Stall; before != nil {
		stall.Since, stall.Reason = before.Since, cmp.Or(stall.Reason, before.Reason)
	}
	stood := s.budget.now().Sub(stall.Since)
	moves, fault := s.runMoves(ctx)
	switch {
	case fault != nil:
		return report{}, fault
	case moves && stood < maxStall:
		s.log.WarnContext(ctx, "the segment is throttled; it waits while the run moves", "since", stall.Since, "reason", stall.Reason)
		return s.sameCheckpoint(&stall), nil
	}
	while := "and no other segment has moved recently"
	if moves {
		while = "while other segments moved: a segment waits " + maxStall.String() + " at most"
	}
	return report{}, failure.Errorf(failure.NoProgress, "throttled for %s (%s) %s: %s: %w",
		stood.Round(time.Second), cmp.Or(stall.Reason, "without a reason"), while, s.remedy(stall.Reason), err)
}

// sameCheckpoint reports an invocation that hands over the checkpoint that it received.
func (s *segment) sameCheckpoint(stall *run.Stall) report {
	did := report{checkpoint: s.from, end: metric.HandedOver, unused: s.budget.unused()}
	did.checkpoint.PaidAt, did.checkpoint.Stall = s.paidAt(), stall
	return did
}

// runMoves reports whether any segment has written a list recently. It looks back over twice the time of this invocation: invocations
// of other segments are as long and may end at any time. A segment that stands still writes no list.
func (s *segment) runMoves(ctx context.Context) (bool, error) {
	since := s.budget.start.Add(-s.budget.elapsed()).Truncate(time.Second) // S3 has times in whole seconds
	for entry, err := range s.bucket.List(ctx, s.plan.Layout().SegmentLists()) {
		if err != nil {
			return false, fmt.Errorf("look whether the run moves: %w", err)
		}
		if !entry.Modified.Before(since) {
			return true, nil
		}
	}
	return false, nil
}

// mostFrequentReason returns DynamoDB's reason for most of this invocation's throttles, "" if it gave none.
func (s *segment) mostFrequentReason() string {
	met := s.throttles().Reasons
	reasons := slices.Sorted(maps.Keys(met))
	if len(reasons) == 0 {
		return ""
	}
	return slices.MaxFunc(reasons, func(a, b string) int { return cmp.Compare(met[a], met[b]) })
}

// remedy says what to do about a reason for throttling.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
func (s *segment) remedy(reason string) string {
	what, update := "table "+s.plan.Table, "aws dynamodb update-table --table-name "+s.plan.Table
	if strings.HasPrefix(reason, "Index") {
		what = "index " + s.plan.Scan.Request.IndexName + " of table " + s.plan.Table
	}
	slower := "give a smaller readUnitsPerSecond or concurrency to the next run"
	switch {
	case strings.HasSuffix(reason, "KeyRangeThroughputExceeded"):
		return "other readers use the 3,000 read units a second that one partition of " + what + " gives; this limit cannot be raised: wait and redrive, or " + slower
	case strings.HasSuffix(reason, "ProvisionedThroughputExceeded"):
		return "raise ReadCapacityUnits of " + what + " (" + update + " --provisioned-throughput ReadCapacityUnits=…,WriteCapacityUnits=…) and redrive, or " + slower
	case strings.HasSuffix(reason, "MaxOnDemandThroughputExceeded"):
		return "raise OnDemandThroughput.MaxReadRequestUnits of " + what + " (" + update + " --on-demand-throughput MaxReadRequestUnits=…) and redrive, or " + slower
	case strings.HasSuffix(reason, "AccountLimitExceeded"):
		return "raise the account's quota for DynamoDB in this region, Account-level read throughput limit (Provisioned mode or On-demand mode), in Service Quotas, and redrive, or " + slower
	default:
		return "raise the read capacity of " + what + " and redrive, or " + slower
	}
}
