package finalize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

func TestMain(m *testing.M) { testservers.Main(m) }

const try = "0a1b2c3d"

// scanned is a run whose segments are all scanned: its uploads are open, and its lists are there.
type scanned struct {
	t      *testing.T
	config aws.Config
	bucket *bucket.Bucket
	plan   run.Plan
	lists  []run.SegmentList
}

// newScanned makes a run with so many objects in each segment. Each object has one part.
func newScanned(t *testing.T, segments, objects int, configure ...func(*aws.Config)) *scanned {
	t.Helper()
	_, config := testservers.Configs()
	for _, each := range configure {
		each(&config)
	}
	s := &scanned{t: t, config: config, plan: run.Plan{
		Version: run.Version, Mode: request.ModeScan, RunID: "run", Bucket: testservers.Bucket(t), Root: "AWSDynamoDB/run", StartTime: time.Unix(1e9, 0).UTC(),
		Scan: &run.ScanPlan{TotalSegments: segments, Compression: request.CompressionGZIP},
	}}
	s.bucket = bucket.New(awsclient.S3(config), s.plan)
	if _, err := ledger.CreateClaim(t.Context(), s.bucket, ledger.Claim{Output: run.PlanOutput{Plan: s.plan}}); err != nil {
		t.Fatal(err)
	}
	s.lists = make([]run.SegmentList, segments)
	var writing errgroup.Group
	writing.SetLimit(8)
	for segment := range segments {
		writing.Go(func() error {
			began := time.Now().Add(-50*time.Hour - time.Duration(segment)*time.Minute)
			list := run.SegmentList{
				Version: run.Version, Plan: s.plan.Digest(), Segment: segment, Try: try, NextPart: objects, Done: true,
				StartTime: began, EndTime: began.Add(10 * time.Minute), Totals: run.Totals{Items: int64(objects), Pages: 2, PageBytes: 3000},
				Work: run.Work{
					ThrottledTries: int64(segment), Throttles: map[string]int64{fmt.Sprint("reason ", segment%2): int64(segment)}, WaitSeconds: 0.1, FlushSeconds: 0.002,
					IntervalSeconds: 32, Intervals: []run.Interval{{Items: int64(objects), PageBytes: 3000}},
				},
			}
			for i := range objects {
				o, err := s.upload(s.plan.Layout().Data(segment, i, try, ".json.gz"), fmt.Sprintf("segment %d object %d", segment, i))
				if err != nil {
					return err
				}
				list.Objects = append(list.Objects, o)
			}
			s.lists[segment] = list
			return s.write(list)
		})
	}
	if err := writing.Wait(); err != nil {
		t.Fatal(err)
	}
	return s
}

// upload leaves an upload open.
func (s *scanned) upload(key, body string) (run.Object, error) {
	upload, err := s.bucket.StartUpload(s.t.Context(), key)
	if err != nil {
		return run.Object{}, err
	}
	part, err := s.bucket.PutPart(s.t.Context(), upload, 1, []byte(body))
	return run.Object{Key: key, Items: 1, Bytes: int64(len(body)), MD5: "md5 of " + body, UploadID: upload.ID, Parts: []run.Part{part}}, err
}

func (s *scanned) write(list run.SegmentList) error {
	_, err := s.bucket.Put(s.t.Context(), s.plan.Layout().KeyOf(list), run.Marshal(list))
	return err
}

func (s *scanned) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scanned) object(segment, i int) run.Object { return s.lists[segment].Objects[i] }

func (s *scanned) complete(segment, i int) error {
	o := s.object(segment, i)
	_, err := s.bucket.Complete(s.t.Context(), bucket.Upload{Key: o.Key, ID: o.UploadID}, o.Parts, o.Bytes)
	return err
}

// step is a step whose requests go through a client; nil for the usual one.
func (s *scanned) step(client aws.HTTPClient, most int) *Step {
	config := s.config.Copy()
	if client != nil {
		config.HTTPClient = client
		config.Retryer = func() aws.Retryer { return aws.NopRetryer{} } // a fault returns at once
	}
	return &Step{Objects: func(run.Plan) *s3.Client { return awsclient.S3(config) }, Log: slog.New(slog.DiscardHandler), MostUploads: most}
}

