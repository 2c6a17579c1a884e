package chaos

import (
	"context"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/fault"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// openUploads returns the open uploads of the data objects of the pass in which the hand acts.
func (h *hand) openUploads(ctx context.Context) (open []upload, err error) {
	plan, err := h.plan(ctx)
	if err != nil {
		return nil, err
	}
	uploads, err := h.run.uploads(ctx)
	for _, u := range uploads {
		if strings.HasPrefix(*u.Key, plan.Layout().DataPrefix()) {
			open = append(open, upload{*u.Key, *u.UploadId})
		}
	}
	return open, err
}

// addUpload begins an upload.
func (h *hand) addUpload(ctx context.Context) (deed, error) {
	plan, err := h.plan(ctx)
	if err != nil {
		return deed{}, err
	}
	layout := plan.Layout()
	var did deed
	key := layout.Data(plan.Scan.Segments()[0], 0, foreignTry, plan.Scan.Extension())
	switch h.random.IntN(4) {
	case 0:
		open, err := h.openUploads(ctx)
		if err != nil || len(open) == 0 {
			return did, err
		}
		key = pick(h.random, open...).key
	case 1:
		did.swept = []string{key}
	case 2:
		key = layout.ManifestFiles()
	default:
		key = layout.DataPrefix() + "notes.txt"
		did.kept = []string{key}
	}
	did.what = "begins an upload to " + key
	_, err = h.run.harness.objects.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &h.run.bucket, Key: &key})
	return did, err
}

// abortUpload aborts an upload of the run, as a lifecycle rule does.
func (h *hand) abortUpload(ctx context.Context, o operation) (deed, error) {
	open, err := h.openUploads(ctx)
	if err != nil {
		return deed{}, err
	}
	did := deed{fails: []failure.Name{failure.UploadGone}, mended: true}
	if h.at != atScan {
		chained, lists, err := h.chain(ctx)
		if err != nil {
			return deed{}, err
		}
		named := map[upload]bool{}
		for _, key := range chained {
			for _, object := range lists[key].Objects {
				named[upload{object.Key, object.UploadID}] = true
			}
		}
		open = slices.DeleteFunc(open, func(u upload) bool {
			return !named[u] || o.name == "CompleteMultipartUpload" && tried.ReplaceAllString(u.key, "$1-TRY") == o.subject
		})
		did.certain = h.readersEnded()
	}
	if len(open) == 0 {
		return deed{}, nil
	}
	chosen := pick(h.random, open...)
	did.what = "aborts the upload of " + chosen.key
	_, err = h.run.harness.objects.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &h.run.bucket, Key: &chosen.key, UploadId: &chosen.id})
	if fault.Code(err) == "NoSuchUpload" { // the run has just completed or aborted it
		return deed{}, nil
	}
	return did, err
}
