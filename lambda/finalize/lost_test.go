package finalize

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/run"
)

func (s *scanned) abort(segment, i int) {
	s.t.Helper()
	o := s.object(segment, i)
	s.must(s.bucket.Abort(s.t.Context(), bucket.Upload{Key: o.Key, ID: o.UploadID}))
}

// Nothing is completed, and the message says what is gone, why, and what to do.
func TestUploadsThatAreGoneAreNamedFirst(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 2, 4)
	for i := range 7 {
		s.abort(i%2, i/2)
	}
	client := s.wire(nil)
	_, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	if failure.NameOf(err) != failure.UploadGone || len(s.visible()) > 0 || client.count(isComplete) > 0 {
		t.Errorf("got %v, %v", err, s.visible())
	}
	contains(t, err, "nothing was committed, because S3 no longer has 7 uploads of the run in bucket "+s.plan.Bucket+": "+s.object(0, 0).Key+"; ", "; and 2 more. ",
		"The oldest upload was begun at "+s.lists[1].StartTime.UTC().Format("2006-01-02T15:04:05Z")+", 2 days and 2 hours ago. ",
		"A lifecycle rule of the bucket with AbortIncompleteMultipartUpload", "start a new execution under another name")
	if len(s.open()) != 1 {
		t.Errorf("the uploads %v are left, want one that a takeover can use", s.open())
	}
}

// If very many uploads are gone, S3 is not asked about each one.
func TestLostRunIsNotProbedToItsEnd(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 1, mostLost+60)
	for i := range mostLost + 60 {
		s.abort(0, i)
	}
	client := s.wire(nil)
	_, err := s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
	contains(t, err, fmt.Sprintf("no longer has %d uploads", mostLost+60))
	if n := client.count(isListParts); n < mostLost || n > mostLost+listsAhead {
		t.Errorf("S3 was asked about %d uploads, want about %d", n, mostLost)
	}
}

// An earlier finalize has completed an upload, somebody has replaced the object, and S3 still lists the upload. The server completes it again with
// success, and changes nothing.
func TestReplacedObjectOfAnUploadThatIsStillListed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"segment 0 object X", "segment"} {
		s := newScanned(t, 1, 2)
		s.must(s.complete(0, 0))
		o := s.object(0, 0)
		_, err := s.bucket.Put(t.Context(), o.Key, []byte(body))
		s.must(err)
		client := s.wire(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			response, err := send()
			if isListUploads(r) {
				return rewrite(response, err, "(<Upload>)", "<Upload><Key>"+o.Key+"</Key><UploadId>"+o.UploadID+"</UploadId></Upload>$1")
			}
			return response, err
		})
		_, err = s.step(client, 0).Run(t.Context(), run.FinalizeInput{Plan: s.plan})
		if failure.NameOf(err) != failure.ListsInconsistent || len(s.visible()) > 0 {
			t.Errorf("%s: got %v; visible: %v", body, err, s.visible())
		}
	}
}

