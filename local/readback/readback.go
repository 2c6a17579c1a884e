// Package readback proves a run: it reads every object through the run's manifest, as any reader of native exports would, and
// compares what it finds item by item with the table, read by the SDK alone. It shares no code with the engine's codec.
//
// It imports lambda/job and lambda/manifest for the layout, and the SDK.
package readback

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
	"reflect"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/job"
	"dynamodb-to-s3/lambda/manifest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// workers is how many objects, or segments of the table, are read at once.
const workers = 4

// Item is one item by its attributes.
type Item = map[string]types.AttributeValue

// Report counts what was compared.
type Report struct {
	Items   int
	Objects int
}

// Compare reads the run of the result, in DYNAMODB_JSON, and compares it with its whole table. It fails at the first item
// that is missing, twice, different, or too many, and where a manifest's counts or checksums do not hold.
func Compare(ctx context.Context, source *dynamodb.Client, destination *s3.Client, result job.Result) (Report, error) {
	items, keys, err := readTable(ctx, source, result.Table)
	if err != nil {
		return Report{}, err
	}
	report := Report{}
	var mu sync.Mutex // guards items and report
	err = Records(ctx, destination, result, func(line []byte) error {
		var record struct{ Item json.RawMessage }
		if err := json.Unmarshal(line, &record); err != nil {
			return err
		}
		item, err := attributevalue.UnmarshalMapJSON(record.Item)
		if err != nil {
			return err
		}
		id := identity(item, keys)
		mu.Lock()
		want, known := items[id]
		delete(items, id)
		report.Items++
		mu.Unlock()
		switch {
		case !known:
			return fmt.Errorf("the item with key %s is not in the table, or was written twice", id)
		case !reflect.DeepEqual(item, want):
			return fmt.Errorf("the item with key %s differs from the table's", id)
		}
		return nil
	}, func() { mu.Lock(); report.Objects++; mu.Unlock() })
	if err != nil {
		return report, err
	}
	for id := range items {
		return report, fmt.Errorf("%d items of the table are missing, the one with key %s among them", len(items), id)
	}
	return report, nil
}

// readTable reads a whole table by the SDK's own paginator and decoder.
func readTable(ctx context.Context, client *dynamodb.Client, table string) (items map[string]Item, keys []string, err error) {
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return nil, nil, err
	}
	for _, key := range described.Table.KeySchema {
		keys = append(keys, aws.ToString(key.AttributeName))
	}
	items = map[string]Item{}
	var mu sync.Mutex // guards items
	group, ctx := errgroup.WithContext(ctx)
	for segment := range int32(workers) {
		group.Go(func() error {
			pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{
				TableName: &table, TotalSegments: aws.Int32(workers), Segment: &segment, ConsistentRead: aws.Bool(true),
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return fmt.Errorf("read table %s: %w", table, err)
				}
				mu.Lock()
				for _, item := range page.Items {
					items[identity(item, keys)] = item
				}
				mu.Unlock()
			}
			return nil
		})
	}
	return items, keys, group.Wait()
}

// identity returns an item's primary key as a text.
func identity(item Item, keys []string) string {
	var id strings.Builder
	for _, key := range keys {
		switch v := item[key].(type) {
		case *types.AttributeValueMemberS:
			fmt.Fprintf(&id, "%s=%q ", key, v.Value)
		case *types.AttributeValueMemberN:
			fmt.Fprintf(&id, "%s=%s ", key, v.Value)
		case *types.AttributeValueMemberB:
			fmt.Fprintf(&id, "%s=%x ", key, v.Value)
		}
	}
	return strings.TrimSpace(id.String())
}

// Records calls record for each line of each object that the run's manifest names, and object after each object, from several
// goroutines at once. It checks the manifest's own counts and checksums.
func Records(ctx context.Context, client *s3.Client, result job.Result, record func(line []byte) error, object func()) error {
	layout := job.Layout{Root: result.Root}
	body, err := get(ctx, client, result.Bucket, layout.ManifestSummary())
	if err != nil {
		return err
	}
	var summary manifest.Summary
	if err := json.Unmarshal(body, &summary); err != nil {
		return fmt.Errorf("manifest-summary.json: %w", err)
	}
	if body, err = get(ctx, client, result.Bucket, summary.ManifestFilesS3Key); err != nil {
		return err
	}
	files, err := manifest.DecodeFiles(body)
	if err != nil {
		return err
	}
	var items int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, file := range files {
		items += file.ItemCount
		group.Go(func() error {
			if err := readObject(ctx, client, result.Bucket, file, record); err != nil {
				return fmt.Errorf("%s: %w", file.DataFileKey, err)
			}
			object()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if items != summary.ItemCount {
		return fmt.Errorf("manifest-summary.json has itemCount %d, its files have %d", summary.ItemCount, items)
	}
	return nil
}

func readObject(ctx context.Context, client *s3.Client, bucket string, file manifest.File, record func(line []byte) error) error {
	stored, err := get(ctx, client, bucket, file.DataFileKey)
	if err != nil {
		return err
	}
	sum := md5.Sum(stored) //nolint:gosec // see the import
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != file.MD5Checksum {
		return fmt.Errorf("has MD5 %s, the manifest says %s", got, file.MD5Checksum)
	}
	plain, err := decompress(file.DataFileKey, stored)
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
	defer func() { _ = answer.Body.Close() }() // a fault on the way shows in the read
	return io.ReadAll(answer.Body)
}
