package scan

import (
	"context"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/sink"
	"dynamodb-to-s3/lambda/table"
)

// errNoTime says that a request for a page was given up, because closing the object needs the time that is left.
var errNoTime = errors.New("no time left for another page")

// fetcher reads pages ahead of the encoder, which parses them.
type fetcher struct {
	pages chan *table.Page // in order; closed at the end
	free  chan *table.Page // pages that may be used again
	err   error            // why pages ended early; read it after pages is closed
}

// pagesHeld is how many pages are in memory: one at the encoder, one that waits for it, and one that is being read.
const pagesHeld = 3

// startFetching reads pages ahead of the encoder, each as soon as its start key is known. It stops when the segment ends, when ctx
// ends, or when the budget has no room for another page. It gives up a page whose answer does not come in time.
func (s *segment) startFetching(ctx context.Context, writer *sink.Writer) *fetcher {
	f := &fetcher{pages: make(chan *table.Page, pagesHeld-2), free: make(chan *table.Page, pagesHeld)}
	for range cap(f.free) {
		f.free <- new(table.Page)
	}
	go func() {
		defer close(f.pages)
		f.err = s.fetch(ctx, f, writer)
	}()
	return f
}

func (s *segment) fetch(ctx context.Context, f *fetcher, writer *sink.Writer) error {
	key := s.start
	for first := true; ; first = false {
		var p *table.Page
		select {
		case p = <-f.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !first && !s.budget.roomForPage(writer.TimeToClose()) {
			return nil
		}
		if err := s.fetchPage(ctx, p, key, writer); err != nil {
			return err
		}
		select {
		case f.pages <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		// The encoder owns p from here on, but does not change its key.
		if key = p.LastEvaluatedKey; len(key) == 0 {
			return nil
		}
	}
}

func (s *segment) fetchPage(ctx context.Context, p *table.Page, key []byte, writer *sink.Writer) error {
	waiting, cancel := s.budget.waitForPage(ctx, writer.TimeToClose())
	defer cancel()
	start := s.budget.now()
	err := s.reader.Next(waiting, key, p)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errNoTime, err)
	}
	s.budget.fetched(s.budget.now().Sub(start))
	return err
}
