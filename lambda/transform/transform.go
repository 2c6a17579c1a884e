// Package transform makes records of items by a jq expression: an item in plain JSON goes in, none, one or many objects come out.
// The language is that of github.com/itchyny/gojq; this package owns what a run asks of it beyond that. It imports page and gojq.
//
// # Promises
//
//   - The same item gives the same bytes, every time: what would not (the time, the environment, other input) is no part of the
//     language here, and [Compile] says so.
//   - A number that is only moved keeps its digits and its spelling, 12.50 and 38 digits too: it stays the text that was sent
//     until something calculates with it.
//   - An expression that does not end is ended, by [MaxSteps], [MaxRecords] or [MaxBytes] an item, and by the context.
//   - No error holds a byte of an item. gojq's own do, so its words are taken apart and only those that are its own are kept.
package transform

import (
	"context"
	"fmt"

	"dynamodb-to-s3/lambda/ddbjson"

	"github.com/itchyny/gojq"
)

// What one item may take. An item has 400 KB at most, in DynamoDB's own count.
const (
	// MaxSteps is how many steps of the interpreter an item may take: about a second. It is counted, not timed, so that an
	// expression that ends on one machine ends on every other.
	MaxSteps = 10_000_000
	// MaxRecords is how many records an item may give.
	MaxRecords = 100_000
	// MaxBytes is how many bytes the records of an item may have together, line breaks included.
	MaxBytes = 16 << 20
)

// renewal is after how many items the expression is compiled again: gojq keeps every regular expression that it has met, those
// too that it took from items, for as long as the compiled code lives.
const renewal = 1 << 16

// Transform is a compiled expression. It is for one goroutine.
type Transform struct {
	expression string
	code       *gojq.Code
	items      int
	plain      []byte // the item under way, in plain JSON
}

// Append appends the records of item, DynamoDB JSON, to dst and returns the extended slice and how many they are: each is one line
// of compact JSON, an object whose members are sorted by name.
//
// It fails with ctx's error, with a [*page.MalformedError], or with an [*Error] that says what the expression tried and what to do.
func (t *Transform) Append(ctx context.Context, dst, item []byte) (out []byte, records int, err error) {
	if t.items++; t.items%renewal == 0 {
		fresh, err := Compile(t.expression)
		if err != nil {
			return dst, 0, err
		}
		t.code = fresh.code
	}
	if t.plain, err = (ddbjson.JSON{}).Append(t.plain[:0], item); err != nil {
		return dst, 0, err
	}
	steps := &bounded{Context: ctx}
	results := t.code.RunWithContext(steps, decode(t.plain))
	out = dst
	for {
		result, more := results.Next()
		if !more {
			return out, records, nil
		}
		if err, failed := result.(error); failed {
			if steps.ended != nil {
				return dst, 0, steps.ended
			}
			return dst, 0, failure(err)
		}
		object, isObject := result.(map[string]any)
		if !isObject {
			return dst, 0, &Error{
				What: fmt.Sprintf("gives %s as a record, and a record is an object", a(gojq.TypeOf(result))),
				Do:   "make objects, such as {value: .}; an array's objects, one record each, are .[]",
			}
		}
		line, err := gojq.Marshal(object)
		if err != nil {
			return dst, 0, fmt.Errorf("internal error: a result does not marshal: %T", err)
		}
		records++
		switch size := len(out) - len(dst) + len(line) + 1; {
		case records > MaxRecords:
			return dst, 0, tooMuch(fmt.Sprintf("gives more than %d records for one item", MaxRecords))
		case size > MaxBytes:
			return dst, 0, tooMuch(fmt.Sprintf("gives more than %d MiB of records for one item", MaxBytes>>20))
		}
		out = append(append(out, line...), '\n')
	}
}

// bounded is a context that ends after MaxSteps: the interpreter asks for Done before each step.
type bounded struct {
	context.Context //nolint:containedctx // it is one
	steps           int
	ended           error
}

// closed is what a context's Done returns once it has ended.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// every is after how many steps the context itself is asked, a power of 2.
const every = 1 << 10

func (b *bounded) Done() <-chan struct{} {
	b.steps++
	switch {
	case b.ended != nil:
	case b.steps > MaxSteps:
		b.ended = tooMuch(fmt.Sprintf("takes more than %d steps for one item", MaxSteps))
	case b.steps%every == 0:
		b.ended = b.Context.Err()
	}
	if b.ended != nil {
		return closed
	}
	return nil
}

func (b *bounded) Err() error { return b.ended }
