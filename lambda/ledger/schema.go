package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
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
// schema is not that of the plan, and with bucket.ErrNotFound if there is no schema.
func LoadSchema(ctx context.Context, in *bucket.Bucket, plan run.Plan) (s run.Schema, digest string, err error) {
	key := plan.Final().Schema()
	body, err := in.Get(ctx, key)
	if err != nil {
		return s, "", fmt.Errorf("read the schema of the run: %w", err)
	}
	if err = json.Unmarshal(body, &s); err == nil {
		err = run.CheckVersion(s.Version)
	}
	digest = ""
	if err == nil {
		digest = run.Digest(json.RawMessage(body))
		switch {
		case plan.SecondPass() && digest != plan.Parquet.Schema:
			err = errors.New("it has changed since the function columns wrote it")
		case plan.FirstPass() && s.RunID != plan.RunID, plan.FirstPass() && !s.StartTime.Equal(plan.StartTime):
			err = fmt.Errorf("it is of the run %q that began at %s", s.RunID, s.StartTime)
		}
	}
	if err != nil {
		return s, "", failure.Errorf(failure.ListsInconsistent, "%s is not the schema of this run: %w. Another program may have changed it; start a new execution",
			in.URI(key), err)
	}
	return s, digest, nil
}
