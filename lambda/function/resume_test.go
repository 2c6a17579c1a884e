package function_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/contract"
	status "dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"
)

// An execution dies after any of its writes, whose answer is lost. The next execution does not read a page again that a list names, and
// commits every item once.
func TestTakeoverContinuesAfterEachWrite(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, begunItems)
	whole := begin(t, table)
	all := new(wire)
	whole.first.objects = all
	whole.scan(100)
	writes := 0
	for _, one := range all.sent {
		if !strings.HasPrefix(one.operation, "Get") && !strings.HasPrefix(one.operation, "List") {
			writes++
		}
	}
	const fewest = 12
	if lists, pages := whole.lists(); len(lists) < 4 || writes < fewest {
		t.Fatalf("%d writes and the lists %v of %v pages, want more", writes, lists, pages)
	}
	for n := 1; n <= writes; n++ {
		t.Run(fmt.Sprint("after write ", n), func(t *testing.T) {
			t.Parallel()
			b := begin(t, table)
			cut := &wire{cut: true, writes: n}
			b.first.objects = cut
			if _, err := b.first.scan(b.plan, 0); err == nil {
				if n > fewest && cut.writes > 0 {
					return // how many pages an invocation reads depends on the clock, so this execution has made fewer writes
				}
				t.Fatal("the execution has not died")
			}
			before, pages := b.lists()
			kept := 0
			for _, n := range pages {
				kept += n
			}
			result, read, err := b.takenOver("e-2", b.first)
			if err != nil {
				t.Fatal(err)
			}
			holdsItems(t, b.bucket, result, begunItems)
			if read != begunPages-kept {
				t.Errorf("%d pages were read, want %d: the lists %v name %d", read, begunPages-kept, before, kept)
			}
			if after, _ := b.lists(); !slices.Equal(after[:len(before)], before) {
				t.Errorf("the lists are %v, they were %v", after, before)
			}
		})
	}
}

