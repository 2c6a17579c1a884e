package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dynamodb-to-s3/lambda/run"
)

// tables answers Scan with pages from memory. The name of the table says what it answers: "<shape>-<pages>-<latency>". So one server
// serves every measurement.
type tables struct{ pages map[string][]page }

// source is the meaning of the name of a table.
type source struct {
	Shape   string
	Pages   int
	Latency time.Duration // from a request to its answer
}

func (s source) String() string { return fmt.Sprintf("%s-%d-%s", s.Shape, s.Pages, s.Latency) }

func parseSource(name string) (s source, err error) {
	shape, rest, _ := strings.Cut(name, "-")
	pages, latency, _ := strings.Cut(rest, "-")
	s.Shape = shape
	if s.Pages, err = strconv.Atoi(pages); err != nil {
		return s, err
	}
	s.Latency, err = time.ParseDuration(latency)
	return s, err
}

const (
	checksumHeader = "X-Amz-Crc32"
	noTable        = `{"Table": {}}`
)

func (t *tables) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	var asked struct {
		TableName         string
		ExclusiveStartKey struct{ Page struct{ N string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s, err := parseSource(asked.TableName)
	served := t.pages[s.Shape]
	if err != nil || len(served) == 0 {
		http.Error(w, "no such table", http.StatusBadRequest)
		return
	}
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeTable") { // the plans of the bench have no TableId
		w.Header().Set(checksumHeader, strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(noTable))), 10))
		_, _ = io.WriteString(w, noTable)
		return
	}
	n, _ := strconv.Atoi(asked.ExclusiveStartKey.Page.N) // the first page has no key
	p, key := served[n%len(served)], []byte(nil)
	if n+1 < s.Pages {
		key = fmt.Appendf(nil, `,"LastEvaluatedKey":{"Page":{"N":"%d"}}`, n+1)
	}
	sum := crc32.ChecksumIEEE(p.head)
	sum = crc32.Update(sum, crc32.IEEETable, key)
	sum = crc32.Update(sum, crc32.IEEETable, p.tail)
	w.Header().Set(checksumHeader, strconv.FormatUint(uint64(sum), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(p.head)+len(key)+len(p.tail)))
	time.Sleep(s.Latency - time.Since(arrived))
	for _, part := range [][]byte{p.head, key, p.tail} {
		if _, err := w.Write(part); err != nil {
			return // the client has left
		}
	}
}

// bucket is an S3 server that keeps nothing. A read of a staged file gets that file. Every other read gets the claim of a run without an execution.
type bucket struct {
	staged *staged
	stored *atomic.Int64 // counts the bytes of parts
	kept   *kept
}

// kept has the parts that were uploaded to keptBucket, in the order of their numbers.
type kept struct {
	mu    sync.Mutex
	parts map[int][]byte
}

// read reads a part.
func (k *kept) read(number string, from io.Reader) (size int64, err error) {
	body, err := io.ReadAll(from)
	n, _ := strconv.Atoi(number) // the SDK has written it
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.parts == nil {
		k.parts = map[int][]byte{}
	}
	k.parts[n] = body
	return int64(len(body)), err
}

// take returns the object that the parts make, and forgets it.
func (k *kept) take() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	var object []byte
	for _, n := range slices.Sorted(maps.Keys(k.parts)) {
		object = append(object, k.parts[n]...)
	}
	k.parts = nil
	return object
}

// noETag is the ETag of every object.
const noETag = "00000000000000000000000000000000"

const (
	usualBucket = "bench"
	keptBucket  = "kept"
	// slowBucket takes slowUpload for each part: 8 MiB at 80 MB/s.
	slowBucket = "slow"
	slowUpload = 100 * time.Millisecond
)

// answerDelay is how long it waits before it answers. The SDK closes a connection if the answer comes before it has sent its request.
const answerDelay = 2 * time.Millisecond

func (b bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	part := r.URL.Query().Get("partNumber")
	var size int64
	var err error
	if name == keptBucket && part != "" {
		size, err = b.kept.read(part, r.Body)
	} else {
		size, err = io.Copy(io.Discard, r.Body)
	}
	if err != nil {
		return // the client has left
	}
	delay := answerDelay
	if part != "" {
		b.stored.Add(size)
		if name == slowBucket {
			delay = slowUpload
		}
	}
	time.Sleep(delay)
	w.Header().Set("ETag", `"`+noETag+`"`)
	switch r.Method {
	case http.MethodGet:
		parts, ok := b.staged.get(key)
		if !ok {
			_, _ = fmt.Fprintf(w, `{"version": %d, "executionId": ""}`, run.Version)
			return
		}
		length := 0
		for _, part := range parts {
			length += len(part)
		}
		w.Header().Set("Content-Length", strconv.Itoa(length))
		for _, part := range parts {
			if _, err := w.Write(part); err != nil {
				return // the client has left
			}
		}
	case http.MethodPost:
		_, _ = io.WriteString(w, `<Answer><UploadId>u</UploadId><ETag>"`+noETag+`"</ETag></Answer>`)
	}
}
