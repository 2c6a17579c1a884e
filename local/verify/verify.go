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
	"reflect"
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

// Compare compares a run with its whole table. The run is a scan in DYNAMODB_JSON or ION, or begins with a full export in
// DYNAMODB_JSON and is replayed. The error names the first item that is missing, duplicated or different, or that the table does
// not have, or the first count or checksum of a manifest that is wrong, or an object in the folder of a scan that its manifest does not name.
func Compare(ctx context.Context, source *dynamodb.Client, destination *s3.Client, result run.Result) (Report, error) {
	if result.Mode == request.ModeExport {
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
	read := DecodeItem
	switch request.Format(manifest.OutputFormat) {
	case request.FormatDynamoDBJSON:
	case request.FormatION:
		read, items = readIon, allWithFractions(items, keys)
	default:
		return Report{}, fmt.Errorf("%s has outputFormat %q, which cannot be compared with the table", result.Manifest, manifest.OutputFormat)
	}
	report, named := Report{}, map[string]bool{}
	var mu sync.Mutex // guards items, report and named
	err = Records(ctx, destination, result, func(line []byte) error {
		item, err := read(line)
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
	}, func(key string) { mu.Lock(); report.Objects++; named[key] = true; mu.Unlock() })
	if err == nil {
		err = nothingLeft(items)
	}
	if err == nil {
		err = checkFolder(ctx, destination, result, named)
	}
	return report, err
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
