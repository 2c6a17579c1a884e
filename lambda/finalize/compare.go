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

// scanCommit is the commit of a run that scanned.
type scanCommit struct {
	commit
	files   *files
	stored  *stored
	totals  run.Totals
	written manifest.Written
	faults  faults
	own     run.OwnKeys
	digest  string   // of the plan
	strays  []string // lists that no chain uses
}

// take compares an object that a list names with the bucket, which must have it with the same size and ETag. It then adds the object to
// the manifest, unless a fault was found before. Objects come in the order of their keys.
func (c *scanCommit) take(ctx context.Context, o run.Object) error {
	entry, there, err := c.stored.find(o.Key)
	switch {
	case err != nil:
		return err
	case !there:
		c.faults.add(o.Key + " is listed and missing")
	case o.Bytes != entry.Bytes, o.ETag != entry.ETag:
		c.faults.add(fmt.Sprintf("%s is listed with %d bytes and ETag %s, and has %d bytes and ETag %s", entry.Key, o.Bytes, o.ETag, entry.Bytes, entry.ETag))
	}
	c.written.Objects++
	c.written.Records += o.Items
	if c.faults.count > 0 {
		return nil
	}
	return c.files.add(ctx, o)
}

// stored reads the bucket's listing once, in the order of the keys.
type stored struct {
	next    func() (bucket.Entry, error, bool)
	stop    func()
	ahead   bucket.Entry // the entry that was read last; without a key before the first and after the last
	ended   bool
	own     func(key string) bool
	strays  []string     // keys that no list names, and that are the run's own
	foreign *run.Foreign // counts the other keys that no list names
}

func newStored(entries iter.Seq2[bucket.Entry, error], own func(key string) bool, foreign *run.Foreign) *stored {
	s := &stored{own: own, foreign: foreign}
	s.next, s.stop = iter.Pull2(entries)
	return s
}

// find returns the entry of a key. The key must come after those of earlier calls. Entries in between are strays, or
// somebody else's.
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
	s.ahead.Key = "" // it is not a stray
	return found, true, nil
}

// rest reads the remaining entries, which nothing names.
func (s *stored) rest() error {
	for !s.ended {
		if err := s.step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *stored) step() error {
	switch key := s.ahead.Key; {
	case key == "":
	case s.own(key):
		s.strays = append(s.strays, key)
	default:
		s.foreign.Add(key)
	}
	entry, err, more := s.next()
	s.ahead, s.ended = entry, !more
	return err
}

// faults are the reasons why a run is not whole. All are counted, and the first few are shown.
type faults struct {
	shown []string
	count int
}

const maxShown = 5

func (f *faults) add(fault string) {
	if f.count++; len(f.shown) < maxShown {
		f.shown = append(f.shown, fault)
	}
}

// inconsistent returns one error for all faults, nil for none.
func (c commit) inconsistent(f faults) error {
	if f.count == 0 {
		return nil
	}
	shown := strings.Join(f.shown, "; ")
	if more := f.count - len(f.shown); more > 0 {
		shown += fmt.Sprintf("; and %d more", more)
	}
	return failure.Errorf(failure.ListsInconsistent,
		"nothing was committed, because the run at %s is not whole: %s. Another program may have written or removed objects there; start a new execution",
		c.bucket.URI(c.layout.Root), shown)
}
