// Package transform makes records from items with a jq expression. An item in plain JSON goes in, and no object, one or many come
// out. The language is that of github.com/itchyny/gojq. The package adds the limits and promises that a run needs. It may import
// ddbjson, lazyregexp and gojq.
//
// # Promises
//
//   - The same item gives the same bytes every time. The language has nothing here that could change them (time, environment, other
//     input), and [Compile] refuses it.
//   - A number that an expression only moves keeps its digits and its spelling, such as 12.50, and up to 38 digits. It stays text
//     until the expression calculates with it.
//   - Every expression ends: after [MaxSteps], [MaxRecords] or [MaxBytes] for an item, or with the context.
//   - No error contains a byte of an item. gojq's own messages do, so only gojq's own words are kept of them.
package transform

import (
	"context"
	"fmt"

	"dynamodb-to-s3/lambda/ddbjson"

	"github.com/itchyny/gojq"
)

// The limits for one item. An item has at most 400 KB, as DynamoDB counts.
const (
	// MaxSteps is how many steps of the interpreter an item may take: about a second. Steps are counted, not timed, so an
	// expression that ends on one machine ends on every machine.
	MaxSteps = 10_000_000
	// MaxRecords is how many records an item may give.
	MaxRecords = 100_000
	// MaxBytes is how many bytes an item's records may have together, with line breaks.
	MaxBytes = 16 << 20
)

// renewal is the number of items after which the expression is compiled again. gojq keeps every regular expression, also those from
// items, for as long as the compiled code lives.
const renewal = 1 << 16

// Transform is a compiled expression. It is for one goroutine.
type Transform struct {
	expression string
	code       *gojq.Code
	items      int
	plain      []byte // the current item in plain JSON
}

// Append appends the records of item, which is DynamoDB JSON, to dst. It returns the extended slice and the number of records. Each
// record is one line of compact JSON: an object whose members are sorted by name.
//
// It fails with ctx's error, with a [*ddbjson.MalformedError], or with an [*Error] that says what the expression tried and what to
// do.
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
				What: fmt.Sprintf("gives %s as a record, and a record must be an object", a(gojq.TypeOf(result))),
				Do:   "make objects, such as {value: .}; .[] makes one record from each object in an array",
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

// bounded is a context that ends after MaxSteps: the interpreter calls Done before each step.
type bounded struct {
	context.Context //nolint:containedctx // it is one
	steps           int
	ended           error
}

// closed is the channel of a context that has ended.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// every is after how many steps the context itself is checked, a power of 2.
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
