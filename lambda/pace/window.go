package pace

import "time"

// window is what was paid for in the last span.
type window struct {
	begun    time.Time
	payments []payment
	sum      float64
}

type payment struct {
	at    time.Time // when the answer came: it was consumed then or before
	units float64
}

func (w *window) add(at time.Time, units float64) {
	w.payments = append(w.payments, payment{at, units})
	w.sum += units
}

// forget drops what was paid before the span that ends now. The sum is made anew from what is left where that is little, so that
// rounding does not pile up.
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

// oldest is when the oldest payment leaves the window, which must have one.
func (w *window) oldest() time.Time { return w.payments[0].at.Add(span) }

// largest is the largest payment of the window.
func (w *window) largest(now time.Time) float64 {
	w.forget(now)
	var most float64
	for _, p := range w.payments {
		most = max(most, p.units)
	}
	return most
}

// rate is how many units a second were paid for of late.
func (w *window) rate(now time.Time) float64 {
	const least = time.Second // less is no measure
	return w.sum / max(least, min(span, now.Sub(w.begun))).Seconds()
}
