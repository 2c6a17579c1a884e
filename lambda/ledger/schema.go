package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/problem"
	"dynamodb-to-s3/lambda/run"
)

// CreateSchema writes the schema of a run, unless the run has one. It returns the schema that the run has then, and its digest.
func CreateSchema(ctx context.Context, in *bucket.Bucket, plan run.Plan, own run.Schema) (run.Schema, string, error) {
	own.Version = run.Version
	body := run.Marshal(own)
	created, err := in.Create(ctx, plan.Final().Schema(), body)
	if err != nil {
		return run.Schema{}, "", fmt.Errorf("keep the schema of the run: %w", err)
	}
	if !created {
		return LoadSchema(ctx, in, plan)
	}
	return own, run.Digest(json.RawMessage(body)), nil
}

// LoadSchema reads the schema of a run, and returns it with its digest. plan is the plan of either pass. It fails with ListsInconsistent if the
// schema is not that of the plan, or if the run must have one and it is gone. It fails with bucket.ErrNotFound if the run has no schema yet.
func LoadSchema(ctx context.Context, in *bucket.Bucket, plan run.Plan) (s run.Schema, digest string, err error) {
	key := plan.Final().Schema()
	body, err := in.Get(ctx, key)
	switch gone := errors.Is(err, bucket.ErrNotFound); {
	case gone && plan.SecondPass():
		return s, "", changedSchema(in, key, err)
	case err != nil:
		return s, "", fmt.Errorf("read the schema of the run: %w", err)
	}
	if s, err = parseSchema(body); err == nil {
		digest = run.Digest(json.RawMessage(body))
		switch {
		case plan.SecondPass() && digest != plan.Parquet.Schema:
			err = errors.New("it has changed since the function columns wrote it")
		case s.RunID != plan.RunID || !s.StartTime.Equal(plan.StartTime):
			err = fmt.Errorf("it is of the run %s that began at %s", problem.Quote(s.RunID), s.StartTime.Format(time.RFC3339))
		}
	}
	if err != nil {
		return s, "", changedSchema(in, key, err)
	}
	return s, digest, nil
}

// parseSchema reads a schema of this run.Version.
func parseSchema(body []byte) (s run.Schema, err error) {
	if err = json.Unmarshal(body, &s); err == nil {
		err = run.CheckVersion(s.Version)
	}
	return s, err
}

func changedSchema(in *bucket.Bucket, key string, cause error) error {
	return failure.Errorf(failure.ListsInconsistent, "%s is not the schema of this run: %w. Another program may have changed or removed it; start a new execution",
		in.URI(key), cause)
}

// LastSchema is the schema of the last committed run that makes the same columns.
type LastSchema struct {
	run.Schema
	// Fault says why the object cannot be used. It is nil if the object can be used, and if there is no object.
	Fault  error
	object object
}

// LoadLastSchema reads the schema with which the run of the plan compares its own. The RunID of the result is "" if there is no such schema.
func LoadLastSchema(ctx context.Context, in *bucket.Bucket, plan run.Plan) (last LastSchema, err error) {
	last.object = object{bucket: in, key: plan.LastSchema()}
	body, err := last.object.read(ctx)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return last, nil
	case err != nil:
		return last, fmt.Errorf("read the last schema: %w", err)
	}
	read, err := parseSchema(body)
	if err == nil && (read.Table != plan.Table || read.RunID == "") {
		err = fmt.Errorf("it is of the run %s of table %s", problem.Quote(read.RunID), problem.Quote(read.Table))
	}
	if last.Fault = err; err == nil {
		last.Schema = read
	}
	return last, nil
}

// KeepLastSchema makes the schema of a committed run the last one, unless that of a run which began later is there. It replaces an object that
// cannot be used, and returns why.
func KeepLastSchema(ctx context.Context, in *bucket.Bucket, plan run.Plan, own run.Schema) (replaced error, err error) {
	err = Settle(in.URI(plan.LastSchema()), func() error {
		last, err := LoadLastSchema(ctx, in, plan)
		if err != nil || !last.StartTime.Before(own.StartTime) {
			return err
		}
		if err = last.object.write(ctx, own); err == nil {
			replaced = last.Fault
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep the schema for the next run: %w", err)
	}
	return replaced, nil
}
