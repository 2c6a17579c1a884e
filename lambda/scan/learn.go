package scan

import (
	"bytes"
	"context"
	"encoding/json"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/schema"
)

// Tree is what is known of all records of a segment. The lists of the segment keep it, so that each invocation adds to it.
type Tree struct{ schema.Tree }

// Learner returns an encoder that adds items to the tree and makes no records.
func (t *Tree) Learner() encoder.Encoder { return learner{tree: t} }

type learner struct{ tree *Tree }

func (l learner) Append(_ context.Context, dst, item []byte) ([]byte, int, error) {
	return dst, 0, l.tree.Add(item)
}

// learning returns an encoder that makes the records of the first pass, and adds them to the tree: the lines of native exports. With typed, the
// records of inner are plain JSON.
func (t *Tree) learning(inner encoder.Encoder, typed bool) encoder.Encoder {
	if typed {
		return &typedRecords{tree: t, inner: inner}
	}
	return sentItems{tree: t, inner: inner}
}

// sentItems learns from the items as DynamoDB sent them.
type sentItems struct {
	tree  *Tree
	inner encoder.Encoder
}

func (e sentItems) Append(ctx context.Context, dst, item []byte) ([]byte, int, error) {
	if err := e.tree.Add(item); err != nil {
		return dst, 0, err
	}
	return e.inner.Append(ctx, dst, item)
}

// typedRecords turns records of plain JSON into DynamoDB JSON, and learns from them.
type typedRecords struct {
	tree  *Tree
	inner encoder.Encoder
	plain []byte
}

func (e *typedRecords) Append(ctx context.Context, dst, item []byte) (out []byte, records int, err error) {
	if e.plain, records, err = e.inner.Append(ctx, e.plain[:0], item); err != nil {
		return dst, 0, err
	}
	out = dst
	for line := range bytes.Lines(e.plain) {
		out = append(out, `{"Item":`...)
		from := len(out)
		if out, err = ddbjson.AppendTyped(out, line); err == nil {
			err = e.tree.Add(out[from:])
		}
		if err != nil {
			return dst, 0, err
		}
		out = append(out, "}\n"...)
	}
	return out, records, nil
}

// load continues with the tree of an earlier list.
func (t *Tree) load(stored json.RawMessage) error {
	if len(stored) == 0 {
		return nil
	}
	if err := json.Unmarshal(stored, &t.Tree); err != nil {
		return failure.Errorf(failure.ListsInconsistent, "the segment list before has a schema that cannot be read: %w. Another program may have changed it; start a new execution", err)
	}
	return nil
}
