package scan

import (
	"context"
	"sync"
	"time"
)

// budget divides the time of an invocation: what is left before its deadline, less a reserve in which everything that is
// open can be closed, is for pages. The reserve is the time that closing is estimated to take from what uploads have taken so
// far, with a margin, and a floor under it for what no estimate sees.
type budget struct {
	now      func() time.Time
	start    time.Time
	deadline time.Time // zero: no end

	mu     sync.Mutex
	fetch  time.Duration // how long a page may take to come
	encode time.Duration // how long a page may take to be encoded, compressed and handed to the uploads
}

const (
	// margin is by what factor closing may take longer than estimated.
	margin = 2
	// The floor is a hundredth of the invocation, within these bounds: the list's write, the answer, and the clocks.
	leastFloor = 750 * time.Millisecond
	mostFloor  = 5 * time.Second
)

func newBudget(ctx context.Context, now func() time.Time) *budget {
	b := &budget{now: now, start: now()}
	if deadline, ok := ctx.Deadline(); ok {
		b.deadline = deadline
	}
	return b
}

// stopBy is the moment after which no page may be worked on.
func (b *budget) stopBy(timeToClose time.Duration) time.Time {
	floor := min(max(b.deadline.Sub(b.start)/100, leastFloor), mostFloor)
	return b.deadline.Add(-floor - margin*timeToClose)
}

// roomForPage tells whether a page that is asked for now would come, and be written, in time. All the other pages that are held
// may still be before it.
func (b *budget) roomForPage(timeToClose time.Duration) bool {
	if b.deadline.IsZero() {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now().Add(b.fetch + pagesHeld*b.encode).Before(b.stopBy(timeToClose))
}

// late tells whether a page that has come cannot be written in time any more.
func (b *budget) late(timeToClose time.Duration) bool {
	if b.deadline.IsZero() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now().Add(b.encode).After(b.stopBy(timeToClose))
}

// waitForPage returns the context in which a page may be waited for.
func (b *budget) waitForPage(ctx context.Context, timeToClose time.Duration) (context.Context, context.CancelFunc) {
	if b.deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, b.stopBy(timeToClose).Sub(b.now()))
}

// fetched and encoded tell the budget what a page took. A slow one is remembered, but not for ever.
func (b *budget) fetched(took time.Duration) { b.remember(&b.fetch, took) }

func (b *budget) encoded(took time.Duration) { b.remember(&b.encode, took) }

func (b *budget) remember(slowest *time.Duration, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*slowest = max(took, *slowest*9/10)
}

// elapsed is how long the invocation has run, unused what is left of it.
func (b *budget) elapsed() time.Duration { return b.now().Sub(b.start) }

func (b *budget) unused() time.Duration {
	if b.deadline.IsZero() {
		return 0
	}
	return b.deadline.Sub(b.now())
}
