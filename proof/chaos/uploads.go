package chaos

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// readAnswer reads a response's body and replaces it, so that it can be read again.
func readAnswer(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	response.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// uploadID returns the ID of the upload that a request has begun.
func uploadID(response *http.Response) (string, error) {
	body, err := readAnswer(response)
	if err != nil {
		return "", err
	}
	var answer struct{ UploadId string } //nolint:revive // S3's name
	return answer.UploadId, xml.Unmarshal(body, &answer)
}

// forgets reports whether the request completes an upload that has ended, and is answered as if there were no such upload. S3 may answer so
// if the first answer was lost. VersityGW always repeats the first answer, so the seed draws which of the two answers follows.
func (r *seedRun) forgets(request *http.Request) bool {
	o, err := operationOf(request)
	if err != nil || o.name != "CompleteMultipartUpload" || draw(r.scenario.Seed, "forgets", o).IntN(4) == 0 {
		return false
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	return r.watch.ended[upload{key, request.URL.Query().Get("uploadId")}]
}

// uploadsPage is S3's answer to ListMultipartUploads.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
type uploadsPage struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	Bucket             string
	KeyMarker          string
	UploadIdMarker     string //nolint:revive // S3's name
	NextKeyMarker      string
	NextUploadIdMarker string //nolint:revive // S3's name
	Prefix             string
	MaxUploads         int
	IsTruncated        bool
	Upload             []listedUpload
}

type listedUpload struct {
	Key, UploadId string //nolint:revive // S3's names
	Initiated     string
}

// staleListing changes the answer to ListMultipartUploads, because S3 does not promise that it is consistent: some open uploads are missing,
// or some are there that have ended. It reports whether it has changed anything.
func (r *seedRun) staleListing(fault Fault, asked url.Values, response *http.Response, random *rand.Rand) (changed bool, err error) {
	body, err := readAnswer(response)
	if err != nil {
		return false, err
	}
	var page uploadsPage
	if err := xml.Unmarshal(body, &page); err != nil {
		return false, err
	}
	before := len(page.Upload)
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	if fault == faultUploadHidden {
		page.Upload = slices.DeleteFunc(page.Upload, func(u listedUpload) bool {
			hidden := random.IntN(2) == 0
			if hidden {
				r.watch.hidden[upload{u.Key, u.UploadId}] = true
			}
			return hidden
		})
	} else {
		for ended := range r.watch.ended {
			inPage := strings.HasPrefix(ended.key, asked.Get("prefix")) && ended.key > asked.Get("key-marker") && (!page.IsTruncated || ended.key <= page.NextKeyMarker)
			if _, begun := r.watch.begun[ended]; begun && inPage {
				page.Upload = append(page.Upload, listedUpload{ended.key, ended.id, "2026-01-31T06:00:00Z"})
			}
		}
		slices.SortStableFunc(page.Upload, func(a, b listedUpload) int { return strings.Compare(a.Key, b.Key) })
	}
	if body, err = xml.Marshal(page); err != nil {
		return false, err
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return len(page.Upload) != before, nil
}

// Hidden reports whether a listing has hidden uploads. The model has no such listings.
func (r Report) Hidden() bool { return r.Faults[faultUploadHidden] > 0 }

// checkUploads returns an error for an open upload that nothing explains. An upload may stay open if it was begun after the finalize that
// committed its run had listed the uploads, or if this listing did not show it, or if its run committed nothing.
func (r *seedRun) checkUploads(ctx context.Context) error {
	left, err := r.uploads(ctx)
	if err != nil {
		return err
	}
	removed := r.removedStaging()
	w := r.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range left {
		open := upload{aws.ToString(u.Key), aws.ToString(u.UploadId)}
		root, _, _ := strings.Cut(open.key, dataFolder)
		committed, ok := w.commits[root]
		of, staged := strings.CutSuffix(root, strings.TrimSuffix(stagingFolder, "/"))
		switch _, whole := w.commits[of]; {
		case staged && whole && w.begun[open] > removed:
			r.injected(leftStaged, "readers", open.key)
		case w.foreign[open.key]:
		case !ok:
			r.injected(leftUncommitted, "readers", open.key)
		case w.begun[open] > w.listed[committed.caller]:
			r.injected(leftLate, "readers", open.key)
		case w.hidden[open]:
			r.injected(leftHidden, "readers", open.key)
		default:
			return fmt.Errorf("the upload of %s is open, and finalize did not end it", open.key)
		}
	}
	return nil
}
