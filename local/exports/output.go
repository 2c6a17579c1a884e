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

// dataFiles is the number of data files of every export. AWS writes one for each partition, even if it is empty.
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
	bytes int64 // of all lines, not compressed
}

// begin writes _started. It fails early if the bucket cannot be written to.
func (o *output) begin(ctx context.Context) error {
	_, err := o.put(ctx, o.root+"/_started", nil)
	return err
}

// writeFiles writes the data files. The key of an item decides its file. The files of all incremental exports are in one folder.
func (o *output) writeFiles(ctx context.Context, records []record) error {
	folder := o.root + "/data/"
	if o.incremental {
		folder = path.Dir(o.root) + "/data/"
	}
	var parts [dataFiles][]record
	for _, r := range records {
		hash := fnv.New32a()
		_, _ = hash.Write(r.key) // never fails
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

// writeFile writes one data file. It returns its line of the manifest and the number of bytes before compression.
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

// encode writes the line of a record. The images have the bytes of the backend.
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

// summary is manifest-summary.json, with its members in DynamoDB's order. A member is left out where DynamoDB has none.
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

// writeManifests writes the manifests, the summary last, and returns its key.
func (o *output) writeManifests(ctx context.Context, d description) (string, error) {
	files, key := o.root+"/manifest-files.json", o.root+"/manifest-summary.json"
	s := summary{
		Version: "2020-06-30", ExportARN: d.ARN, StartTime: formatTime(d.StartTime.Time), EndTime: formatTime(d.EndTime.Time),
		TableARN: d.TableARN, TableID: d.TableID, S3Bucket: d.S3Bucket, S3Prefix: given(d.S3Prefix),
		S3SseAlgorithm: given(d.S3SseAlgorithm), S3SseKmsKeyID: given(d.S3SseKmsKeyID), ManifestFilesS3Key: files,
		BilledSizeBytes: o.bytes, ItemCount: o.items, OutputFormat: d.ExportFormat,
	}
	if d.Window == nil {
		s.ExportTime = formatTime(d.ExportTime.Time)
	} else {
		s.Version, s.OutputView, s.ExportType = "2023-08-01", d.Window.View, incrementalExport
		s.ExportFromTime, s.ExportToTime = formatTime(d.Window.From.Time), formatTime(d.Window.To.Time)
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

// putManifest writes the checksum of a manifest and then the manifest. The checksum gets two names: the documentation has one, and
// DynamoDB writes the other.
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

// given returns nil for an empty text.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