// The lists of the execution that died count as far as they are whole and S3 has what they name.
func TestTakeoverContinuesFromTheLastWholeList(t *testing.T) {
	t.Parallel()
	table := testservers.Orders(t, begunItems)
	change := func(from, to string) func(b *begun, keys []string) {
		return func(b *begun, keys []string) {
			body := get(b.t, b.bucket, keys[1])
			if !strings.Contains(body, from) {
				b.t.Fatalf("no %s in %s", from, body)
			}
			put(b.t, b.bucket, keys[1], strings.Replace(body, from, to, 1))
		}
	}
	for _, test := range []struct {
		name  string
		lists int
		spoil func(b *begun, keys []string)
		kept  int // lists
		err   failure.Name
	}{
		{"everything is there", 3, func(*begun, []string) {}, 3, ""},
		{"an upload of the last list is gone", 3, func(b *begun, keys []string) { b.abort(keys[2]) }, 2, ""},
		{"an upload of the second list is gone", 3, func(b *begun, keys []string) { b.abort(keys[1]) }, 1, ""},
		{"an upload of the first list is gone", 3, func(b *begun, keys []string) { b.abort(keys[0]) }, 0, ""},
		{"an object took the place of an upload, with another size", 3, func(b *begun, keys []string) {
			b.abort(keys[1])
			objects := b.listed(keys[1]).Objects
			put(b.t, b.bucket, objects[len(objects)-1].Key, "x")
		}, 1, ""},
		{"the second list was removed", 3, func(b *begun, keys []string) { remove(b.t, b.bucket, keys[1]) }, 1, ""},
		{"the second list is of another plan", 3, change(`"plan":"`, `"plan":"f`), 1, ""},
		{"the second list has another key", 3, change(`"lastEvaluatedKey":{"orderId":{"S":"`, `"lastEvaluatedKey":{"orderId":{"S":"x`), 1, ""},
		{"the second list has no key", 3, change(`"lastEvaluatedKey"`, `"x"`), 1, ""},
		{"the second list is cut off", 3, func(b *begun, keys []string) { put(b.t, b.bucket, keys[1], get(b.t, b.bucket, keys[1])[:100]) }, 1, failure.ListsInconsistent},
		{"the second list has another version", 3, change(`"version":1`, `"version":2`), 1, failure.ListsInconsistent},
		{"the end is there", 100, func(*begun, []string) {}, 100, ""},
		{"the end is there, and the dead execution has completed everything", 100, func(b *begun, _ []string) {
			late := b.first
			late.objects = &wire{cut: true, writes: b.completions()}
			if _, err := late.finalize(b.plan); err == nil {
				b.t.Fatal("the execution has not died")
			}
			if open := testservers.Uploads(b.t, b.bucket, b.layout.DataPrefix()); len(open) > 0 {
				b.t.Fatalf("%d uploads are open", len(open))
			}
		}, 100, ""},
		{"the end is there, and an upload of it is gone", 100, func(b *begun, keys []string) { b.abort(keys[len(keys)-1]) }, -1, ""},
		{"the end is there, and an upload of the second list is gone", 100, func(b *begun, keys []string) { b.abort(keys[1]) }, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := begin(t, table)
			b.scan(test.lists)
			keys, pages := b.lists()
			if test.kept = min(test.kept, len(keys)); test.kept < 0 {
				test.kept += len(keys)
			}
			if len(keys) < min(test.lists, 4) {
				t.Fatalf("the lists are %v", keys)
			}
			test.spoil(b, keys)
			want := begunPages
			for _, n := range pages[:test.kept] {
				want -= n
			}
			result, read, err := b.takenOver("e-2", b.first)
			if read != want {
				t.Errorf("%d pages were read, want %d: the lists have %v", read, want, pages)
			}
			if test.err != "" {
				wantName(t, err, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			holdsItems(t, b.bucket, result, begunItems)
			for _, key := range keys[:test.kept] {
				get(t, b.bucket, key)
			}
		})
	}
}

// Two tries of one invocation are both whole. The takeover continues from the one whose list comes first.
func TestTakeoverChoosesOneOfTwoTries(t *testing.T) {
	t.Parallel()
	b := begin(t, testservers.Orders(t, begunItems))
	var at *run.Checkpoint
	for range 3 {
		var tries []run.Checkpoint
		for range 2 {
			to, err := call[run.Checkpoint](b.first, contract.FunctionScan, run.ScanInput{Plan: b.plan, Checkpoint: at})
			if err != nil {
				t.Fatal(err)
			}
			tries = append(tries, to)
		}
		at = &tries[1]
	}
	keys, _ := b.lists()
	if len(keys) != 6 || at.Invocation != 3 {
		t.Fatalf("the lists are %v", keys)
	}
	result, _, err := b.takenOver("e-2", b.first)
	if err != nil {
		t.Fatal(err)
	}
	holdsItems(t, b.bucket, result, begunItems)
	left, _ := b.lists()
	if last := b.listed(left[len(left)-1]); len(left) != 4 || left[2] != keys[4] || last.After != b.listed(keys[4]).Try {
		t.Errorf("the lists are %v, want the end after %s", left, keys[4])
	}
}

// The execution that took the run over dies too.
func TestTakeoverOfATakeoverContinues(t *testing.T) {
	t.Parallel()
	b := begin(t, testservers.Orders(t, begunItems))
	b.scan(1)
	b.states.Set(b.first.id(), status.Failed, long())
	second := b.first
	second.name, second.beforeScan = "e-2", func(in run.ScanInput) bool { return in.Checkpoint == nil }
	if _, err := second.run(); !errors.Is(err, errCrashed) {
		t.Fatalf("got %v", err)
	}
	keys, pages := b.lists()
	result, read, err := b.takenOver("e-3", second)
	if err != nil {
		t.Fatal(err)
	}
	holdsItems(t, b.bucket, result, begunItems)
	if len(keys) != 2 || read != begunPages-pages[0]-pages[1] {
		t.Errorf("%d pages were read after the lists %v of %v pages", read, keys, pages)
	}
}

// A first invocation that is repeated within one execution begins at the start. It does not look for lists.
func TestRepeatedFirstInvocationBeginsAtTheStart(t *testing.T) {
	t.Parallel()
	b := begin(t, testservers.Orders(t, begunItems))
	b.scan(2)
	all := new(wire)
	again := b.first
	again.objects = all
	to, err := call[run.Checkpoint](again, contract.FunctionScan, run.ScanInput{Plan: b.plan})
	if err != nil || to.Invocation != 1 {
		t.Fatalf("got %+v, %v", to, err)
	}
	for _, one := range all.sent {
		if strings.HasPrefix(one.operation, "List") {
			t.Errorf("it sent %+v", one)
		}
	}
}
