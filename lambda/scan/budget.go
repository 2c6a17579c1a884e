package scan

import (
	"context"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/quota"
	"dynamodb-to-s3/lambda/run"
)

// budget divides the time of an invocation between pages and a reserve before the deadline. The reserve is for closing what is open and
// for the look at the table, which run at the same time: the time that closing should take, judged by the uploads so far, times a margin,
// or the time for the look if that is longer. A floor is for what no estimate sees.
type budget struct {
	now      func() time.Time
	start    time.Time
	deadline time.Time // zero means no deadline

	mu     sync.Mutex
	fetch  time.Duration // how long a page may take to arrive
	encode time.Duration // how long it may take to encode and compress a page and to hand it to the uploads

	meter meter // what was done in the time
}

const (
	// margin is the factor by which closing may take longer than estimated.
	margin = 2
	// The floor is a hundredth of the invocation, within these bounds. It is for the write of the list, the answer, and clocks that differ.
	leastFloor = 750 * time.Millisecond
	mostFloor  = 5 * time.Second
	// The look has a ninetieth of the invocation at most. One try needs milliseconds. But DynamoDB answers 2,500 requests of an account about
	// its tables in a second, and up to 10,000 invocations may end together.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-control-plane.html
	lookShare = 90
	mostLook  = 10 * time.Second
	// leastPatience is how long a look is repeated, if there is time, however short the invocation has been.
	leastPatience = 15 * time.Second
)

func newBudget(ctx context.Context, now func() time.Time) *budget {
	b := &budget{now: now, start: now()}
	if deadline, ok := ctx.Deadline(); ok {
		b.deadline = deadline
	}
	return b
}

// stopBy returns the moment by which work on pages must stop.
func (b *budget) stopBy(timeToClose time.Duration) time.Time {
	return b.deadline.Add(-b.floor() - max(margin*timeToClose, min(b.timeout()/lookShare, mostLook)))
}

func (b *budget) floor() time.Duration { return min(max(b.timeout()/100, leastFloor), mostFloor) }

// waitForLook returns a context that ends when the look at the table must end: when the rest of the time is for the list and the answer,
// or when to read the pages again would take less time than the look has taken.
func (b *budget) waitForLook(ctx context.Context) (context.Context, context.CancelFunc) {
	until := time.Now().Add(max(b.elapsed(), leastPatience))
	if last := b.deadline.Add(-b.floor() / 3); !b.deadline.IsZero() && last.Before(until) {
		until = last
	}
	return context.WithDeadline(ctx, until)
}

// mostWait returns the longest wait for the pace that is worth the invocation's time: quota.MaxLambdaWait, or a quarter of the time
// for pages if that is shorter.
func (b *budget) mostWait() time.Duration {
	if b.deadline.IsZero() {
		return quota.MaxLambdaWait
	}
	return min(quota.MaxLambdaWait, b.stopBy(0).Sub(b.start)/4)
}

// roomForPage reports whether a page that is requested now would arrive and be written in time, after all other pages in memory.
func (b *budget) roomForPage(timeToClose time.Duration) bool {
	if b.deadline.IsZero() {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now().Add(b.fetch + pagesHeld*b.encode).Before(b.stopBy(timeToClose))
}

// late reports whether it is too late to write a page that has arrived.
func (b *budget) late(timeToClose time.Duration) bool {
	if b.deadline.IsZero() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now().Add(b.encode).After(b.stopBy(timeToClose))
}

// waitForPage returns a context that ends when waiting for a page must end.
func (b *budget) waitForPage(ctx context.Context, timeToClose time.Duration) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, b.stopBy(timeToClose).Sub(b.now()))
}

// fetched records how long a page took to arrive.
func (b *budget) fetched(took time.Duration) { b.remember(&b.fetch, took) }

// encoded records how long a page took to be encoded.
func (b *budget) encoded(took time.Duration) { b.remember(&b.encode, took) }

// remember keeps the slowest time, and forgets a tenth of it with every page.
func (b *budget) remember(slowest *time.Duration, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*slowest = max(took, *slowest*9/10)
}

// did records what the invocation did just now.
func (b *budget) did(work run.Interval) { b.meter.add(b.elapsed(), work) }

// elapsed returns how long the invocation has run.
func (b *budget) elapsed() time.Duration { return b.now().Sub(b.start) }

// timeout returns the time of the whole invocation, 0 without a deadline.
func (b *budget) timeout() time.Duration {
	if b.deadline.IsZero() {
		return 0
	}
	return b.deadline.Sub(b.start)
}

// unused returns the time that is left before the deadline, 0 without a deadline.
func (b *budget) unused() time.Duration {
	if b.deadline.IsZero() {
		return 0
	}
	return b.deadline.Sub(b.now())
}
