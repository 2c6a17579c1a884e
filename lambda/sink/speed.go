package sink

import (
	"sync"
	"time"
)

// speed measures uploads, and estimates how long it takes until everything is in S3.
type speed struct {
	mu      sync.Mutex
	pending int64         // bytes that were handed over and are not yet in S3
	rate    float64       // bytes a second of one upload; 0 before the first
	slowest time.Duration // of the small parts, with the beginning of their uploads; 0 before the first
}

const (
	// firstRate is the assumed speed of an upload before the first one, in bytes a second. It is lower than measured speeds from
	// functions to S3, so that the first estimate is too long rather than too short.
	firstRate = 4 << 20
	// memory is the weight of earlier rates when another upload ends.
	memory = 0.7
	// smallBody is the size in bytes below which a request measures the round trip and not the rate.
	smallBody = 256 << 10
	// firstTrip is the assumed time of a small request before the first one.
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
		s.slowest = max(took, s.slowest*9/10) // keeps a slow request, and forgets it slowly
	case err != nil:
	case s.rate == 0:
		s.rate = rate
	default:
		s.rate = memory*s.rate + (1-memory)*rate
	}
	return err
}

// toClose estimates how long Close would take with so many more bytes to send. Parts upload at the same time, as many as allowed,
// and none faster than one has been. Two more requests begin the last object's upload and write the list. The measure of a small object
// has its upload's beginning too, so small objects make the estimate longer rather than too short.
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