// The run can never be committed, and some of its objects are completed. They are removed, and the failure says why.
func TestLostRunShowsNothing(t *testing.T) {
	t.Parallel()
	completed := func(s *scanned) { s.must(s.complete(0, 0)) } // by a finalize that ended in the middle
	otherPart := func(s *scanned) {
		list := s.lists[1]
		list.Objects[1].Parts = []run.Part{{ETag: strings.Repeat("0", 32), CRC32: "AAAAAA=="}}
		s.must(s.write(list))
	}
	for _, test := range []struct {
		name    string
		prepare func(*scanned)
		// meanwhile happens before the first upload is completed.
		meanwhile func(*scanned)
		want      failure.Name
		batched   failure.Name // the same, if the uploads are completed in batches
		says      string
	}{
		{"an upload is gone after others were completed", func(s *scanned) { completed(s); s.abort(1, 1) }, nil, failure.UploadGone, failure.UploadGone, "000001-000001-"},
		{"an upload goes after the check", nil, func(s *scanned) { s.abort(1, 1) }, failure.UploadGone, failure.UploadGone, "000001-000001-"},
		{"an object is replaced after its completion", func(s *scanned) {
			completed(s)
			_, err := s.bucket.Put(s.t.Context(), s.object(0, 0).Key, []byte("segment 0 object X"))
			s.must(err)
		}, nil, failure.ListsInconsistent, failure.ListsInconsistent, "with the checksum"},
		{"an object is cut after its completion", func(s *scanned) {
			completed(s)
			_, err := s.bucket.Put(s.t.Context(), s.object(0, 0).Key, []byte("segment"))
			s.must(err)
		}, nil, failure.ListsInconsistent, failure.ListsInconsistent, "is listed with 18 bytes, and has 7 bytes (not as listed)"},
		{"an object is removed after its completion", func(s *scanned) {
			completed(s)
			s.must(s.bucket.Delete(s.t.Context(), []string{s.object(0, 0).Key}))
			s.must(s.complete(0, 1))
		}, nil, failure.UploadGone, failure.UploadGone, "000000-000000-"},
		{"an upload has other parts than its list says", otherPart, nil, failure.ListsInconsistent, failure.UploadGone, "000001-000001-"},
		{"a list is removed after others were completed", func(s *scanned) {
			completed(s)
			s.must(s.bucket.Delete(s.t.Context(), []string{s.plan.Layout().SegmentEnd(1)}))
		}, nil, failure.ListsInconsistent, failure.ListsInconsistent, "segment 1 has 0 lists"},
		{"a list is damaged after others were completed", func(s *scanned) {
			completed(s)
			_, err := s.bucket.Put(s.t.Context(), s.plan.Layout().SegmentEnd(1), []byte(`{"version": 1`))
			s.must(err)
		}, nil, failure.ListsInconsistent, failure.ListsInconsistent, "000001-end.json is not a segment list that these functions can read"},
	} {
		for most, want := range map[int]failure.Name{0: test.want, 1: test.batched} {
			t.Run(fmt.Sprintf("%s, room for %d", test.name, most), func(t *testing.T) {
				t.Parallel()
				s := newScanned(t, 2, 2)
				if test.prepare != nil {
					test.prepare(s)
				}
				var once sync.Once
				client := s.wire(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
					if isComplete(r) && test.meanwhile != nil {
						once.Do(func() { test.meanwhile(s) })
					}
					return send()
				})
				_, err := s.execute(s.step(client, most))
				if failure.NameOf(err) != want || len(s.visible()) > 0 {
					t.Errorf("got %v, want %s; visible: %v", err, want, s.visible())
				}
				contains(t, err, test.says)
				_, err = s.finalize() // a redrive
				if !failure.NameOf(err).Permanent() || len(s.visible()) > 0 {
					t.Errorf("after a redrive: got %v; visible: %v", err, s.visible())
				}
			})
		}
	}
}

func TestLostRunSaysWhy(t *testing.T) {
	t.Parallel()
	s := newScanned(t, 1, 2)
	list := s.lists[0]
	list.Objects[1].Parts = []run.Part{{ETag: strings.Repeat("0", 32), CRC32: "AAAAAA=="}}
	s.must(s.write(list))
	_, err := s.finalize()
	contains(t, err, "nothing was committed, because the run at s3://"+s.plan.Bucket+"/AWSDynamoDB/run is not whole: ", s.object(0, 1).Key+": the upload has other parts (InvalidPart: ")
}

// The names of objects follow from the list. A list that names something else is not believed.
func TestListThatNamesAnotherObjectIsRefused(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(*run.SegmentList){
		"the same object twice": func(l *run.SegmentList) { l.Objects[1] = l.Objects[0] },
		"an object of a segment": func(l *run.SegmentList) {
			l.Objects[0].Key = strings.Replace(l.Objects[0].Key, "000001-", "000000-", 1)
		},
		"the claim":      func(l *run.SegmentList) { l.Objects[0].Key = "AWSDynamoDB/run/_started" },
		"an object less": func(l *run.SegmentList) { l.Objects = l.Objects[:1] },
		"a try of another form": func(l *run.SegmentList) {
			for i := range l.Objects {
				l.Objects[i].Key = strings.Replace(l.Objects[i].Key, l.Try, "of-another-form", 1)
			}
			l.Try = "of-another-form"
		},
		"objects in another order": func(l *run.SegmentList) { l.Objects[0], l.Objects[1] = l.Objects[1], l.Objects[0] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScanned(t, 2, 2)
			list := s.lists[1]
			forge(&list)
			s.must(s.write(list))
			_, err := s.finalize()
			if failure.NameOf(err) != failure.ListsInconsistent || len(s.visible()) > 0 {
				t.Errorf("got %v, %v", err, s.visible())
			}
			says := "which is not its next object"
			if name == "an object less" {
				says = "000001-end.json names 1 objects, and must name 2"
			}
			contains(t, err, "000001-end.json names ", says)
		})
	}
}
