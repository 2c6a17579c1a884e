package sink_test

import (
	"bytes"
	"io"
	"testing"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/sink"
	"dynamodb-to-s3/local/testservers"

	"github.com/klauspost/compress/zstd"
)

// A reader of ZSTD must hold the window that the frame's header names, and it checks the frame's checksum. docs/formats.md promises both.
func TestReadersOfZSTDHoldHalfAMiBAndCheckTheItems(t *testing.T) {
	for _, test := range []struct {
		name   string
		items  int // of 1000 bytes
		window uint64
	}{
		{"one record", 1, 1 << 10},
		{"records of many windows", 5000, 512 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, items := testservers.Bucket(t), records(test.items, 1000, false)
			objects := write(t, sink.Config{
				Bucket: bucket.New(testservers.S3(), run.Plan{Bucket: name}), Layout: run.Layout{Root: "r"}, Try: "0a1b2c3d",
				Compression: request.CompressionZSTD, Extension: ".json.zst", FileSize: 1 << 30,
			}, items)
			stored, _ := read(t, name, objects[0].Key)
			var header zstd.Header
			if err := header.Decode(stored); err != nil || header.WindowSize != test.window || !header.HasCheckSum {
				t.Errorf("got %+v, %v, want a window of %d bytes and a checksum", header, err, test.window)
			}
			reader, err := zstd.NewReader(bytes.NewReader(stored), zstd.WithDecoderMaxWindow(test.window))
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			if got, err := io.ReadAll(reader); err != nil || !bytes.Equal(got, bytes.Join(items, nil)) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}
