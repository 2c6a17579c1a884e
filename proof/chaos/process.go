package chaos

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// process is the process of an invocation. It can be killed: after that, none of its requests arrive. It can be paused, when its caller
// gives it up, and resumed later.
type process struct {
	noCapacity bool

	mu           sync.Mutex
	killed       chan struct{} // closed by kill
	killError    string        // the error that Lambda reports
	paused       chan struct{} // closed by pause
	resumed      chan struct{} // closed by resume
	until        phase
	pages        pages         // how many pages it gets after it is resumed
	killedAtList bool          // killed after it is resumed, before it writes its list
	ended        chan struct{} // closed when its handler has returned
}

// A phase is the time at which a paused invocation is resumed.
type phase string

const (
	untilRetried   phase = "the retry has ended"
	untilFinalize  phase = "finalize begins"
	untilCompletes phase = "finalize is about to complete an upload"
	untilCommitted phase = "finalize is about to commit"
	untilOver      phase = "the execution is over"
	untilColumns   phase = "columns begins"
	untilRemoves   phase = "finalize is about to remove the staged files"
)

// pages says how many pages a resumed invocation gets. Its objects end where the objects of its retry end, or elsewhere.
type pages int

const (
	samePages pages = iota
	allPages
	noPages
)

func newProcess() *process {
	return &process{killed: make(chan struct{}), paused: make(chan struct{}), resumed: make(chan struct{}), ended: make(chan struct{})}
}

// killErrors are the errors that Lambda reports for a killed invocation: its process ended, or its memory or time was exceeded.
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
var killErrors = []string{"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"}

// kill kills the invocation.
func (p *process) kill(random *rand.Rand) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !closed(p.killed) {
		p.killError = pick(random, killErrors...)
		close(p.killed)
	}
}

// pause pauses the invocation until a random phase.
func (p *process) pause(random *rand.Rand, twoPasses bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !closed(p.paused) {
		p.pages, p.killedAtList = pick(random, samePages, allPages, noPages), random.IntN(3) == 0
		p.until = pick(random, untilRetried, untilRetried, untilFinalize, untilCompletes, untilCommitted, untilOver)
		if twoPasses && random.IntN(3) == 0 {
			p.until = pick(random, untilColumns, untilRemoves)
		}
		close(p.paused)
	}
}

// resume resumes the invocation and returns when it has ended.
func (p *process) resume() {
	p.mu.Lock()
	if !closed(p.resumed) {
		close(p.resumed)
	}
	p.mu.Unlock()
	<-p.ended
}

// waitWhilePaused waits while the invocation is paused. It returns an error if the invocation is killed.
func (p *process) waitWhilePaused(ctx context.Context) error {
	if closed(p.paused) {
		select {
		case <-p.resumed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if closed(p.killed) {
		return errEnded
	}
	return nil
}

// resumedPages reports whether the invocation was resumed, and how many pages it gets.
func (p *process) resumedPages() (pages, bool) {
	if !closed(p.resumed) {
		return samePages, false
	}
	return p.pages, true
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// counts counts events by name.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

// next counts an event and returns how often it was counted before.
func (c *counts) next(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[name]++
	return c.of[name] - 1
}

const (
	// lifetime is the timeout of an invocation. No invocation reaches it, even on a busy computer.
	lifetime = 60 * time.Second
	// noCapacityLifetime leaves a few tenths of a second to wait for capacity.
	noCapacityLifetime = 1800 * time.Millisecond
)
