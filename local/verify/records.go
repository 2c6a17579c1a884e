package verify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // the checksum that native manifests have
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// workers is how many objects, or segments of the table, are read at the same time.
const workers = 4

// Records reads every object that the run's manifests name. It calls record with each line, and object with the key after each object,
// from several goroutines at once. It checks the counts and checksums of the manifests, and the counts of the result.
func Records(ctx context.Context, client *s3.Client, result run.Result, record func(line []byte) error, object func(key string)) error {
	return readObjects(ctx, client, result, lines(client, record), object)
}

// Objects reads every object that the run's manifests name, and checks what Records checks. It calls read with the bytes of each object; read returns how many
// records they hold.
func Objects(ctx context.Context, client *s3.Client, result run.Result, read func(body []byte) (records int64, err error), object func(key string)) error {
	return readObjects(ctx, client, result, func(ctx context.Context, bucket string, file file) error {
		stored, err := get(ctx, client, bucket, file.Key)
		if err != nil {
			return err
		}
		if err := file.check(md5.Sum(stored)); err != nil { //nolint:gosec // see the import
			return err
		}
		n, err := read(stored)
		if err == nil && n != file.ItemCount {
			err = fmt.Errorf("has %d records, the manifest says %d items", n, file.ItemCount)
		}
		return err
	}, object)
}

// readObjects reads every object that the run's manifests name with read, and checks the counts of the manifests and of the result.
func readObjects(ctx context.Context, client *s3.Client, result run.Result, read readObject, object func(key string)) error {
	for _, export := range exportsOf(result) {
		if _, err := readExport(ctx, client, export, read, object); err != nil {
			return err
		}
	}
	return nil
}

// exportsOf returns the exports of a run. For a scan, or if an export was converted, it returns one, with the numbers of the run.
func exportsOf(result run.Result) []run.ExportedWindow {
	if result.Mode == request.ModeExport && result.Schema == nil {
		return result.Exports
	}
	return []run.ExportedWindow{{Manifest: result.Manifest, Items: result.Records, Objects: result.Objects}}
}

// A summary is manifest-summary.json, and a file is a line of manifest-files.json, with the members that are checked here.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
type summary struct {
	ExportARN          string `json:"exportArn"`
	ManifestFilesS3Key string `json:"manifestFilesS3Key"`
	ItemCount          int64  `json:"itemCount"`
	OutputFormat       string `json:"outputFormat"`
	OutputView         string `json:"outputView"`
}

type file struct {
	ItemCount   int64  `json:"itemCount"`
	MD5Checksum string `json:"md5Checksum"`
	Key         string `json:"dataFileS3Key"`
}

// readObject reads a data object in a bucket and checks its count and checksum.
type readObject func(ctx context.Context, bucket string, file file) error

// readExport reads one export and returns its summary. It calls read for each of its files, and object with the key after each of them, from several goroutines
// at once.
func readExport(ctx context.Context, client *s3.Client, export run.ExportedWindow, read readObject, object func(key string)) (summary, error) {
	manifest, bucket, err := readSummary(ctx, client, export.Manifest)
	if err != nil {
		return manifest, err
	}
	body, err := get(ctx, client, bucket, manifest.ManifestFilesS3Key)
	if err != nil {
		return manifest, err
	}
	var files []file
	for line := range bytes.Lines(body) {
		var f file
		if err := json.Unmarshal(line, &f); err != nil {
			return manifest, fmt.Errorf("%s: line %d: %w", manifest.ManifestFilesS3Key, len(files)+1, err)
		}
		files = append(files, f)
	}
	var items int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, file := range files {
		items += file.ItemCount
		group.Go(func() error {
			if err := read(ctx, bucket, file); err != nil {
				return fmt.Errorf("%s: %w", file.Key, err)
			}
			object(file.Key)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return manifest, err
	}
	switch {
	case items != manifest.ItemCount:
		err = fmt.Errorf("%s has itemCount %d, its files have %d", export.Manifest, manifest.ItemCount, items)
	case items != export.Items, int64(len(files)) != export.Objects:
		err = fmt.Errorf("%s names %d items in %d objects, the run's result says %d in %d",
			export.Manifest, items, len(files), export.Items, export.Objects)
	}
	return manifest, err
}

// readSummary reads manifest-summary.json at a URI, and returns its bucket too.
func readSummary(ctx context.Context, client *s3.Client, uri string) (manifest summary, bucket string, err error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	if !ok {
		return manifest, "", fmt.Errorf("%q is not the URI of a manifest", uri)
	}
	body, err := get(ctx, client, bucket, key)
	if err != nil {
		return manifest, "", err
	}
	if err := json.Unmarshal(body, &manifest); err != nil {
		return manifest, "", fmt.Errorf("%s: %w", uri, err)
	}
	return manifest, bucket, nil
}

// lines reads an object of lines and calls record with each of them.
func lines(client *s3.Client, record func(line []byte) error) readObject {
	return func(ctx context.Context, bucket string, file file) error {
		stored, err := get(ctx, client, bucket, file.Key)
		if err != nil {
			return err
		}
		if err := file.check(md5.Sum(stored)); err != nil { //nolint:gosec // see the import
			return err
		}
		plain, err := decompress(file.Key, stored)
		if err != nil {
			return err
		}
		lines := bufio.NewReader(plain)
		for n := int64(0); ; n++ {
			line, err := lines.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				if n != file.ItemCount {
					return fmt.Errorf("has %d lines, the manifest says %d items", n, file.ItemCount)
				}
				return nil
			}
			if err != nil {
				return fmt.Errorf("line %d: %w", n+1, err)
			}
			if err := record(line); err != nil {
				return fmt.Errorf("line %d: %w", n+1, err)
			}
		}
	}
}

// check returns an error if an object has another MD5 than the manifest says.
func (f file) check(sum [md5.Size]byte) error {
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != f.MD5Checksum {
		return fmt.Errorf("has MD5 %s, the manifest says %s", got, f.MD5Checksum)
	}
	return nil
}

func decompress(key string, stored []byte) (io.Reader, error) {
	switch {
	case strings.HasSuffix(key, ".gz"):
		return gzip.NewReader(bytes.NewReader(stored))
	case strings.HasSuffix(key, ".zst"):
		return zstd.NewReader(bytes.NewReader(stored))
	default:
		return bytes.NewReader(stored), nil
	}
}

func get(ctx context.Context, client *s3.Client, bucket, key string) ([]byte, error) {
	answer, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	defer func() { _ = answer.Body.Close() }() // an error shows in the read
	return io.ReadAll(answer.Body)
}
