package sink_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"
	"dynamodb-to-s3/local/testservers"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"
)

func TestMain(m *testing.M) { testservers.Main(m) }

// records makes n records of about size bytes. Dull records compress well.
func records(n, size int, dull bool) [][]byte {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // test data, to be the same again
	all := make([][]byte, n)
	for i := range all {
		record := fmt.Appendf(nil, `{"id":%d,"text":"`, i)
		for len(record) < size {
			if dull {
				record = append(record, "all work and no play "...)
			} else {
				record = append(record, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[random.IntN(64)])
			}
		}
		all[i] = append(record, "\"}\n"...)
	}
	return all
}

func write(t *testing.T, config sink.Config, items [][]byte) []run.Object {
	t.Helper()
	writer, err := sink.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if err := writer.WriteItem(item, 1); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != writer.NextPart()-config.FirstPart {
		t.Errorf("%d objects, but the next part is %d", len(objects), writer.NextPart())
	}
	if seen := testservers.Keys(t, config.Bucket.Name(), ""); len(seen) > 0 {
		t.Errorf("%v can be seen before the uploads are completed", seen)
	}
	for _, o := range objects {
		etag, err := config.Bucket.Complete(t.Context(), bucket.Upload{Key: o.Key, ID: o.UploadID}, o.Parts, o.Bytes)
		if _, sum, headErr := config.Bucket.Checksum(t.Context(), o.Key); err != nil || headErr != nil || etag != o.ETag() || sum != o.CRC32() {
			t.Errorf("%s has the ETag %s, %v, and the checksum %s, %v, want %s and %s", o.Key, etag, err, sum, headErr, o.ETag(), o.CRC32())
		}
	}
	return objects
}

func TestObjectsHoldEveryRecordInOrderAndCloseAtTheirSize(t *testing.T) {
	for _, test := range []struct {
		compression request.Compression
		n, size     int
		dull        bool
		fileSize    int64
		// lag is how far an object may exceed its size before its last item, because of bytes inside the compressor.
		lag int64
	}{
		{request.CompressionNone, 1000, 100, false, 1024, 0},
		{request.CompressionNone, 10, 5000, false, 1024, 0},
		{request.CompressionNone, 40_000, 600, false, 20 << 20, 0}, // in three parts
		{request.CompressionGZIP, 3000, 300, false, 10_000, 400},
		{request.CompressionGZIP, 3000, 300, true, 2000, 100},
		{request.CompressionGZIP, 1000, 100, true, 1 << 30, 0},
		{request.CompressionGZIP, 40_000, 600, false, 9 << 20, 64 << 10}, // in two parts
		{request.CompressionZSTD, 3000, 300, false, 10_000, 400},
		{request.CompressionZSTD, 3000, 300, true, 2000, 100},
		{request.CompressionZSTD, 40_000, 600, false, 9 << 20, 128 << 10},
	} {
		t.Run(fmt.Sprintf("%s of %d bytes by %d at %d", test.compression, test.size, test.n, test.fileSize), func(t *testing.T) {
			name := testservers.Bucket(t)
			items, extension := records(test.n, test.size, test.dull), run.ScanPlan{Compression: test.compression}.Extension()
			objects := write(t, sink.Config{
				Bucket: bucket.New(testservers.S3(), run.Plan{Bucket: name}), Layout: run.Layout{Root: "r"}, Segment: 7, FirstPart: 3, Try: "0a1b2c3d",
				Compression: test.compression, Extension: extension, FileSize: test.fileSize,
			}, items)
			next := 0
			for i, o := range objects {
				if want := (run.Layout{Root: "r"}).Data(7, 3+i, "0a1b2c3d", extension); o.Key != want {
					t.Errorf("object %d is %s, want %s", i, o.Key, want)
				}
				stored, etag := read(t, name, o.Key)
				sum := md5.Sum(stored) //nolint:gosec // see the import
				if o.Bytes != int64(len(stored)) || o.ETag() != etag || o.MD5 != base64.StdEncoding.EncodeToString(sum[:]) {
					t.Errorf("%s is reported as %+v, and has %d bytes, ETag %s, MD5 %x", o.Key, o, len(stored), etag, sum)
				}
				own := items[next : next+int(o.Items)]
				next += int(o.Items)
				if got := decompress(t, o.Key, stored); !bytes.Equal(got, bytes.Join(own, nil)) {
					t.Errorf("%s does not hold its %d records", o.Key, o.Items)
				}
				last := int64(len(own[len(own)-1]))
				switch {
				case i < len(objects)-1 && o.Bytes < test.fileSize:
					t.Errorf("%s was closed at %d bytes, before its %d", o.Key, o.Bytes, test.fileSize)
				case o.Bytes-last-test.lag >= test.fileSize:
					t.Errorf("%s was closed at %d bytes, later than the first item that brought it to %d", o.Key, o.Bytes, test.fileSize)
				}
			}
			if next != len(items) {
				t.Errorf("the objects have %d records of %d", next, len(items))
			}
		})
	}
}

