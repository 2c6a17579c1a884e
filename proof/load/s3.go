package main

import (
	"crypto/md5" //nolint:gosec // what ETags have
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/run"
)

// listed is the number of keys in one answer of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
const listed = 1000

// simulatedRun is an S3 server with a run whose segments are all scanned, and which is too large for a disk. It computes lists, uploads and
// objects when a request needs them, always the same ones. It keeps which uploads are completed, and the commit of what finalize writes.
type simulatedRun struct {
	layout   run.Layout
	segments int
	// invocations is the number of invocations of each segment, and objects the number of objects of each invocation.
	invocations, objects int
	// lost is the number of an object that a list names, and of which S3 has neither the upload nor the object; negative if there is none.
	lost int
	// keep, if not nil, is called with every object that is written.
	keep func(key string, body []byte)
	// latency is the time until the answer, by the kind of request.
	latency map[string]time.Duration

	mu        sync.Mutex
	requests  map[string]int64
	written   int64
	commit    []byte
	completed []bool // by the number of the object
}

func (s *simulatedRun) total() int { return s.segments * s.invocations * s.objects }

// complete completes the uploads from one number to before another.
func (s *simulatedRun) complete(from, to int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.completed == nil {
		s.completed = make([]bool, s.total())
	}
	for i := from; i < to; i++ {
		s.completed[i] = true
	}
}

// has returns the numbers of the first objects from one on that are completed, or that are not. next is where the search ended.
func (s *simulatedRun) has(completed bool, from int) (numbers []int, next int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for next = from; next < s.total() && len(numbers) < listed; next++ {
		if next != s.lost && (s.completed != nil && s.completed[next]) == completed {
			numbers = append(numbers, next)
		}
	}
	return numbers, next
}

func (s *simulatedRun) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	kind := r.Method
	switch {
	case query.Has("uploads") && r.Method == http.MethodGet:
		kind = "LIST uploads"
	case query.Has("list-type"):
		kind = "LIST"
	case query.Has("uploadId") && r.Method == http.MethodGet:
		kind = "LIST parts"
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
	inData := strings.HasPrefix(key, s.layout.DataPrefix())
	switch {
	case kind == "LIST uploads":
		s.listUploads(w, query.Get("key-marker"))
	case kind == "LIST":
		s.list(w, query.Get("prefix"), query.Get("start-after"), query.Get("continuation-token"))
	case kind == "LIST parts":
		s.listParts(w, s.number(key)-1)
	case r.Method == http.MethodGet:
		s.get(w, key)
	case r.Method == http.MethodPost && query.Has("uploads"):
		answer(w, struct {
			XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
			UploadID string   `xml:"UploadId"`
		}{UploadID: "1"})
	case r.Method == http.MethodPost && inData:
		i := s.number(key) - 1
		s.complete(i, i+1)
		answer(w, completion{ETag: quoted(s.object(i).ETag())})
	case r.Method == http.MethodPost: // the upload of a manifest
		var of struct{ Part []run.Part }
		if xml.Unmarshal(body, &of) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for i := range of.Part {
			of.Part[i].ETag = strings.Trim(of.Part[i].ETag, `"`)
		}
		answer(w, completion{ETag: quoted(run.Object{Parts: of.Part}.ETag())})
	case r.Method == http.MethodPut:
		w.Header().Set("ETag", quoted(fmt.Sprintf("%x", md5.Sum(body)))) //nolint:gosec // what ETags are
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

type completion struct {
	XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
	ETag    string
}

// listUploads answers with the open uploads after a key.
func (s *simulatedRun) listUploads(w http.ResponseWriter, after string) {
	type upload struct {
		Key       string
		UploadID  string `xml:"UploadId"`
		Initiated time.Time
	}
	result := struct {
		XMLName                           xml.Name `xml:"ListMultipartUploadsResult"`
		IsTruncated                       bool
		NextKeyMarker, NextUploadIDMarker string
		Upload                            []upload
	}{}
	numbers, next := s.has(false, s.number(after))
	for _, i := range numbers {
		result.Upload = append(result.Upload, upload{s.object(i).Key, "1", time.Unix(1e9, 0)})
	}
	if next < s.total() && len(numbers) > 0 {
		result.IsTruncated, result.NextKeyMarker = true, s.object(next-1).Key
	}
	answer(w, result)
}

// listParts says whether an upload is open.
func (s *simulatedRun) listParts(w http.ResponseWriter, i int) {
	if numbers, _ := s.has(false, i); len(numbers) > 0 && numbers[0] == i {
		answer(w, struct {
			XMLName xml.Name `xml:"ListPartsResult"`
		}{})
		return
	}
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `<Error><Code>NoSuchUpload</Code></Error>`) // fails only if the client has left
}

type entry struct {
	Key, ETag string
	Size      int64
}

// list answers with the keys after one, or from the one whose number is the token.
func (s *simulatedRun) list(w http.ResponseWriter, prefix, after, token string) {
	first, given := strconv.Atoi(token)
	result := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []entry
	}{}
	next, count := 0, 0
	switch {
	case prefix == s.layout.Root+"/": // each simulated run has more than one answer holds
		result.Contents = make([]entry, listed)
		for i := range result.Contents {
			result.Contents[i].Key = fmt.Sprintf("%s%06d", s.layout.PaceMarkers(), i)
		}
		count = 1
	case prefix == s.layout.SegmentLists():
		if given != nil {
			var segment int
			_, _ = fmt.Sscanf(strings.TrimPrefix(after, prefix), "%06d-", &segment) // 0 without a key
			first = segment * s.invocations
		}
		count = s.segments * s.invocations
		for next = first; next < min(first+listed, count); next++ {
			result.Contents = append(result.Contents, entry{Key: s.layout.KeyOf(s.head(next/s.invocations, next%s.invocations)), ETag: `"list"`, Size: 1})
		}
	case strings.HasPrefix(prefix, s.layout.DataPrefix()):
		if given != nil {
			first = s.number(after)
		}
		if prefix != s.layout.DataPrefix() { // one object
			first = s.number(prefix) - 1
		}
		var numbers []int
		numbers, next = s.has(true, first)
		count = s.total()
		for _, i := range numbers {
			o := s.object(i)
			result.Contents = append(result.Contents, entry{Key: o.Key, ETag: quoted(o.ETag()), Size: o.Bytes})
		}
	}
	if next < count {
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

func quoted(tag string) string { return `"` + tag + `"` }

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(body) // fails only if the client has left
}
