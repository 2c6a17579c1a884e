package finalize

import (
	"errors"
	"iter"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"

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

func TestListingIsReadOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                        string
		has, wanted, missing, stray []string
		foreign                     int64
	}{
		{"all", []string{"a", "b"}, []string{"a", "b"}, nil, nil, 0},
		{"nothing", nil, nil, nil, nil, 0},
		{"everything is missing", nil, []string{"a", "b"}, []string{"a", "b"}, nil, 0},
		{"nothing is wanted", []string{"a", "b"}, nil, nil, []string{"a", "b"}, 0},
		{"strays everywhere", []string{"a", "b", "c", "d", "e"}, []string{"b", "d"}, nil, []string{"a", "c", "e"}, 0},
		{"missing everywhere", []string{"b", "d"}, []string{"a", "b", "c", "d", "e"}, []string{"a", "c", "e"}, nil, 0},
		{"one for another", []string{"a", "c"}, []string{"a", "b"}, []string{"b"}, []string{"c"}, 0},
		{"the same twice", []string{"a"}, []string{"a", "a"}, []string{"a"}, nil, 0},
		{"names of others", []string{"a", "aa", "b", "bb", "bc", "cc"}, []string{"b", "bc"}, nil, []string{"a"}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var foreign run.Foreign
			var missing, strays []string
			s := newOrdered(entries(nil, test.has...), entryKey, func(e bucket.Entry) {
				if len(e.Key) == 1 {
					strays = append(strays, e.Key)
				} else {
					foreign.Add(e.Key)
				}
			})
			defer s.stop()
			for _, key := range test.wanted {
				found, err := s.find(key)
				if err != nil || len(found) > 0 && found[0].Key != key {
					t.Fatalf("%s: got %v, %v", key, found, err)
				}
				if len(found) == 0 {
					missing = append(missing, key)
				}
			}
			if err := s.rest(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]string{test.missing, test.stray}, [][]string{missing, strays}); diff != "" {
				t.Errorf("missing and strays (-want +got):\n%s", diff)
			}
			if foreign.Count != test.foreign || len(foreign.Keys) != int(test.foreign) {
				t.Errorf("others have %+v, want %d", foreign, test.foreign)
			}
		})
	}
}

// A listing that breaks off says nothing about the keys after it.
func TestListingThatBreaksOffFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, wanted := range []string{"a", "b"} {
		s := newOrdered(entries(broken, "a"), entryKey, func(bucket.Entry) {})
		defer s.stop()
		_, err := s.find(wanted)
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
	for range 4 {
		f.add("x")
	}
	f.join(faults{shown: []string{"y", "z"}, count: 9})
	f.add("w")
	if got, want := f.String(), "x; x; x; x; y; and 9 more"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
