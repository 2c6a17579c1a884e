package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/encoder"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
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

// learning returns an encoder that makes the same records as inner, and adds them to the tree. Only in the first pass of a run that makes Parquet files,
// a transform's records of plain JSON become DynamoDB JSON.
func (t *Tree) learning(inner encoder.Encoder, plan run.Plan) encoder.Encoder {
	if plan.Scan.Transform != "" {
		return &plainRecords{tree: t, inner: inner, staged: plan.FirstPass()}
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

// plainRecords learns from records of plain JSON.
type plainRecords struct {
	tree         *Tree
	inner        encoder.Encoder
	plain, typed []byte
	staged       bool // the records become DynamoDB JSON, in the lines of native exports
}

func (e *plainRecords) Append(ctx context.Context, dst, item []byte) (out []byte, records int, err error) {
	if e.plain, records, err = e.inner.Append(ctx, e.plain[:0], item); err != nil {
		return dst, 0, err
	}
	out = dst
	for line := range bytes.Lines(e.plain) {
		if e.typed, err = ddbjson.AppendTyped(e.typed[:0], line); err == nil {
			err = e.tree.Add(e.typed)
		}
		switch {
		case err != nil && !e.staged:
			return dst, 0, fmt.Errorf("no table can show this record: change the transform, or set catalog to false: %w", err)
		case err != nil:
			return dst, 0, err
		case e.staged:
			out = append(append(append(out, `{"Item":`...), e.typed...), "}\n"...)
		default:
			out = append(out, line...)
		}
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
