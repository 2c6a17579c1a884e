package finalize

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/run"
)

// merger is one commit of a scan under way.
type merger struct {
	ending
	files   *files
	stored  *stored
	totals  run.Totals
	written manifest.Written
	faults  faults
	strays  []string // lists that lead to no end
}

// take holds an object that a list names against what the bucket has: it must be there with its size and its ETag. Then the
// manifest has it, unless the run is not whole anyway. Objects come in the order of their keys.
func (m *merger) take(ctx context.Context, o run.Object) error {
	entry, there, err := m.stored.find(o.Key)
	switch {
	case err != nil:
		return err
	case !there:
		m.faults.add(o.Key + " was listed and is not there")
	case o.Bytes != entry.Bytes, o.ETag != entry.ETag:
		m.faults.add(fmt.Sprintf("%s was listed with %d bytes and ETag %s and has %d and %s", entry.Key, o.Bytes, o.ETag, entry.Bytes, entry.ETag))
	}
	m.written.Objects++
	m.written.Records += o.Items
	if m.faults.count > 0 {
		return nil
	}
	return m.files.add(ctx, o)
}

// stored goes once through what the bucket has, in the order of the keys.
type stored struct {
	next   func() (bucket.Entry, error, bool)
	stop   func()
	ahead  bucket.Entry // the one that was read last; of no key before the first and after the last
	ended  bool
	strays []string // keys that nobody has asked for
}

func newStored(entries iter.Seq2[bucket.Entry, error]) *stored {
	s := &stored{}
	s.next, s.stop = iter.Pull2(entries)
	return s
}

// find returns the entry of a key, which must come after all that were asked for before. What lies between is a stray.
func (s *stored) find(key string) (_ bucket.Entry, there bool, err error) {
	for !s.ended && s.ahead.Key < key {
		if err := s.step(); err != nil {
			return bucket.Entry{}, false, err
		}
	}
	if s.ended || s.ahead.Key != key {
		return bucket.Entry{}, false, nil
	}
	found := s.ahead
	s.ahead.Key = "" // it is no stray
	return found, true, nil
}

// rest makes strays of all that is left.
func (s *stored) rest() error {
	for !s.ended {
		if err := s.step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stored) step() error {
	if s.ahead.Key != "" {
		s.strays = append(s.strays, s.ahead.Key)
	}
	entry, err, more := s.next()
	s.ahead, s.ended = entry, !more
	return err
}

// faults are the reasons why a run is not whole: all are counted, the first few are told.
type faults struct {
	told  []string
	count int
}

const toldFaults = 5

func (f *faults) add(fault string) {
	if f.count++; len(f.told) < toldFaults {
		f.told = append(f.told, fault)
	}
}

// inconsistent returns nil for no faults, else one error.
func (r ending) inconsistent(f faults) error {
	if f.count == 0 {
		return nil
	}
	shown := strings.Join(f.told, "; ")
	if more := f.count - len(f.told); more > 0 {
		shown += fmt.Sprintf("; and %d more", more)
	}
	return failure.Errorf(failure.ListsInconsistent,
		"nothing was committed, for the run at %s is not whole: %s. Somebody else may have written or removed objects there; start a new execution",
		r.bucket.URI(r.layout.Root), shown)
}
