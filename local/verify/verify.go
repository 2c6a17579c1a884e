// Package verify checks runs. It finds every object through the manifests, as any reader of native exports would, and compares the
// items with those of the table, which it reads through the SDK. It shares no code with the engine that reads pages and writes
// records and manifests, so a bug of the engine cannot hide itself here.
//
// Compare checks one run, Replay checks a chain of native exports, and Count checks the numbers of a transformed run. It imports
// the types of results (lambda/run, lambda/request), the SDK, and local/verify/ionitem.
package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Report counts what was read.
type Report struct {
	Items   int // items that were compared with the table; for Count, records
	Objects int
	Changes int // lines of incremental exports
}

// Compare compares a run with its whole table. The run is a scan in DYNAMODB_JSON or ION, a scan or an export in PARQUET, or begins with a
// full export in DYNAMODB_JSON and is replayed. The error names the first item that is missing, duplicated or different, or that the table does
// not have, or the first count or checksum of a manifest that is wrong, or an object in the folder of a scan that its manifest does not name.
func Compare(ctx context.Context, source *dynamodb.Client, destination *s3.Client, result run.Result) (Report, error) {
	if result.Mode == request.ModeExport && result.Schema == nil {
		return Replay(ctx, source, destination, result)
	}
	items, keys, err := readTable(ctx, source, result.Table)
	if err != nil {
		return Report{}, err
	}
	manifest, _, err := readSummary(ctx, destination, result.Manifest)
	if err != nil {
		return Report{}, err
	}
	c := comparison{keys: keys, items: items, named: map[string]bool{}}
	read := c.lines(destination, DecodeItem)
	switch request.Format(manifest.OutputFormat) {
	case request.FormatDynamoDBJSON:
	case request.FormatION:
		c.items = allWithFractions(items, keys)
		read = c.lines(destination, readIon)
	case request.FormatParquet:
		files, err := openParquet(ctx, destination, result)
		if err != nil {
			return Report{}, err
		}
		defer files.close()
		c.items = allWithFractions(files.rounded(items), keys)
		read = files.read(func(item Item) error { return c.compare(withFractions(files.schema.Round(item))) })
	default:
		return Report{}, fmt.Errorf("%s has outputFormat %q, which cannot be compared with the table", result.Manifest, manifest.OutputFormat)
	}
	err = readObjects(ctx, destination, result, read, c.object)
	if err == nil {
		err = nothingLeft(c.items)
	}
	if err == nil {
		err = checkFolder(ctx, destination, result, c.named)
	}
	return c.report, err
}

// A comparison compares items with those of the table. Several goroutines use it.
type comparison struct {
	keys []string

	mu     sync.Mutex // guards what follows
	items  map[string]Item
	named  map[string]bool // the keys of the objects
	report Report
}

// lines reads an object of lines, and compares the items that decode makes of them.
func (c *comparison) lines(client *s3.Client, decode func(line []byte) (Item, error)) readObject {
	return lines(client, func(line []byte) error {
		item, err := decode(line)
		if err != nil {
			return err
		}
		return c.compare(item)
	})
}

// compare compares an item with the table's.
func (c *comparison) compare(item Item) error {
	id := identity(item, c.keys)
	c.mu.Lock()
	want, known := c.items[id]
	delete(c.items, id)
	c.report.Items++
	c.mu.Unlock()
	switch {
	case !known:
		return fmt.Errorf("the item with key %s is not in the table, or was written twice", id)
	case !same(item, want):
		return fmt.Errorf("the item with key %s differs from the table's", id)
	}
	return nil
}

// object notes that an object was read.
func (c *comparison) object(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Objects++
	c.named[key] = true
}

// nothingLeft returns an error if items of the table are in no object.
func nothingLeft(items map[string]Item) error {
	for id := range items {
		return fmt.Errorf("%d items of the table are missing, such as the one with key %s", len(items), id)
	}
	return nil
}

// DecodeItem returns the item in a line of a scan in DYNAMODB_JSON, or of a full export.
func DecodeItem(line []byte) (Item, error) {
	var record struct{ Item json.RawMessage }
	if err := json.Unmarshal(line, &record); err != nil {
		return nil, err
	}
	return attributevalue.UnmarshalMapJSON(record.Item)
}
