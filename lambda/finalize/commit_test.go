package finalize

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A run of several spans, with leftovers and names of others at the edges of the spans. The folder is listed at once, or each span lists its
// part.
func TestSpansAreOneRun(t *testing.T) {
	t.Parallel()
	for _, large := range []bool{false, true} {
		t.Run(fmt.Sprintf("a large folder: %t", large), func(t *testing.T) {
			t.Parallel()
			spansAreOneRun(t, large)
		})
	}
}

func spansAreOneRun(t *testing.T, large bool) {
	t.Helper()
	s := newScanned(t, 3*leastOfSpan, 2)
	client := s.wire(nil)
	if large {
		client = s.inLargeFolder(nil)
	}
	finalize := func() (run.FinalizeOutput, error) {
		return s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	}
	layout := s.plan.Layout()
	for _, stray := range []string{layout.Data(0, 9, "ffffffff", ".json.gz"), layout.Data(8, 0, "00000000", ".json.gz"), layout.Data(23, 9, try, ".json.gz")} {
		_, err := s.bucket.Put(t.Context(), stray, []byte("left over"))
		s.must(err)
		_, err = s.upload(stray, "left over")
		s.must(err)
	}
	s.must(s.write(run.SegmentList{Version: run.Version, Plan: s.plan.Digest(), Segment: 8, Try: "ffffffff", Work: run.Work{WaitSeconds: 1e6, ThrottledTries: 1e6}}))
	foreign := []string{"data/", "data/000007-zzz", "data/000008-", "data/000015-x", "data/000016", "data/_SUCCESS", "data/~", "_segments/000008-", "_segments/zzz"}
	for _, name := range foreign[1:] {
		_, err := s.bucket.Put(t.Context(), layout.Root+"/"+name, []byte("somebody's"))
		s.must(err)
	}
	out, err := finalize()
	s.must(err)
	if n, want := client.count(isListing), map[bool]int{false: 2, true: 2 + 3*3}[large]; n != want {
		t.Errorf("%d listings, want %d", n, want)
	}
	if f := out.Result.Foreign; f == nil || f.Count != int64(len(foreign)-1) || len(f.Keys) != 3 {
		t.Errorf("got %+v, want %d names of others", f, len(foreign)-1)
	}
	for _, name := range foreign[1:] {
		s.must(s.bucket.Delete(t.Context(), []string{layout.Root + "/" + name}))
	}
	out.Result.Foreign = nil
	s.committed(out, nil)
	if lists := slices.Collect(func(yield func(string) bool) {
		for entry, err := range s.bucket.List(t.Context(), layout.SegmentLists()) {
			s.must(err)
			yield(entry.Key)
		}
	}); len(lists) != 3*leastOfSpan {
		t.Errorf("got the lists %v", lists)
	}
	before := s.visible()
	again, err := finalize()
	if s.must(err); again.Result.Objects != out.Result.Objects || !slices.Equal(before, s.visible()) {
		t.Errorf("got %+v again", again)
	}
}

// An invocation is killed at each of its requests, before S3 gets it or before the answer arrives. The next one commits the run.
func TestKilledAnywhereAndRepeated(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 1} { // all at once, and in batches
		for _, carriedOut := range []bool{false, true} {
			t.Run(fmt.Sprintf("room for %d, carried out %v", most, carriedOut), func(t *testing.T) {
				t.Parallel()
				for kill, killed := 1, true; killed; kill++ {
					var cut atomic.Bool
					s := newScanned(t, 2, 1)
					_, err := s.upload(s.plan.Layout().Data(1, 0, "ffffffff", ".json.gz"), "left over")
					s.must(err)
					client := s.wire(func(n int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
						if n < kill {
							return send()
						}
						if cut.Store(true); n == kill && carriedOut {
							if response, err := send(); err == nil {
								_ = response.Body.Close() // nobody gets it
							}
						}
						return nil, errCut
					})
					_, err = s.execute(s.step(client, most))
					if killed = cut.Load(); killed != (err != nil) {
						// The commit is done, and only its checksums were missing or its answer was lost.
						t.Fatalf("killed at request %d: %v, %v", kill, killed, err)
					}
					out, err := s.execute(s.step(nil, most))
					s.committed(out, err)
				}
			})
		}
	}
}

// execute takes the state machine's place: it finalizes, completes all batches, and finalizes again.
func (s *scanned) execute(step *Step) (run.FinalizeOutput, error) {
	s.t.Helper()
	for range 3 {
		out, err := step.Run(s.t.Context(), run.FinalizeInput{Plan: s.plan})
		if err != nil || len(out.Batches) == 0 {
			return out, err
		}
		for _, batch := range out.Batches {
			for done := false; !done; done = out.Done {
				if out, err = step.Run(s.t.Context(), run.FinalizeInput{Plan: s.plan, Batch: &batch}); err != nil {
					return out, err
				}
			}
		}
	}
	s.t.Fatal("finalize asks for batches again and again")
	return run.FinalizeOutput{}, nil
}

