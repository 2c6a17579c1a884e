package main

import (
	"crypto/md5" //nolint:gosec // what ETags and manifests have
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// listed is the number of keys in one answer of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
const listed = 1000

// simulatedRun is an S3 server with a run whose segments are all scanned, and which is too large for a disk. It computes lists and
// objects when a request needs them, always the same ones. It keeps only the commit of what finalize writes.
type simulatedRun struct {
	layout   run.Layout
	segments int
	// invocations is the number of invocations of each segment, and objects the number of objects of each invocation.
	invocations, objects int
	// lost is the number of an object that a list names but the bucket lacks; negative if there is none.
	lost int
	// keep, if not nil, is called with every object that is written.
	keep func(key string, body []byte)
	// latency is the time until the answer, by the kind of request.
	latency map[string]time.Duration

	mu       sync.Mutex
	requests map[string]int64
	written  int64
	commit   []byte
}

func (s *simulatedRun) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	kind := r.Method
	switch {
	case query.Has("uploads") && r.Method == http.MethodGet:
		kind = "LIST uploads"
	case query.Has("list-type"):
		kind = "LIST"
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	s.requests[kind]++
	if r.Method == http.MethodPut {
		s.written += int64(len(body))
		if key == s.layout.ManifestSummary() {
			s.commit = body
		}
		if s.keep != nil {
			s.keep(key, body)
		}
	}
	s.mu.Unlock()
	time.Sleep(s.latency[kind])
	switch {
	case kind == "LIST uploads":
		answer(w, struct {
			XMLName xml.Name `xml:"ListMultipartUploadsResult"`
		}{})
	case kind == "LIST":
		s.list(w, query.Get("prefix"), query.Get("continuation-token"))
	case r.Method == http.MethodGet:
		s.get(w, key)
	case r.Method == http.MethodPost && query.Has("uploads"):
		answer(w, struct {
			XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
			UploadID string   `xml:"UploadId"`
		}{UploadID: "1"})
	case r.Method == http.MethodPost:
		answer(w, struct {
			XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
			ETag    string
		}{ETag: `"etag-2"`})
	case r.Method == http.MethodPut:
		w.Header().Set("ETag", `"etag"`)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

type entry struct {
	Key, ETag string
	Size      int64
}

// list answers with the keys from the one whose number is the token.
func (s *simulatedRun) list(w http.ResponseWriter, prefix, token string) {
	first, _ := strconv.Atoi(token) // the first page has no token
	count, of := 0, func(int) entry { return entry{} }
	switch prefix {
	case s.layout.SegmentLists():
		count, of = s.segments*s.invocations, func(i int) entry {
			return entry{Key: s.layout.KeyOf(s.head(i/s.invocations, i%s.invocations)), ETag: `"list"`, Size: 1}
		}
	case s.layout.DataPrefix():
		count, of = s.segments*s.invocations*s.objects, func(i int) entry {
			o := s.object(i)
			return entry{Key: o.Key, ETag: `"` + o.ETag() + `"`, Size: o.Bytes}
		}
	}
	result := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []entry
	}{}
	for i := first; i < min(first+listed, count); i++ {
		if prefix != s.layout.DataPrefix() || i != s.lost {
			result.Contents = append(result.Contents, of(i))
		}
	}
	if next := first + listed; next < count {
		result.IsTruncated, result.NextContinuationToken = true, strconv.Itoa(next)
	}
	answer(w, result)
}

// get answers with a segment's list, the claim or the commit.
func (s *simulatedRun) get(w http.ResponseWriter, key string) {
	s.mu.Lock()
	commit := s.commit
	s.mu.Unlock()
	w.Header().Set("ETag", `"etag"`)
	switch {
	case key == s.layout.Claim(): // of an execution without a name, as in input's plan
		_ = json.NewEncoder(w).Encode(ledger.Claim{Version: run.Version}) // fails only if the client has left
		return
	case key == s.layout.ManifestSummary() && commit != nil:
		_, _ = w.Write(commit) // fails only if the client has left
		return
	}
	var segment int
	var invocation string
	if _, err := fmt.Sscanf(key, s.layout.SegmentLists()+"%06d-%6s", &segment, &invocation); err != nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code></Error>`) // fails only if the client has left
		return
	}
	number, err := strconv.Atoi(invocation)
	if err != nil { // the last one
		number = s.invocations - 1
	}
	_ = json.NewEncoder(w).Encode(s.segmentList(segment, number)) // fails only if the client has left
}

// try is the try of all invocations.
const try = "0a1b2c3d"

// segmentList is the list of an invocation. head is the same without objects.
func (s *simulatedRun) segmentList(segment, invocation int) run.SegmentList {
	list := s.head(segment, invocation)
	list.Plan = s.input().Plan.Digest()
	for i := range s.objects {
		list.Objects = append(list.Objects, s.object(segment*s.invocations*s.objects+list.FirstPart+i))
	}
	return list
}

func (s *simulatedRun) head(segment, invocation int) run.SegmentList {
	first := invocation * s.objects
	list := run.SegmentList{
		Version: run.Version, Segment: segment, Invocation: invocation, Try: try, FirstPart: first, NextPart: first + s.objects,
		Start: position(invocation), End: position(invocation + 1), Totals: run.Totals{Items: int64(s.objects)},
	}
	if invocation > 0 {
		list.After = try
	}
	if invocation == s.invocations-1 {
		list.Done, list.End = true, ""
	}
	return list
}

// object is an object of the run, by its number.
func (s *simulatedRun) object(i int) run.Object {
	each := s.invocations * s.objects
	key := s.layout.Data(i/each, i%each, try, run.ScanPlan{Compression: request.CompressionGZIP}.Extension())
	sum := md5.Sum([]byte(key)) //nolint:gosec // see the import
	return run.Object{
		Key: key, Items: 1, Bytes: request.DefaultFileSize, MD5: base64.StdEncoding.EncodeToString(sum[:]),
		UploadID: "1", Parts: slices.Repeat([]run.Part{{ETag: hex.EncodeToString(sum[:]), CRC32: "AAAAAA=="}}, 16),
	}
}

// position is the position between two invocations. It has the length of a digest.
func position(invocation int) string {
	if invocation == 0 {
		return ""
	}
	return fmt.Sprintf("%064d", invocation)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(body) // fails only if the client has left
}