func TestWithoutRecordsThereIsNoObject(t *testing.T) {
	name := testservers.Bucket(t)
	objects := write(t, sink.Config{
		Bucket: bucket.New(testservers.S3(), run.Plan{Bucket: name}), Compression: request.CompressionGZIP, FileSize: 1024,
	}, nil)
	if len(objects) > 0 || len(testservers.Keys(t, name, "")) > 0 {
		t.Errorf("%v were written", objects)
	}
}

func TestWriterFailsWithTheErrorOfItsUploads(t *testing.T) {
	writer, err := sink.New(t.Context(), sink.Config{
		Bucket: bucket.New(testservers.S3(), run.Plan{Bucket: "no-such-bucket"}), Compression: request.CompressionNone, FileSize: 1024,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range records(100, 1024, false) {
		if err = writer.WriteItem(item, 1); err != nil {
			break
		}
	}
	if err == nil {
		_, err = writer.Close()
	}
	if failure.NameOf(err) != failure.BucketNotFound {
		t.Errorf("got %v, want %s", err, failure.BucketNotFound)
	}
}

func TestAbortLeavesNoUploadBehind(t *testing.T) {
	name := testservers.Bucket(t)
	destination := bucket.New(testservers.S3(), run.Plan{Bucket: name})
	ctx, cancel := context.WithCancel(t.Context())
	writer, err := sink.New(ctx, sink.Config{
		Bucket: destination, Layout: run.Layout{Root: "r"}, Compression: request.CompressionNone, FileSize: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range records(20_000, 1024, true) {
		if err := writer.WriteItem(item, 1); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := writer.WriteItem(make([]byte, 32<<20), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if err := writer.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A part that arrives late may bring the upload back. S3's documentation says to abort again, as finalize does.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
	for upload, err := range destination.Uploads(t.Context(), "r/") {
		if err == nil {
			err = destination.Abort(t.Context(), upload)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	uploads, err := testservers.S3().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	if err != nil || len(uploads.Uploads) > 0 || len(testservers.Keys(t, name, "")) > 0 {
		t.Errorf("%d uploads and %v are left, %v", len(uploads.Uploads), testservers.Keys(t, name, ""), err)
	}
}

func read(t *testing.T, name, key string) (stored []byte, etag string) {
	t.Helper()
	answer, err := testservers.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &name, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	stored, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return stored, (*answer.ETag)[1 : len(*answer.ETag)-1]
}

func decompress(t *testing.T, key string, stored []byte) []byte {
	t.Helper()
	var plain io.Reader = bytes.NewReader(stored)
	var err error
	switch key[len(key)-3:] {
	case ".gz":
		plain, err = gzip.NewReader(plain)
	case "zst":
		plain, err = zstd.NewReader(plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
