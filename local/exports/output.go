package exports

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"path"
	"strings"

	"dynamodb-to-s3/lambda/manifest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// dataFiles is how many an export has; an empty one, too, as AWS writes one for each partition.
const dataFiles = 4

// An output writes the objects of one export.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
type output struct {
	client        *s3.Client
	bucket, owner string
	root          string // <prefix>/AWSDynamoDB/<exportId>
	incremental   bool

	files []manifest.File
	items int64
	bytes int64 // of all lines
}

// begin writes _started, which shows at once whether the bucket can be written to.
func (o *output) begin(ctx context.Context) error {
	_, err := o.put(ctx, o.root+"/_started", nil)
	return err
}

// writeFiles writes the data files, each item into one of them by its key. Those of incremental exports share a folder.
func (o *output) writeFiles(ctx context.Context, records []record) error {
	folder := o.root + "/data/"
	if o.incremental {
		folder = path.Dir(o.root) + "/data/"
	}
	var parts [dataFiles][]record
	for _, r := range records {
		hash := fnv.New32a()
		_, _ = hash.Write(r.key) // a hash takes everything
		part := hash.Sum32() % dataFiles
		parts[part] = append(parts[part], r)
	}
	o.files = make([]manifest.File, dataFiles)
	var sizes [dataFiles]int64
	group, ctx := errgroup.WithContext(ctx)
	for i, part := range parts {
		group.Go(func() (err error) {
			o.files[i], sizes[i], err = o.writeFile(ctx, folder+strings.ToLower(rand.Text())+".json.gz", part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range parts {
		o.items += o.files[i].ItemCount
		o.bytes += sizes[i]
	}
	return nil
}

// writeFile writes one data file and returns its line of the manifest, and how many bytes its own lines have.
func (o *output) writeFile(ctx context.Context, key string, records []record) (file manifest.File, size int64, err error) {
	var stored, line bytes.Buffer
	compressed := gzip.NewWriter(&stored)
	for _, r := range records {
		line.Reset()
		o.encode(&line, r)
		size += int64(line.Len())
		if _, err := compressed.Write(line.Bytes()); err != nil {
			return file, 0, err
		}
	}
	if err := compressed.Close(); err != nil {
		return file, 0, err
	}
	etag, err := o.put(ctx, key, stored.Bytes())
	return manifest.File{
		ItemCount: int64(len(records)), MD5Checksum: string(manifest.Checksum(stored.Bytes())), ETag: etag, DataFileKey: key,
	}, size, err
}

// encode writes a record's line. An image is written as the backend gave it.
func (o *output) encode(line *bytes.Buffer, r record) {
	if !o.incremental {
		fmt.Fprintf(line, "{\"Item\":%s}\n", r.new)
		return
	}
	fmt.Fprintf(line, `{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":%s`, r.at.UnixMicro(), r.key)
	if r.old != nil {
		fmt.Fprintf(line, `,"OldImage":%s`, r.old)
	}
	if r.new != nil {
		fmt.Fprintf(line, `,"NewImage":%s`, r.new)
	}
	line.WriteString("}\n")
}

// summary is manifest-summary.json, in its order. A full export has no fields but the first fourteen.
type summary struct {
	Version            string  `json:"version"`
	ExportARN          string  `json:"exportArn"`
	StartTime          string  `json:"startTime"`
	EndTime            string  `json:"endTime"`
	TableARN           string  `json:"tableArn"`
	TableID            string  `json:"tableId"`
	ExportTime         string  `json:"exportTime,omitempty"`
	ExportFromTime     string  `json:"exportFromTime,omitempty"`
	ExportToTime       string  `json:"exportToTime,omitempty"`
	S3Bucket           string  `json:"s3Bucket"`
	S3Prefix           *string `json:"s3Prefix"`
	S3SseAlgorithm     *string `json:"s3SseAlgorithm"`
	S3SseKmsKeyID      *string `json:"s3SseKmsKeyId"`
	ManifestFilesS3Key string  `json:"manifestFilesS3Key"`
	BilledSizeBytes    int64   `json:"billedSizeBytes"`
	ItemCount          int64   `json:"itemCount"`
	OutputFormat       string  `json:"outputFormat"`
	OutputView         string  `json:"outputView,omitempty"`
	ExportType         string  `json:"exportType,omitempty"`
}

// writeManifests writes the manifests, each after what it speaks of, and returns the key of the last.
func (o *output) writeManifests(ctx context.Context, d description) (string, error) {
	files, key := o.root+"/manifest-files.json", o.root+"/manifest-summary.json"
	s := summary{
		Version: "2020-06-30", ExportARN: d.ARN, StartTime: stamp(d.StartTime.Time), EndTime: stamp(d.EndTime.Time),
		TableARN: d.TableARN, TableID: d.TableID, S3Bucket: d.S3Bucket, S3Prefix: given(d.S3Prefix),
		S3SseAlgorithm: given(d.S3SseAlgorithm), S3SseKmsKeyID: given(d.S3SseKmsKeyID), ManifestFilesS3Key: files,
		BilledSizeBytes: o.bytes, ItemCount: o.items, OutputFormat: d.ExportFormat,
	}
	if d.Window == nil {
		s.ExportTime = stamp(d.ExportTime.Time)
	} else {
		s.Version, s.OutputView, s.ExportType = "2023-08-01", d.Window.View, incrementalExport
		s.ExportFromTime, s.ExportToTime = stamp(d.Window.From.Time), stamp(d.Window.To.Time)
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, file := range o.files {
		if err := encoder.Encode(file); err != nil {
			return "", err
		}
	}
	body, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	if err := o.putManifest(ctx, files, lines.Bytes()); err != nil {
		return "", err
	}
	return key, o.putManifest(ctx, key, body)
}

// putManifest writes a manifest after its checksum, under the name that the documentation has for that and under the one that
// DynamoDB writes.
func (o *output) putManifest(ctx context.Context, key string, body []byte) error {
	stem := strings.TrimSuffix(key, ".json")
	for _, checksum := range []string{stem + ".checksum", stem + ".md5"} {
		if _, err := o.put(ctx, checksum, manifest.Checksum(body)); err != nil {
			return err
		}
	}
	_, err := o.put(ctx, key, body)
	return err
}

func (o *output) put(ctx context.Context, key string, body []byte) (etag string, err error) {
	out, err := o.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &o.bucket, Key: &key, Body: bytes.NewReader(body), ExpectedBucketOwner: given(o.owner),
	})
	if err != nil {
		return "", fmt.Errorf("write s3://%s/%s: %w", o.bucket, key, err)
	}
	return strings.Trim(*out.ETag, `"`), nil
}

// given returns nil for what was not given.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