// Another finalize does all of its work before one of the requests of the first one.
func TestTwoFinalizesAtOnce(t *testing.T) {
	t.Parallel()
	for _, large := range []bool{false, true} {
		t.Run(fmt.Sprintf("a large folder: %t", large), func(t *testing.T) {
			t.Parallel()
			twoFinalizes(t, large)
		})
	}
}

func twoFinalizes(t *testing.T, large bool) {
	t.Helper()
	for at, more := 1, true; more; at++ {
		var both atomic.Bool
		s := newScanned(t, 2, 2)
		_, err := s.upload(s.plan.Layout().Data(1, 0, "ffffffff", ".json.gz"), "left over")
		s.must(err)
		other := func(n int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			if n == at {
				both.Store(true)
				s.committed(s.finalize())
			}
			return send()
		}
		client := s.wire(other)
		if large {
			client = s.inLargeFolder(other)
		}
		out, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
		if err != nil && failure.NameOf(err).Permanent() {
			t.Fatalf("at request %d: %v", at, err)
		}
		if err != nil { // a list that the other one swept
			out, err = s.finalize()
		}
		s.committed(out, err)
		more = both.Load()
	}
}

// The bucket has more than the run left there, and it can still be committed.
func TestRunIsCommittedBeside(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(s *scanned){
		"two uploads of one key": func(s *scanned) {
			_, err := s.upload(s.object(0, 0).Key, "the answer to its start was lost")
			s.must(err)
			_, err = s.bucket.StartUpload(s.t.Context(), s.object(1, 1).Key)
			s.must(err)
		},
		"another object under the key of an upload": func(s *scanned) {
			_, err := s.bucket.Put(s.t.Context(), s.object(0, 0).Key, []byte("of the same length"[:17]+"x"))
			s.must(err)
			_, err = s.bucket.Put(s.t.Context(), s.object(0, 1).Key, []byte("longer or shorter"))
			s.must(err)
		},
		"the same object under the key of an upload": func(s *scanned) {
			o, err := s.upload(s.object(0, 0).Key, "segment 0 object 0")
			s.must(err)
			_, err = s.bucket.Complete(s.t.Context(), bucket.Upload{Key: o.Key, ID: o.UploadID}, o.Parts, o.Bytes)
			s.must(err)
		},
		"some are completed": func(s *scanned) { s.must(s.complete(1, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScanned(t, 2, 2)
			prepare(s)
			s.committed(s.finalize())
		})
	}
}

// S3 gives objects an ETag that does not follow from the parts, as it may with a KMS key. The checksum decides, in the first finalize and in
// a repeated one.
func TestChecksumDecidesIfTheETagIsAnother(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 2, 2)
	otherTags := func(kill bool) *wire {
		return s.wire(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			if kill && r.Method == http.MethodPut {
				return nil, errCut
			}
			response, err := send()
			return rewrite(response, err, `[0-9a-f]{32}-1`, "abcdef")
		})
	}
	if _, err := s.step(otherTags(true), 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan}); err == nil || len(s.visible()) != 4 {
		t.Fatalf("got %v, %v", err, s.visible())
	}
	client := otherTags(false)
	out, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	if s.must(err); out.Result.Objects != 4 {
		t.Errorf("got %+v", out.Result)
	}
	if n := client.count(func(r *http.Request) bool { return r.Method == http.MethodHead }); n != 4 {
		t.Errorf("%d checksums were read, want 4", n)
	}
}

// The SDK is configured to send no checksums, so the uploads have none.
func TestETagDecidesWithoutChecksums(t *testing.T) {
	t.Parallel()
	bare := func(config *aws.Config) {
		config.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}
	s := newScanned(t, 2, 2, bare)
	if sum := s.object(0, 0).CRC32(); sum != "" {
		t.Fatalf("the parts have the checksum %s", sum)
	}
	s.committed(s.finalize())

	s = newScanned(t, 1, 1, bare)
	client := s.wire(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		response, err := send()
		return rewrite(response, err, `[0-9a-f]{32}-1`, "abcdef")
	})
	_, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	if failure.NameOf(err) != failure.ListsInconsistent || len(s.visible()) > 0 {
		t.Errorf("got %v, %v", err, s.visible())
	}
	contains(t, err, "is listed with parts that make the ETag "+s.object(0, 0).ETag()+", and has the ETag abcdef")
}

// withoutUploads removes the uploads from a listing. S3 does not promise that a listing has every upload.
func withoutUploads(r *http.Request, response *http.Response, err error) (*http.Response, error) {
	if isListUploads(r) {
		return rewrite(response, err, `(?s)<Upload>.*</Upload>`, "")
	}
	return response, err
}

func TestUploadThatIsNotListedIsFound(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 2, 2)
	client := s.wire(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		response, err := send()
		return withoutUploads(r, response, err)
	})
	out, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	s.committed(out, err)
	if n := client.count(isListParts); n != 4 {
		t.Errorf("%d uploads were looked up, want 4", n)
	}
}

// A listing does not show the uploads, and another finalize completes them before S3 is asked about each one.
func TestUploadThatIsCompletedMeanwhileIsFound(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 1, 1)
	client := s.wire(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if isListParts(r) {
			s.must(s.complete(0, 0))
		}
		response, err := send()
		return withoutUploads(r, response, err)
	})
	out, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	s.committed(out, err)
}
