package finalize

import (
	"context"
	"iter"
	"sync"
)

// inOrder calls do for each item and yields the results in the order of the items. Up to n calls are ahead of the reader. It stops after an
// error.
func inOrder[In, Out any](ctx context.Context, n int, items iter.Seq2[In, error], do func(context.Context, In) (Out, error)) iter.Seq2[Out, error] {
	type result struct {
		out Out
		err error
	}
	return func(yield func(Out, error) bool) {
		var working sync.WaitGroup
		defer working.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ahead := make(chan chan result, n)
		working.Go(func() {
			defer close(ahead)
			for item, err := range items {
				one := make(chan result, 1)
				select {
				case ahead <- one:
				case <-ctx.Done():
					return
				}
				if err != nil {
					one <- result{err: err}
					return
				}
				working.Go(func() {
					out, err := do(ctx, item)
					one <- result{out, err}
				})
			}
		})
		for one := range ahead {
			if got := <-one; !yield(got.out, got.err) || got.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none Out
			yield(none, err)
		}
	}
}
