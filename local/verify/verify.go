// Package readback proves runs: it reads every object through the manifests, as any reader of native exports would, and compares
// what it finds item by item with the table, read by the SDK alone. It shares no code with the engine's codec.
//
// Compare proves one run, Replay a chain of native exports; Count proves of a transformed run what can be. It imports lambda/job
// and lambda/manifest for the layout, the SDK, and local/verify/ionitem.
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

// Report counts what was compared.
type Report struct {
	Items   int // of the table
	Objects int
	Changes int // lines of incremental exports
}

// Compare reads the run of the result and compares it with its whole table: a scan in DYNAMODB_JSON or ION, or a run that begins
// with a full export in DYNAMODB_JSON, which is replayed. It fails at the first item that is missing, twice, different, or too many, and where a
// manifest's counts or checksums do not hold.
func Compare(ctx context.Context, source *dynamodb.Client, destination *s3.Client, result run.Result) (Report, error) {
	if result.Mode == request.ModeExport {
		return Replay(ctx, source, destination, result)
	}
	items, keys, err := readTable(ctx, source, result.Table)
	if err != nil {
		return Report{}, err
	}
	told, _, err := readSummary(ctx, destination, result.Manifest)
	if err != nil {
		return Report{}, err
	}
	read := readItem
	switch request.Format(told.OutputFormat) {
	case request.FormatDynamoDBJSON:
	case request.FormatION:
		read, items = readIon, byValue(items, keys)
	default:
		return Report{}, fmt.Errorf("%s has outputFormat %q, of which no item can be made", result.Manifest, told.OutputFormat)
	}
	report := Report{}
	var mu sync.Mutex // guards items and report
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
	}, func() { mu.Lock(); report.Objects++; mu.Unlock() })
	if err != nil {
		return report, err
	}
	return report, nothingLeft(items)
}

// nothingLeft fails for items of the table that were not read back.
func nothingLeft(items map[string]Item) error {
	for id := range items {
		return fmt.Errorf("%d items of the table are missing, the one with key %s among them", len(items), id)
	}
	return nil
}

// readItem reads a line of a scan, or of a full export.
func readItem(line []byte) (Item, error) {
	var record struct{ Item json.RawMessage }
	if err := json.Unmarshal(line, &record); err != nil {
		return nil, err
	}
	return attributevalue.UnmarshalMapJSON(record.Item)
}
