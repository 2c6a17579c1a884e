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

// maxStall is how long a segment may stand still for throttling while the run moves.
const maxStall = 24 * time.Hour

// unmoved decides what becomes of an invocation that failed with err: whether it hands over the checkpoint that it was given.
// Nothing was written, so that the next invocation has the same number.
func (s *scan) unmoved(ctx context.Context, at moved, err error) (run.Checkpoint, error) {
	paying := errors.Is(err, pace.ErrNoTime)
	switch {
	case ctx.Err() != nil || at.totals.Pages > 0 || !paying && !errors.Is(err, errNoTime):
		return run.Checkpoint{}, err
	case failure.NameOf(err) == failure.Throttled:
		return s.stalled(ctx, err)
	case paying: // for what was read before
		return s.stand(nil), nil
	default:
		return run.Checkpoint{}, failure.Errorf(failure.NoProgress,
			"no page came within the %s that this invocation could wait: raise the function's timeout, lower concurrency, or set a scan.Limit: %w",
			s.budget.elapsed().Round(time.Millisecond), err)
	}
}

// stalled hands over a segment that met nothing but throttling, if the run moves without it, or fails with NoProgress.
func (s *scan) stalled(ctx context.Context, err error) (run.Checkpoint, error) {
	stall := run.Stall{Since: s.budget.start.UTC(), Reason: s.mostFrequentReason()}
	if before := s.from.Stall; before != nil {
		stall.Since, stall.Reason = before.Since, cmp.Or(stall.Reason, before.Reason)
	}
	stood := s.budget.now().Sub(stall.Since)
	moves, fault := s.runMoves(ctx)
	switch {
	case fault != nil:
		return run.Checkpoint{}, fault
	case moves && stood < maxStall:
		s.log.WarnContext(ctx, "the segment is throttled and stands while the run moves", "since", stall.Since, "reason", stall.Reason)
		return s.stand(&stall), nil
	}
	while := "and no other segment has moved of late"
	if moves {
		while = "while other segments moved, which is waited for no longer than " + maxStall.String()
	}
	return run.Checkpoint{}, failure.Errorf(failure.NoProgress, "throttled for %s (%s) %s: %s: %w",
		stood.Round(time.Second), cmp.Or(stall.Reason, "without a reason"), while, s.remedy(stall.Reason), err)
}

// stand returns the checkpoint that the invocation was given.
func (s *scan) stand(stall *run.Stall) run.Checkpoint {
	to := s.from
	to.PaidAt, to.Stall = s.paidAt(), stall
	s.report.End, s.report.Unused = metric.HandedOver, s.budget.unused()
	return to
}

// runMoves tells whether any segment has written a list since the invocation before this one began, if that took as long: those of
// the others are as long, and end at any time. One that stands writes none.
func (s *scan) runMoves(ctx context.Context) (bool, error) {
	since := s.budget.start.Add(-s.budget.elapsed()).Truncate(time.Second) // as S3 tells times
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

// mostFrequentReason is DynamoDB's word for most of this invocation's throttles, "" where it has none.
func (s *scan) mostFrequentReason() string {
	if s.throttles == nil {
		return ""
	}
	met := s.throttles().Reasons
	reasons := slices.Sorted(maps.Keys(met))
	if len(reasons) == 0 {
		return ""
	}
	return slices.MaxFunc(reasons, func(a, b string) int { return cmp.Compare(met[a], met[b]) })
}

// remedy says what to raise, or else to do, about a reason for throttling.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
func (s *scan) remedy(reason string) string {
	what, update := "table "+s.plan.Table, "aws dynamodb update-table --table-name "+s.plan.Table
	if strings.HasPrefix(reason, "Index") {
		what = "index " + s.plan.Scan.Request.IndexName + " of table " + s.plan.Table
	}
	slower := "give a smaller readUnitsPerSecond or concurrency to the next run"
	switch {
	case strings.HasSuffix(reason, "KeyRangeThroughputExceeded"):
		return "a range of keys of " + what + " is read by somebody else at the 3,000 read units a second that a partition gives; there is nothing to raise: wait and redrive, or " + slower
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