// finalize calls the step once, without limits or faults.
func (s *scanned) finalize() (run.FinalizeOutput, error) {
	return s.step(nil, 0).Run(s.t.Context(), run.FinalizeInput{Plan: s.plan})
}

func (s *scanned) visible() []string {
	s.t.Helper()
	return testservers.Keys(s.t, s.plan.Bucket, s.plan.Layout().DataPrefix())
}

func (s *scanned) open() (uploads []bucket.Upload) {
	s.t.Helper()
	for upload, err := range s.bucket.Uploads(s.t.Context(), "") {
		s.must(err)
		uploads = append(uploads, upload)
	}
	return uploads
}

// committed fails the test unless the run is committed: the manifest and the bucket have exactly the listed objects, in order.
func (s *scanned) committed(out run.FinalizeOutput, err error) {
	s.t.Helper()
	s.must(err)
	var want []manifest.File
	var keys []string
	for _, list := range s.lists {
		for _, o := range list.Objects {
			entry, err := s.bucket.Find(s.t.Context(), o.Key)
			s.must(err)
			if fault, err := difference(s.t.Context(), s.bucket, o, entry); err != nil || fault != "" {
				s.t.Errorf("%s, %v", fault, err)
			}
			want = append(want, manifest.File{ItemCount: 1, MD5Checksum: o.MD5, ETag: entry.ETag, DataFileKey: o.Key})
			keys = append(keys, o.Key)
		}
	}
	body, err := s.bucket.Get(s.t.Context(), s.plan.Layout().ManifestFiles())
	s.must(err)
	files, err := manifest.DecodeFiles(body)
	s.must(err)
	if diff := cmp.Diff(want, files); diff != "" {
		s.t.Errorf("the manifest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(keys, s.visible()); diff != "" {
		s.t.Errorf("the folder data (-want +got):\n%s", diff)
	}
	if open := s.open(); len(open) > 0 {
		s.t.Errorf("uploads are left: %v", open)
	}
	r := out.Result
	if n := int64(len(keys)); r.RunID != "run" || r.Objects != n || r.Records != n || r.Items != n || r.Foreign != nil {
		s.t.Errorf("got %+v, want %d objects", r, n)
	}
	var work run.WorkTotals
	for _, list := range s.lists {
		work.Add(list.Worked())
	}
	if diff := cmp.Diff(&work, r.Work); diff != "" || r.Conversion != nil {
		s.t.Errorf("the result says about a conversion %+v, about the scan (-want +got):\n%s", r.Conversion, diff)
	}
	sum, err := s.bucket.Get(s.t.Context(), s.plan.Layout().Checksum(s.plan.Layout().ManifestFiles()))
	if s.must(err); !bytes.Equal(sum, manifest.Checksum(body)) {
		s.t.Errorf("the checksum of the manifest is %s", sum)
	}
}

// wire is a client that counts requests and can change them. do gets the number of the request, from 1.
type wire struct {
	aws.HTTPClient
	mu   sync.Mutex
	n    int
	seen []*http.Request
	do   func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error)
}

func (s *scanned) wire(do func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error)) *wire {
	return &wire{HTTPClient: s.config.HTTPClient, do: do}
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.n++
	n := w.n
	w.seen = append(w.seen, r)
	w.mu.Unlock()
	send := func() (*http.Response, error) { return w.HTTPClient.Do(r) }
	if w.do == nil {
		return send()
	}
	return w.do(n, r, send)
}

// count counts the requests that were seen.
func (w *wire) count(of func(*http.Request) bool) (n int) {
	for _, r := range w.seen {
		if of(r) {
			n++
		}
	}
	return n
}

func isComplete(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

func isListParts(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("uploadId")
}

func isListUploads(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("uploads")
}

var errCut = errors.New("the connection was cut")

// rewrite replaces text in an answer.
func rewrite(response *http.Response, err error, pattern, by string) (*http.Response, error) {
	if err != nil || response.Request.Method == http.MethodHead {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	body = regexp.MustCompile(pattern).ReplaceAll(body, []byte(by))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", fmt.Sprint(len(body)))
	return response, err
}

func contains(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("no %q in %v", word, err)
		}
	}
}
