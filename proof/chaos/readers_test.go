package chaos

import (
	"strings"
	"testing"
)

func TestReadersMayNotSee(t *testing.T) {
	t.Parallel()
	const root = "p/AWSDynamoDB/r"
	a, b := root+"/data/a", root+"/data/b"
	both, begun := map[string]string{a: "1", b: "2"}, sight{number: 1, request: "list"}
	for name, test := range map[string]struct {
		sights []sight
		want   string // of the error if the run is committed at request 4
		never  string // of the error if it commits nothing
	}{
		"nothing at all": {sights: []sight{begun}},
		"a part while the rest is open": {
			sights: []sight{begun, {number: 2, request: "complete", objects: map[string]string{a: "1"}, open: map[string]bool{b: true}}, {number: 3, objects: both}},
			never:  `after "complete", a reader saw 1 objects of a run that committed nothing, such as ` + a,
		},
		"a part before the rest is in S3": {
			sights: []sight{begun, {number: 2, request: "complete", objects: map[string]string{a: "1"}}, {number: 3, objects: both}},
			want:   `after "complete", a reader saw objects of the run before ` + b + ` was in S3`,
			never:  "a reader saw",
		},
		"an object that is not of the commit": {
			sights: []sight{begun, {number: 2, request: "complete", objects: both}, {number: 3, objects: map[string]string{a: "1"}}},
			want:   `after "complete", a reader saw ` + b + `, which is not of the commit`,
			never:  "a reader saw",
		},
		"an object with other bytes": {
			sights: []sight{begun, {number: 2, request: "complete", objects: map[string]string{a: "1", b: "3"}}, {number: 3, objects: both}},
			want:   `a reader saw ` + b + ` with other bytes`,
			never:  "a reader saw",
		},
		"a part of a committed run": {
			sights: []sight{begun, {number: 3, objects: both}, {number: 5, request: "delete", objects: map[string]string{a: "1"}, open: map[string]bool{b: true}}, {number: 6, objects: both}},
			want:   `after "delete", a reader of the committed run did not see ` + b,
			never:  "a reader saw",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWatch()
			w.sights = test.sights
			expect := func(got error, want string) {
				t.Helper()
				if got == nil && want != "" || got != nil && (want == "" || !strings.Contains(got.Error(), want)) {
					t.Errorf("got %v, want %q", got, want)
				}
			}
			expect(w.checkCommitted(root, commit{number: 4}), test.want)
			expect(w.checkUncommitted(root), test.never)
			for _, s := range w.sights {
				for key := range s.objects {
					w.foreign[key] = true
				}
			}
			expect(w.checkCommitted(root, commit{number: 4}), "") // somebody else has changed all of it
			expect(w.checkUncommitted(root), "")
		})
	}
}
