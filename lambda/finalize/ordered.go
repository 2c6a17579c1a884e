package finalize

import "iter"

// ordered reads a listing once, in the order of the keys.
type ordered[T any] struct {
	next  func() (T, error, bool)
	stop  func()
	key   func(T) string
	stray func(T)
	// ahead is the entry that was read last. It has been used before the first entry, after the last one, and if find has returned it.
	ahead T
	used  bool
	ended bool
}

// newOrdered returns a reader of a listing. It calls stray for each entry that find does not return.
func newOrdered[T any](entries iter.Seq2[T, error], key func(T) string, stray func(T)) *ordered[T] {
	o := &ordered[T]{key: key, stray: stray, used: true}
	o.next, o.stop = iter.Pull2(entries)
	return o
}

// find returns the entries of a key. The key must come after those of earlier calls.
func (o *ordered[T]) find(key string) (found []T, err error) {
	for !o.ended && (o.used || o.key(o.ahead) <= key) {
		if !o.used && o.key(o.ahead) == key {
			found, o.used = append(found, o.ahead), true
		}
		if err := o.step(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// rest reads the remaining entries.
func (o *ordered[T]) rest() error {
	for !o.ended {
		if err := o.step(); err != nil {
			return err
		}
	}
	return nil
}

func (o *ordered[T]) step() error {
	if !o.used {
		o.stray(o.ahead)
	}
	entry, err, more := o.next()
	o.ahead, o.used, o.ended = entry, !more, !more
	return err
}
