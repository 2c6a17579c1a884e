package sink

import (
	"sync"
	"time"
)

// speed keeps how fast uploads have been, to tell how long it would take to have everything in S3.
type speed struct {
	mu      sync.Mutex
	pending int64         // bytes handed over and not yet in S3
	rate    float64       // bytes a second of one upload; 0 before the first
	slowest time.Duration // of the small requests; 0 before the first
}

const (
	// firstRate is what an upload is taken to do before one was seen, in bytes a second: slower than S3 has been seen from a
	// function, so that the first guess errs towards too much time.
	firstRate = 4 << 20
	// memory is how much of the rate seen before stays in the mean when another upload ends.
	memory = 0.7
	// smallBody is the size in bytes below which a request measures the round trip, not the rate.
	smallBody = 256 << 10
	// firstTrip is what a small request is taken to need before one was seen.
	firstTrip = 200 * time.Millisecond
)

func (s *speed) add(bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending += int64(bytes)
}

// measure times one upload.
func (s *speed) measure(bytes int, upload func() error) error {
	start := time.Now()
	err := upload()
	took := time.Since(start)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending -= int64(bytes)
	switch rate := float64(bytes) / max(took.Seconds(), 1e-6); {
	case bytes < smallBody:
		s.slowest = max(took, s.slowest*9/10) // one slow request is remembered, but not for ever
	case err != nil:
	case s.rate == 0:
		s.rate = rate
	default:
		s.rate = memory*s.rate + (1-memory)*rate
	}
	return err
}

// toClose estimates how long Close would take with so many more bytes to send: the parts beside each other, as many at once as may
// be, but none faster than one has been, and two requests more, to complete the object and to write the list of it.
func (s *speed) toClose(buffered int64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	rate, trip := s.rate, s.slowest
	if rate == 0 {
		rate = firstRate
	}
	if trip == 0 {
		trip = firstTrip
	}
	left := float64(s.pending + buffered)
	seconds := max(left/inFlight, min(left, partSize)) / rate
	return time.Duration(seconds*float64(time.Second)) + 2*trip
}

// TimeToClose estimates how long Close would take now.
func (w *Writer) TimeToClose() time.Duration { return w.speed.toClose(w.filling.Load()) }
