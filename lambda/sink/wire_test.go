package sink_test

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dynamodb-to-s3/lambda/awsclient"
	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// wire is an S3 that keeps nothing. It notes the sizes of the parts.
type wire struct {
	hold chan struct{} // a part is answered after a receive from it; nil to answer at once
	rate float64       // bytes a second of each request; 0 for no limit
	trip time.Duration // of each request

	mu    sync.Mutex
	parts []int64 // the sizes, in the order of arrival
}

func (w *wire) Do(req *http.Request) (*http.Response, error) {
	n := int64(0)
	if req.Body != nil {
		var err error
		if n, err = io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
	}
	if req.URL.Query().Has("partNumber") {
		w.mu.Lock()
		w.parts = append(w.parts, n)
		w.mu.Unlock()
		if w.hold != nil {
			<-w.hold
		}
	}
	wait := w.trip
	if w.rate > 0 {
		wait += time.Duration(float64(n) / w.rate * float64(time.Second))
	}
	time.Sleep(wait)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"e"`}}, Request: req,
		Body: io.NopCloser(strings.NewReader(`<Answer><UploadId>u</UploadId></Answer>`)),
	}, nil
}

func (w *wire) writer(tb testing.TB, compression request.Compression, fileSize int64) *sink.Writer {
	tb.Helper()
	client := awsclient.S3(aws.Config{
		Region: "us-east-1", HTTPClient: w, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired, // so that a body has the size of its part
	})
	writer, err := sink.New(tb.Context(), sink.Config{
		Bucket: bucket.New(client, run.Plan{Bucket: "b"}), Layout: run.Layout{Root: "r"}, Try: "0a1b2c3d", Compression: compression, FileSize: fileSize,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return writer
}

const mib = 1 << 20

// An invocation has many uploads, and little time to abort them. The end of the run sweeps the others.
func TestAbortStopsWithItsContext(t *testing.T) {
	t.Parallel()
	writer := new(wire).writer(t, request.CompressionNone, 1)
	for range 3 {
		if err := writer.WriteItem([]byte("{}"), 1); err != nil {
			t.Fatal(err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := writer.Abort(ended); err == nil || strings.Count(err.Error(), "s3://b/r/data/") != 1 {
		t.Errorf("got %v, want the fault of one upload", err)
	}
}

// However slow S3 is, memory holds three parts of 8 MiB: two that upload, and one that is filled.
func TestThreePartsAreInMemory(t *testing.T) {
	for _, fileSize := range []int64{8 * mib, 20 * mib, 1 << 30} {
		synctest.Test(t, func(t *testing.T) {
			s3 := &wire{hold: make(chan struct{})}
			writer, item := s3.writer(t, request.CompressionNone, fileSize), make([]byte, mib)
			var accepted int
			var objects []run.Object
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for range 100 {
					if err := writer.WriteItem(item, 1); err != nil {
						t.Error(err)
					}
					accepted++
				}
				var err error
				if objects, err = writer.Close(); err != nil {
					t.Error(err)
				}
			}()
			for answered := range 10 {
				synctest.Wait() // until the writer waits for S3
				if most := (answered + 3) * 8; accepted > most || len(s3.parts) != answered+2 {
					t.Errorf("after %d answers, the writer has accepted %d MiB and S3 has %d parts, want %d MiB at most and %d parts", answered, accepted, len(s3.parts), most, answered+2)
				}
				s3.hold <- struct{}{}
			}
			close(s3.hold)
			<-ended
			var size int64
			for _, o := range objects {
				size += o.Bytes
			}
			if size != 100*mib {
				t.Errorf("the objects have %d bytes", size)
			}
		})
	}
}

// The last part of an object is never empty, unless it is the only one.
func TestLastPartIsNotEmpty(t *testing.T) {
	for _, test := range []struct {
		name     string
		items    []int // their sizes
		fileSize int64
		parts    []int64 // of all objects, sorted
		objects  int
	}{
		{"one part, at the size", []int{8 * mib}, 8 * mib, []int64{8 * mib}, 1},
		{"one part, before the size", []int{8 * mib}, 9 * mib, []int64{8 * mib}, 1},
		{"a byte less than a part", []int{8*mib - 1}, 9 * mib, []int64{8*mib - 1}, 1},
		{"a byte more than a part", []int{8 * mib, 1}, 9 * mib, []int64{1, 8 * mib}, 1},
		{"two parts in one item", []int{16 * mib}, 9 * mib, []int64{8 * mib, 8 * mib}, 1},
		{"two objects of one part", []int{8 * mib, 8 * mib}, 8 * mib, []int64{8 * mib, 8 * mib}, 2},
		{"records without bytes", []int{0, 0}, 8 * mib, []int64{0}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s3 := new(wire)
			writer := s3.writer(t, request.CompressionNone, test.fileSize)
			for _, size := range test.items {
				if err := writer.WriteItem(make([]byte, size), 1); err != nil {
					t.Fatal(err)
				}
			}
			objects, err := writer.Close()
			parts := 0
			for _, o := range objects {
				parts += len(o.Parts)
				if sum := md5.Sum(make([]byte, o.Bytes)); o.MD5 != base64.StdEncoding.EncodeToString(sum[:]) { //nolint:gosec // see the import
					t.Errorf("the MD5 of %d zeros is reported as %s, want %x", o.Bytes, o.MD5, sum)
				}
			}
			slices.Sort(s3.parts)
			if err != nil || !slices.Equal(s3.parts, test.parts) || parts != len(test.parts) || len(objects) != test.objects {
				t.Errorf("got parts of %v, %d objects with %d parts, %v, want %v in %d objects", s3.parts, len(objects), parts, err, test.parts, test.objects)
			}
		})
	}
}

// Twice the estimate, which scan keeps in reserve, is enough to close everything and to write the list.
func TestTimeToCloseIsEnough(t *testing.T) {
	for _, test := range []struct {
		name     string
		item     int // bytes
		items    int
		fileSize int64
		rate     float64
		trip     time.Duration
	}{
		{"small objects", 1000, 500, 10_000, 20e6, 30 * time.Millisecond},
		{"small objects, far away", 1000, 500, 10_000, 20e6, time.Second},
		{"one small object, far away", 1000, 5, 1 << 30, 20e6, 250 * time.Millisecond},
		{"objects of a part", 100_000, 505, 8 * mib, 20e6, 30 * time.Millisecond},
		{"objects of many parts", 100_000, 1000, 32 * mib, 20e6, 30 * time.Millisecond},
		{"objects of many parts, far away", 100_000, 1000, 32 * mib, 20e6, 250 * time.Millisecond},
		{"objects of many parts, a slow line", 100_000, 1000, 32 * mib, 1e6, 100 * time.Millisecond},
		{"the first part of all", 100_000, 70, 32 * mib, 3e6, 100 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s3 := &wire{rate: test.rate, trip: test.trip}
				writer, item := s3.writer(t, request.CompressionNone, test.fileSize), make([]byte, test.item)
				for range test.items {
					if err := writer.WriteItem(item, 1); err != nil {
						t.Fatal(err)
					}
				}
				estimate, begun := writer.TimeToClose(), time.Now()
				if _, err := writer.Close(); err != nil {
					t.Fatal(err)
				}
				took := time.Since(begun) + test.trip // for the list
				t.Logf("estimated %s, took %s", estimate, took)
				if took > 2*estimate {
					t.Errorf("it took %s, more than twice the estimate of %s", took, estimate)
				}
			})
		})
	}
}

// WriteItem allocates nothing while a part is filled.
func TestWriteItemAllocatesNothing(t *testing.T) {
	for _, compression := range []request.Compression{request.CompressionNone, request.CompressionGZIP, request.CompressionZSTD} {
		t.Run(fmt.Sprint(compression), func(t *testing.T) {
			writer, item := new(wire).writer(t, compression, 1<<30), records(1, 500, true)[0]
			write := func() {
				if err := writer.WriteItem(item, 1); err != nil {
					t.Fatal(err)
				}
			}
			for range 2000 { // the compressor's buffers grow
				write()
			}
			if n := testing.AllocsPerRun(5000, write); n > 0 {
				t.Errorf("%v allocations an item", n)
			}
		})
	}
}
