package finalize

import (
	"errors"
	"iter"
	"testing"

	"dynamodb-to-s3/lambda/bucket"

	"github.com/google/go-cmp/cmp"
)

// entries yields keys as a listing does. It then yields the failure, if there is one.
func entries(failure error, keys ...string) iter.Seq2[bucket.Entry, error] {
	return func(yield func(bucket.Entry, error) bool) {
		for _, key := range keys {
			if !yield(bucket.Entry{Key: key}, nil) {
				return
			}
		}
		if failure != nil {
			yield(bucket.Entry{}, failure)
		}
	}
}

func TestStoredReadsTheListingOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                        string
		has, wanted, missing, stray []string
	}{
		{"all", []string{"a", "b"}, []string{"a", "b"}, nil, nil},
		{"nothing", nil, nil, nil, nil},
		{"everything is missing", nil, []string{"a", "b"}, []string{"a", "b"}, nil},
		{"nothing is wanted", []string{"a", "b"}, nil, nil, []string{"a", "b"}},
		{"strays everywhere", []string{"a", "b", "c", "d", "e"}, []string{"b", "d"}, nil, []string{"a", "c", "e"}},
		{"missing everywhere", []string{"b", "d"}, []string{"a", "b", "c", "d", "e"}, []string{"a", "c", "e"}, nil},
		{"one for another", []string{"a", "c"}, []string{"a", "b"}, []string{"b"}, []string{"c"}},
		{"the same twice", []string{"a"}, []string{"a", "a"}, []string{"a"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStored(entries(nil, test.has...))
			defer s.stop()
			var missing []string
			for _, key := range test.wanted {
				entry, there, err := s.find(key)
				if err != nil || there != (entry.Key == key) {
					t.Fatalf("%s: got %v, %t, %v", key, entry, there, err)
				}
				if !there {
					missing = append(missing, key)
				}
			}
			if err := s.rest(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]string{test.missing, test.stray}, [][]string{missing, s.strays}); diff != "" {
				t.Errorf("missing and strays (-want +got):\n%s", diff)
			}
		})
	}
}

// A listing that breaks off says nothing about the keys after it.
func TestListingThatBreaksOffFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, wanted := range []string{"a", "b"} {
		s := newStored(entries(broken, "a"))
		defer s.stop()
		_, _, err := s.find(wanted)
		if err == nil {
			err = s.rest()
		}
		if !errors.Is(err, broken) {
			t.Errorf("looking for %s: got %v", wanted, err)
		}
	}
}

func TestFewFaultsAreShown(t *testing.T) {
	t.Parallel()
	var f faults
	for range 7 {
		f.add("x")
	}
	if f.count != 7 || len(f.shown) != 5 {
		t.Errorf("got %+v", f)
	}
}
