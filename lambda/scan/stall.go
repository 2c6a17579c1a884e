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

const (
	// maxStall is how long a throttled segment may stand still while the run moves. maxStandstill is how long all segments may.
	maxStall      = 24 * time.Hour
	maxStandstill = 2 * time.Hour
	// A stalled segment waits as long as it has stood still, so that each wait is twice as long as the last one, within these bounds.
	leastStallWait = 16 * time.Second
	mostStallWait  = 5 * time.Minute
)

// withoutProgress decides what an invocation does after err. It either fails, or hands over the checkpoint that it received with a moment
// to wait for. In both cases it has written nothing, so the next invocation has the same number.
func (s *segment) withoutProgress(ctx context.Context, at position, err error) (report, error) {
	failed := report{totals: at.totals}
	noTime := errors.Is(err, errNoTime) || errors.Is(err, pace.ErrNoTime) || errors.Is(err, pace.ErrPatience)
	resume := s.pacer.ResumeAt()
	switch {
	case ctx.Err() != nil || at.totals.Pages > 0 || !noTime:
		return failed, err
	case failure.NameOf(err) == failure.Throttled:
		return s.stalled(ctx, err)
	case time.Until(resume) <= 0:
		return failed, failure.Errorf(failure.NoProgress,
			"no page came within %s: the invocation has %s, and keeps the rest for its answer: raise the function's timeout, lower concurrency, or set a smaller scan.Limit: %w",
			s.budget.elapsed().Round(time.Millisecond), s.budget.timeout().Round(time.Millisecond), err)
	case s.from.WaitUntil != nil: // the state machine has waited, and the pace has paid
		return failed, failure.Errorf(failure.NoProgress,
			"the state machine waited until %s, but the function's clock says %s, which is %s too early for a page: the clocks of Step Functions and of the function differ",
			s.from.WaitUntil.Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339), time.Until(resume).Round(time.Second))
	default: // the pace still pays for what was read before
		return s.sameCheckpoint(nil, resume), nil
	}
}

// stalled hands over a segment that was throttled all the time, if the run moves without it. Otherwise it fails with NoProgress.
func (s *segment) stalled(ctx context.Context, err error) (report, error) {
	stall := run.Stall{Since: s.budget.start.UTC(), Reason: s.mostFrequentReason()}
	if before := s.from.Stall; before != nil {
		stall.Since, stall.Reason = before.Since, cmp.Or(stall.Reason, before.Reason)
	}
	stood := s.budget.now().Sub(stall.Since)
	waits, while := stood < maxStandstill, "and no other segment has moved for "+spoken(maxStandstill)
	if !waits {
		moves, err := s.runMoves(ctx)
		if err != nil {
			return report{}, err
		}
		if moves {
			waits, while = stood < maxStall, "while other segments moved: a segment waits "+spoken(maxStall)+" at most"
		}
	}
	if waits {
		wait := min(max(leastStallWait, stood), mostStallWait)
		s.log.WarnContext(ctx, "the segment is throttled and waits", "since", stall.Since, "reason", stall.Reason, "wait", wait.Round(time.Second).String())
		return s.sameCheckpoint(&stall, time.Now().Add(wait)), nil
	}
	return report{}, failure.Errorf(failure.NoProgress, "throttled for %s (%s) %s: %s: %w",
		stood.Round(time.Second), cmp.Or(stall.Reason, "without a reason"), while, s.remedy(stall.Reason), err)
}

func spoken(d time.Duration) string { return fmt.Sprintf("%.0f hours", d.Hours()) }

// sameCheckpoint reports an invocation that hands over the checkpoint that it received, with a moment to wait for.
func (s *segment) sameCheckpoint(stall *run.Stall, until time.Time) report {
	did := report{checkpoint: s.from, end: metric.HandedOver, unused: s.budget.unused()}
	did.checkpoint.Stall, did.checkpoint.WaitUntil = stall, waitUntil(until)
	return did
}

// runMoves reports whether any segment has written a list within maxStandstill. A segment that stands still writes no list.
func (s *segment) runMoves(ctx context.Context) (bool, error) {
	since := s.budget.now().Add(-maxStandstill)
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
	met := s.Throttles().Reasons
	reasons := slices.Sorted(maps.Keys(met))
	if len(reasons) == 0 {
		return ""
	}
	return slices.MaxFunc(reasons, func(a, b string) int { return cmp.Compare(met[a], met[b]) })
}

// remedy says what to do about a reason for throttling.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
func (s *segment) remedy(reason string) string {
	if s.plan.SecondPass() {
		return "S3 asks for fewer requests: wait and redrive"
	}
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
