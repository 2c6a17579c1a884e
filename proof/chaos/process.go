package chaos

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// life is how far an invocation lives: until it is killed, after which nothing that it sends arrives; or, given up by whoever
// invoked it, with a standstill in between.
type life struct {
	starved bool

	mu     sync.Mutex
	dead   chan struct{} // closed by end
	as     string        // as what Lambda reports the end
	frozen chan struct{} // closed by freeze
	thawed chan struct{} // closed by thaw
	until  phase
	pages  pages         // how many it gets once thawed
	cut    bool          // dies once thawed before it lists what it has written
	after  bool          // was thawed after finalize has looked at what there is
	ended  chan struct{} // closed when its handler has returned
}

// A phase is until when an invocation stands still that was given up.
type phase string

const (
	untilRetried   phase = "the retry has ended"
	untilFinalize  phase = "finalize begins"
	untilCommitted phase = "finalize is about to commit"
	untilOver      phase = "the execution is over"
)

// pages is how many pages an invocation gets that goes on: its objects end where those of its retry end, or elsewhere.
type pages int

const (
	asBefore pages = iota
	allThereAre
	noMore
)

func newLife() *life {
	return &life{dead: make(chan struct{}), frozen: make(chan struct{}), thawed: make(chan struct{}), ended: make(chan struct{})}
}

// deaths are as what Lambda reports an invocation that was killed: its process has ended, its memory or its time was up.
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
var deaths = []string{"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"}

// end kills the invocation.
func (l *life) end(random *rand.Rand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !closed(l.dead) {
		l.as = pick(random, deaths...)
		close(l.dead)
	}
}

// freeze makes the invocation stand still until a phase.
func (l *life) freeze(random *rand.Rand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !closed(l.frozen) {
		l.pages, l.cut = pick(random, asBefore, allThereAre, noMore), random.IntN(3) == 0
		l.until = pick(random, untilRetried, untilRetried, untilFinalize, untilCommitted, untilOver)
		close(l.frozen)
	}
}

// thaw lets it go on, and returns when it has ended. after says that finalize has looked already.
func (l *life) thaw(after bool) {
	l.mu.Lock()
	if !closed(l.thawed) {
		l.after = after
		close(l.thawed)
	}
	l.mu.Unlock()
	<-l.ended
}

// alive waits as long as the invocation stands still, and fails once it is dead.
func (l *life) alive(ctx context.Context) error {
	if closed(l.frozen) {
		select {
		case <-l.thawed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if closed(l.dead) {
		return errDead
	}
	return nil
}

// late tells whether the invocation goes on after it was given up, and then how many pages it gets.
func (l *life) late() (pages, bool) {
	if !closed(l.thawed) {
		return asBefore, false
	}
	return l.pages, true
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// counts counts what happens by name.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

// next returns how often the name was counted before.
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
	// lifetime is how long an invocation may take. It is to be too long to be met, however busy this computer is.
	lifetime = 60 * time.Second
	// starvedLifetime leaves some tenths of a second to wait for capacity.
	starvedLifetime = 1800 * time.Millisecond
)
