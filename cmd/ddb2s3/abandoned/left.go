package abandoned

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// Left is what a run has left: objects, their bytes, and open uploads.
type Left struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	Uploads int64 `json:"uploads"`
	// Foreign is what is in the folder and not the run's. It stays. It is nil if there is nothing.
	Foreign *run.Foreign `json:"foreign,omitempty"`
	changed time.Time    // when the newest of them was written or begun
}

// look counts what the run has left.
func (r *Run) look(ctx context.Context) error {
	r.Left = Left{}
	foreign := &run.Foreign{}
	own, err := r.own(ctx)
	if err != nil {
		return err
	}
	changed := func(at time.Time) {
		if at.After(r.changed) {
			r.changed = at
		}
	}
	for upload, err := range r.bucket.Uploads(ctx, r.plan.Root+"/") {
		switch {
		case err != nil:
			return fmt.Errorf("look for open uploads: %w", err)
		case own.upload(upload.Key):
			r.Uploads++
			changed(upload.Begun)
		default:
			foreign.Add(upload.Key)
		}
	}
	for entry, err := range r.bucket.List(ctx, r.plan.Root+"/") {
		switch {
		case err != nil:
			return fmt.Errorf("look for objects: %w", err)
		case own.object(entry.Key), entry.Key == own.claim:
			r.Objects, r.Bytes = r.Objects+1, r.Bytes+entry.Bytes
			if entry.Key != own.claim || r.claim.Removal == nil { // an earlier removal has marked the claim
				changed(entry.Modified)
			}
		default:
			foreign.Add(entry.Key)
		}
	}
	r.Foreign = foreign.Found()
	return nil
}

// checkQuiet fails if Step Functions does not know an execution of the run, and the folder has changed so lately that a function may be at work.
// A function that works for a run writes an object or begins an upload at least once in its time.
func (r *Run) checkQuiet() error {
	if quiet := r.changed.Add(execution.QuietAfter); r.unknown && r.services.Now().Before(quiet) {
		return fmt.Errorf("Step Functions does not know an execution of the run, and %s has changed since %s, so functions may be at work: check AWS_REGION and AWS_PROFILE, or clean the run after %s", //nolint:staticcheck // a name
			r.Folder, r.changed.UTC().Format(time.RFC3339), quiet.UTC().Format(time.RFC3339))
	}
	return nil
}

// ownKeys recognizes the keys of one run.
type ownKeys struct {
	root, claim string
	data        []run.OwnKeys // of the second pass, or of the only one
	manifest    string        // which is written as an upload
}

// own returns the keys of the run. A run that makes Parquet files has data objects of its second pass only if its schema is decided.
func (r *Run) own(ctx context.Context) (ownKeys, error) {
	own := ownKeys{root: r.plan.Root + "/", claim: r.plan.Final().Claim(), manifest: r.plan.Final().ManifestFiles()}
	if !r.plan.FirstPass() {
		if r.plan.Scan != nil {
			own.data = append(own.data, r.plan.OwnKeys())
		}
		return own, nil
	}
	decided, digest, err := ledger.LoadSchema(ctx, r.bucket, r.plan)
	switch {
	case err == nil && decided.Segments > 0 && decided.Segments <= mostSegments:
		own.data = append(own.data, r.plan.Converting(decided, digest).OwnKeys())
	case err != nil && !errors.Is(err, bucket.ErrNotFound):
		return own, err
	}
	return own, nil
}

// object reports whether an object is the run's, apart from the claim.
func (o ownKeys) object(key string) bool {
	return o.isData(key) || run.IsOwn(strings.TrimPrefix(key, o.root))
}

// upload reports whether an open upload is the run's.
func (o ownKeys) upload(key string) bool {
	return o.isData(key) || key == o.manifest || strings.HasPrefix(key, o.root+"_staging/")
}

func (o ownKeys) isData(key string) bool {
	for _, own := range o.data {
		if own.Data(key) {
			return true
		}
	}
	return false
}
