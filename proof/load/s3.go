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
	"strconv"
	"strings"
	"sync"
	"time"

	"dynamodb-to-s3/lambda/ledger"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
)

// listed is how many keys S3 lists in one answer.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
const listed = 1000

// lake answers as S3 does to a finalize, for a run that has scanned every segment and that no disk would hold: its objects and
// lists are made up when they are asked for, the same ones each time. Of what is written it keeps the commit alone.
type lake struct {
	layout   run.Layout
	segments int
	// invocations is how many each segment took, objects how many each of those closed.
	invocations, objects int
	// lost is the number of an object that a list names and nobody has; of none where it is negative.
	lost int
	// keep, if it is given, is told what is written.
	keep func(key string, body []byte)
	// latency is how long S3 takes to answer, by the kind of request.
	latency map[string]time.Duration

	mu       sync.Mutex
	requests map[string]int64
	written  int64
	commit   []byte
}

func (l *lake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		return // nobody is there any more
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	l.mu.Lock()
	l.requests[kind]++
	if r.Method == http.MethodPut {
		l.written += int64(len(body))
		if key == l.layout.ManifestSummary() {
			l.commit = body
		}
		if l.keep != nil {
			l.keep(key, body)
		}
	}
	l.mu.Unlock()
	time.Sleep(l.latency[kind])
	switch {
	case kind == "LIST uploads":
		answer(w, struct {
			XMLName xml.Name `xml:"ListMultipartUploadsResult"`
		}{})
	case kind == "LIST":
		l.list(w, query.Get("prefix"), query.Get("continuation-token"))
	case r.Method == http.MethodGet:
		l.get(w, key)
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

// list answers with the keys from the one on whose number is the token.
func (l *lake) list(w http.ResponseWriter, prefix, token string) {
	first, _ := strconv.Atoi(token) // of the first page there is none
	count, of := 0, func(int) entry { return entry{} }
	switch prefix {
	case l.layout.SegmentLists():
		count, of = l.segments*l.invocations, func(i int) entry {
			return entry{Key: l.layout.KeyOf(l.head(i/l.invocations, i%l.invocations)), ETag: `"list"`, Size: 1}
		}
	case l.layout.DataPrefix():
		count, of = l.segments*l.invocations*l.objects, func(i int) entry {
			o := l.object(i)
			return entry{Key: o.Key, ETag: `"` + o.ETag + `"`, Size: o.Bytes}
		}
	}
	result := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []entry
	}{}
	for i := first; i < min(first+listed, count); i++ {
		if prefix != l.layout.DataPrefix() || i != l.lost {
			result.Contents = append(result.Contents, of(i))
		}
	}
	if next := first + listed; next < count {
		result.IsTruncated, result.NextContinuationToken = true, strconv.Itoa(next)
	}
	answer(w, result)
}

// get answers with a segment's list, the claim or the commit; there is nothing else to read.
func (l *lake) get(w http.ResponseWriter, key string) {
	l.mu.Lock()
	commit := l.commit
	l.mu.Unlock()
	switch {
	case key == l.layout.Claim(): // of the execution without a name that input's plan is of
		_ = json.NewEncoder(w).Encode(ledger.Claim{Version: run.Version}) // a caller that has gone is told nothing
		return
	case key == l.layout.ManifestSummary() && commit != nil:
		_, _ = w.Write(commit) // see above
		return
	}
	var segment int
	var invocation string
	if _, err := fmt.Sscanf(key, l.layout.SegmentLists()+"%06d-%6s", &segment, &invocation); err != nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code></Error>`) // a caller that has gone is told nothing
		return
	}
	number, err := strconv.Atoi(invocation)
	if err != nil { // the end's
		number = l.invocations - 1
	}
	_ = json.NewEncoder(w).Encode(l.segmentList(segment, number)) // a caller that has gone is told nothing
}

// try is that of all invocations.
const try = "0a1b2c3d"

// segmentList is the list of an invocation, and head the same without its objects.
func (l *lake) segmentList(segment, invocation int) run.SegmentList {
	list := l.head(segment, invocation)
	for i := range l.objects {
		list.Objects = append(list.Objects, l.object(segment*l.invocations*l.objects+list.FirstPart+i))
	}
	return list
}

func (l *lake) head(segment, invocation int) run.SegmentList {
	first := invocation * l.objects
	list := run.SegmentList{
		Version: run.Version, Segment: segment, Invocation: invocation, Try: try, FirstPart: first, NextPart: first + l.objects,
		Start: position(invocation), End: position(invocation + 1), Totals: run.Totals{Items: int64(l.objects)},
	}
	if invocation > 0 {
		list.After = try
	}
	if invocation == l.invocations-1 {
		list.Done, list.End = true, ""
	}
	return list
}

// object is the object of a number among all of the run.
func (l *lake) object(i int) run.Object {
	each := l.invocations * l.objects
	key := l.layout.Data(i/each, i%each, try, run.ScanPlan{Compression: request.CompressionGZIP}.Extension())
	sum := md5.Sum([]byte(key)) //nolint:gosec // see the import
	return run.Object{
		Key: key, Items: 1, Bytes: request.DefaultFileSize, ETag: hex.EncodeToString(sum[:]) + "-16", MD5: base64.StdEncoding.EncodeToString(sum[:]),
	}
}

// position is that between two invocations, as long as a digest is.
func position(invocation int) string {
	if invocation == 0 {
		return ""
	}
	return fmt.Sprintf("%064d", invocation)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(body) // a caller that has gone is told nothing
}
