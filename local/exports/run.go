package exports

import (
	"context"
	"errors"
	"net/http"
	"path"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// run writes an export: first the data, then, after the wait, the manifests.
func (s *Server) run(ctx context.Context, e *export, schema schema, records []record) {
	defer close(e.done)
	d := e.description // changes only at the end
	out := output{
		client: s.s3, bucket: d.S3Bucket, owner: d.S3BucketOwner,
		root: path.Join(d.S3Prefix, "AWSDynamoDB", path.Base(d.ARN)), incremental: d.Window != nil,
	}
	err := s.writeData(ctx, &out, d, schema, records)
	if waited := e.wait(ctx, s.options.Delay); waited != nil {
		err = waited
	}
	d.EndTime = &epoch{s.Now()}
	if err == nil && e.failure == nil {
		d.ExportManifest, err = out.writeManifests(ctx, d)
	}
	switch {
	case e.failure != nil:
		d.Status, d.FailureCode, d.FailureMessage, d.ExportManifest = failed, e.failure.code, e.failure.message, ""
	case err != nil:
		d.Status, d.FailureCode, d.FailureMessage, d.ExportManifest = failed, failureCode(err), err.Error(), ""
	default:
		d.Status, d.BilledSizeBytes, d.ItemCount = completed, &out.bytes, &out.items
	}
	s.exports.mu.Lock()
	e.description = d
	s.exports.mu.Unlock()
}

func (s *Server) writeData(ctx context.Context, out *output, d description, schema schema, records []record) (err error) {
	if err := out.begin(ctx); err != nil {
		return err
	}
	if d.Filter != nil {
		if records, err = s.filter(ctx, schema, d.Filter, records, path.Base(d.ARN)); err != nil {
			return err
		}
	}
	return out.writeFiles(ctx, records)
}

// wait returns when the delay has passed, the export was checked often enough and it is not held, or after Finish.
func (e *export) wait(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	elapsed, checked, held := timer.C, e.checked, e.held
	for elapsed != nil || checked != nil || held != nil {
		select {
		case <-elapsed:
			elapsed = nil
		case <-checked:
			checked = nil
		case <-held:
			held = nil
		case <-e.finish:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// failureCode returns the FailureCode of an export that could not be written.
func failureCode(err error) string {
	refusal, isAPI := errors.AsType[smithy.APIError](err)
	answer, isHTTP := errors.AsType[*awshttp.ResponseError](err)
	switch {
	case isAPI && refusal.ErrorCode() == "NoSuchBucket":
		return "S3NoSuchBucket"
	case isHTTP && answer.HTTPStatusCode() == http.StatusForbidden:
		return "S3AccessDenied"
	default:
		return "InternalServerError"
	}
}
