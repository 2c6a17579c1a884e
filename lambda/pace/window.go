package pace

import "time"

// window is what was paid for in the last span.
type window struct {
	begun    time.Time
	payments []payment
	sum      float64
}

type payment struct {
	at    time.Time // when the answer came; the units were consumed by then
	units float64
}

func (w *window) add(at time.Time, units float64) {
	w.payments = append(w.payments, payment{at, units})
	w.sum += units
}

// forget drops the payments before the span that ends now. It adds up the remaining payments again, so that rounding errors do not
// grow.
func (w *window) forget(now time.Time) {
	old := 0
	for old < len(w.payments) && now.Sub(w.payments[old].at) >= span {
		old++
	}
	if old == 0 {
		return
	}
	w.payments = append(w.payments[:0], w.payments[old:]...)
	w.sum = 0
	for _, p := range w.payments {
		w.sum += p.units
	}
}

// oldest returns when the oldest payment leaves the window. The window must have one.
func (w *window) oldest() time.Time { return w.payments[0].at.Add(span) }

// largest returns the largest payment in the window.
func (w *window) largest(now time.Time) float64 {
	w.forget(now)
	var most float64
	for _, p := range w.payments {
		most = max(most, p.units)
	}
	return most
}

// rate returns how many units a second were paid for recently.
func (w *window) rate(now time.Time) float64 {
	const least = time.Second // a shorter time measures nothing
	return w.sum / max(least, min(span, now.Sub(w.begun))).Seconds()
}
