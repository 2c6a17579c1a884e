package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Count checks what can be checked of a transformed scan without its transform: every object is as the manifest says, every record
// is a JSON object on one line or a row of its schema, the manifests and the result have the right number of records, and the run has read as
// many items as the table has. The folder has no objects that the manifest does not name. Count does not check the contents of the records.
func Count(ctx context.Context, source *dynamodb.Client, destination *s3.Client, result run.Result) (Report, error) {
	var records atomic.Int64
	var mu sync.Mutex
	named := map[string]bool{}
	read := lines(destination, func(line []byte) error {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(line, &members); err != nil || members == nil {
			return errors.New("is not a JSON object")
		}
		records.Add(1)
		return nil
	})
	manifest, _, err := readSummary(ctx, destination, result.Manifest)
	if err != nil {
		return Report{}, err
	}
	if manifest.OutputFormat == string(request.FormatParquet) {
		files, err := openParquet(ctx, destination, result)
		if err != nil {
			return Report{}, err
		}
		defer files.close()
		read = files.read(func(Item) error { records.Add(1); return nil })
	}
	err = readObjects(ctx, destination, result, read, func(key string) { mu.Lock(); named[key] = true; mu.Unlock() })
	report := Report{Items: int(records.Load()), Objects: len(named)}
	if err != nil {
		return report, err
	}
	items, err := countItems(ctx, source, result.Table)
	if err == nil && items != result.Items {
		err = fmt.Errorf("the run has read %d items, the table has %d", result.Items, items)
	}
	if err == nil {
		err = checkFolder(ctx, destination, result, named)
	}
	return report, err
}

// countItems counts the items of a table. It reads the table, because DescribeTable gives only an estimate.
func countItems(ctx context.Context, client *dynamodb.Client, table string) (int64, error) {
	var items atomic.Int64
	err := scan(ctx, client, dynamodb.ScanInput{TableName: &table, Select: types.SelectCount}, func(page *dynamodb.ScanOutput) {
		items.Add(int64(page.Count))
	})
	return items.Load(), err
}
