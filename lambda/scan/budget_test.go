package scan

import (
	"context"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name           string
		timeout        time.Duration
		fetch, encode  time.Duration // of the pages so far
		close          time.Duration // the estimate for closing
		lastAsk        time.Duration // after the start: a page may still be requested
		lastWorkedOn   time.Duration // after the start: a page that has arrived may still be written
		scannedAtLeast float64       // the share of the time that is for pages
	}{
		{
			name: "15 minutes, 128 MiB objects at 20 MB/s", timeout: 900 * time.Second, fetch: 50 * time.Millisecond, encode: 20 * time.Millisecond,
			// At most three parts of 8 MiB are still missing in S3. The look may take longer than to close them.
			close: 1700 * time.Millisecond, lastAsk: 884*time.Second + 890*time.Millisecond, lastWorkedOn: 884*time.Second + 980*time.Millisecond,
			scannedAtLeast: 0.98,
		},
		{
			name: "5 seconds", timeout: 5 * time.Second, fetch: 100 * time.Millisecond, encode: 50 * time.Millisecond,
			close: 500 * time.Millisecond, lastAsk: 3000 * time.Millisecond, lastWorkedOn: 3200 * time.Millisecond,
		},
		{
			name: "slow pages", timeout: 60 * time.Second, fetch: 10 * time.Second, encode: time.Second,
			close: time.Second, lastAsk: 44*time.Second + 250*time.Millisecond, lastWorkedOn: 56*time.Second + 250*time.Millisecond,
		},
		{
			name: "slow uploads", timeout: 60 * time.Second, fetch: time.Second, encode: time.Second,
			close: 20 * time.Second, lastAsk: 15*time.Second + 250*time.Millisecond, lastWorkedOn: 18*time.Second + 250*time.Millisecond,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := start
			b := &budget{now: func() time.Time { return now }, start: start, deadline: start.Add(test.timeout)}
			b.fetched(test.fetch)
			b.encoded(test.encode)
			at := func(after time.Duration) { now = start.Add(after) }

			if at(test.lastAsk - time.Millisecond); !b.roomForPage(test.close) {
				t.Errorf("no room for a page just before %s", test.lastAsk)
			}
			if at(test.lastAsk + time.Millisecond); b.roomForPage(test.close) {
				t.Errorf("room for a page just after %s", test.lastAsk)
			}
			if at(test.lastWorkedOn - time.Millisecond); b.late(test.close) {
				t.Errorf("a page is late just before %s", test.lastWorkedOn)
			}
			if at(test.lastWorkedOn + time.Millisecond); !b.late(test.close) {
				t.Errorf("a page is not late just after %s", test.lastWorkedOn)
			}
			if share := test.lastAsk.Seconds() / test.timeout.Seconds(); share < test.scannedAtLeast {
				t.Errorf("pages have %.3f of the time, want %.3f", share, test.scannedAtLeast)
			}
		})
	}

	t.Run("a slow page is forgotten in time", func(t *testing.T) {
		b := &budget{now: time.Now}
		b.fetched(10 * time.Second)
		for range 60 {
			b.fetched(10 * time.Millisecond)
		}
		if b.fetch > 100*time.Millisecond {
			t.Errorf("a page is still taken to need %s", b.fetch)
		}
	})
	t.Run("without a deadline there is always room", func(t *testing.T) {
		b := newBudget(context.Background(), time.Now)
		ctx, cancel := b.waitForPage(t.Context(), time.Hour)
		defer cancel()
		if _, bounded := ctx.Deadline(); bounded || !b.roomForPage(time.Hour) || b.late(time.Hour) || b.unused() != 0 {
			t.Error("the budget ends")
		}
	})
}
