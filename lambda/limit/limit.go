// Package limit holds a run below maxReadUnits, its limit of read units, without a coordinator. Each segment takes a portion of the limit before it
// reads. docs/limits.md has the reasons and the promise. Start with New.
//
// It may import bucket, failure and run.
package limit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

const (
	// guided is the part of an account that a portion is, for each segment at work: portions become smaller as the account does.
	guided = 4
	// smallest is the smallest portion, as a part of a full account, for each segment at work. So what all segments hold when their account is
	// empty is at most about a 64th of it.
	smallest = 64
	// leastUnits and mostUnits bound the smallest portion, in read units: smaller pages waste much by rounding, and a page of 1 MB costs 256 with
	// consistent reads.
	leastUnits, mostUnits = 4, 256
	// grown is the part of what an invocation has read that a portion is at least: an invocation that reads much takes few portions, also when few
	// segments are left at work. tamed is the part of an account that such a portion is at most.
	grown, tamed = 32, 4
	// moved is the part of another account that is moved if the own account is empty.
	moved = 4
)

// Portion is what one invocation may still read of the limit. Nil has no limit. It is for one goroutine.
type Portion struct {
	accounts accounts
	own      int     // the account of the segment
	balance  float64 // read units; below zero, units that were read and that no account has paid for yet
	read     float64 // by the invocation
	limit    float64 // 0 until it is known
	spent    error   // why there is no other portion
}

// New returns the portion of an invocation, with nothing in it, or nil if the run has no limit.
func New(in *bucket.Bucket, plan run.Plan, segment int) *Portion {
	if plan.Scan.MaxReadUnits == 0 {
		return nil
	}
	a := accountsOf(in, plan)
	return &Portion{accounts: a, own: segment % a.count}
}

// Ask returns how many read units the next page may cost: need or more. If the portion has less, Ask takes another one. It fails with LimitReached
// if the accounts have less.
func (p *Portion) Ask(ctx context.Context, need float64) (float64, error) {
	if p == nil {
		return math.Inf(1), nil
	}
	if p.balance < need && p.spent == nil {
		if err := p.take(ctx, need-p.balance); err != nil {
			return 0, err
		}
	}
	if p.balance < need {
		return 0, p.spent
	}
	return p.balance, nil
}

// Charge subtracts what was read, or what DynamoDB may have charged for. Below zero, it gives back what was charged too much.
func (p *Portion) Charge(units float64) {
	if p != nil {
		p.balance -= units
		p.read += units
	}
}

// Return gives back what the invocation did not read, or charges what it read beyond its portion. If it fails, the units are lost, and the run stops
// before its limit.
func (p *Portion) Return(ctx context.Context) error {
	if p == nil || p.balance == 0 {
		return nil
	}
	to := p.accounts
	if p.balance > 0 {
		to = to.once()
	}
	back := p.balance
	p.balance = 0
	err := to.change(ctx, p.own, func(a *account) bool {
		a.Taken -= back
		return !a.absent // finalize may have removed the accounts
	})
	if err != nil {
		return fmt.Errorf("give back %g of maxReadUnits: %w", back, err)
	}
	return nil
}

// take takes a portion of want read units or more. If its own account has less, it moves units from the others.
func (p *Portion) take(ctx context.Context, want float64) error {
	if p.limit == 0 {
		limit, err := Of(ctx, p.accounts.bucket, p.accounts.plan)
		if err != nil {
			return err
		}
		p.limit = limit
	}
	d := draw{share: p.limit / float64(p.accounts.count), want: want, last: p.accounts.count == 1}
	err := p.draw(ctx, p.accounts, &d)
	if err != nil || d.done {
		return err
	}
	if err := p.collect(ctx, &d); err != nil {
		return err
	}
	return p.draw(ctx, p.accounts.once(), &d)
}

// draw is one try to take a portion.
type draw struct {
	share float64 // of each account in the limit
	want  float64
	last  bool // the try decides: the account is closed if it has less than want
	done  bool
	left  float64 // in the own account
	moved float64 // from other accounts
	taken float64 // from the other accounts, of all segments
}

// draw takes a portion of the own account, and adds to the account what was moved from others.
func (p *Portion) draw(ctx context.Context, from accounts, d *draw) error {
	var got float64
	var closed *closing
	err := from.change(ctx, p.own, func(a *account) bool {
		a.Taken -= d.moved
		got, closed, d.done = 0, a.Closed, true
		if closed != nil && closed.Limit >= p.limit {
			return d.moved > 0
		}
		d.left = d.share - a.Taken
		switch {
		case d.left >= d.want:
			got, closed = p.portion(d), nil
			a.Taken += got
		case d.last:
			closed = &closing{Limit: p.limit, Taken: a.Taken + d.taken}
			a.Closed = closed
		default:
			d.done = false
			return false
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("take a portion of maxReadUnits: %w", err)
	}
	p.balance += got
	if closed != nil && d.done {
		p.spent = failure.Errorf(failure.LimitReached,
			"the run has read about %.0f of the %.0f read units that maxReadUnits allows, so it reads no more. To continue: ddb2s3 redrive %s --max-read-units N. A local run continues with the same --name and a higher maxReadUnits",
			closed.Taken, p.limit, p.accounts.plan.RunID)
	}
	return nil
}

// portion returns how much of its account the invocation takes. Chance keeps segments apart that began together.
func (p *Portion) portion(d *draw) float64 {
	chance := 0.5 + rand.Float64() //nolint:gosec // no secret
	return min(d.left, max(d.want, d.floor(p.accounts), chance*d.left/(guided*p.accounts.atWork), min(p.read/grown, d.left/tamed)))
}

// floor returns the smallest portion.
func (d *draw) floor(a accounts) float64 {
	return min(mostUnits, max(leastUnits, d.share/(smallest*a.atWork)))
}

// collect takes parts of the other accounts until they are enough for a portion.
func (p *Portion) collect(ctx context.Context, d *draw) error {
	enough, floor := max(d.want, d.floor(p.accounts)), d.floor(p.accounts)
	for i := 1; i < p.accounts.count && d.left+d.moved < enough; i++ {
		var part, taken float64
		err := p.accounts.change(ctx, (p.own+i)%p.accounts.count, func(a *account) bool {
			left := d.share - a.Taken
			if part = left / moved; part < floor {
				part = max(0, left)
			}
			a.Taken += part
			taken = a.Taken
			return part > 0
		})
		if err != nil {
			return fmt.Errorf("move a part of maxReadUnits: %w", err)
		}
		d.moved, d.taken = d.moved+part, d.taken+taken
	}
	d.last = true
	return nil
}
