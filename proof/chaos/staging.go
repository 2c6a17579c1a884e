package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/lambda/schema"
	"dynamodb-to-s3/local/parquetrows"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// readRecords reads the records of a commit, and calls object with the key of each of its objects.
func (r *seedRun) readRecords(ctx context.Context, result run.Result, layout run.Layout, records *recordCheck, object func(key string)) error {
	if !r.scenario.Parquet {
		return verify.Records(ctx, r.harness.objects, result, records.add, object)
	}
	body, err := r.get(ctx, layout.Schema())
	if err != nil {
		return err
	}
	var columns schema.Schema // it has the same members
	if err := json.Unmarshal(body, &columns); err != nil {
		return err
	}
	return verify.Objects(ctx, r.harness.objects, result, func(body []byte) (int64, error) {
		items, err := parquetrows.Items(body, columns)
		for _, item := range items {
			if err == nil {
				err = records.addItem(item)
			}
		}
		return int64(len(items)), err
	}, object)
}

// addItem adds an item that was rebuilt from the row of a Parquet file.
func (c *recordCheck) addItem(rebuilt map[string]any) error {
	line, err := json.Marshal(rebuilt)
	if err != nil {
		return err
	}
	item, err := attributevalue.UnmarshalMapJSON(line)
	if err != nil {
		return err
	}
	value := &types.AttributeValueMemberM{Value: item}
	if c.scenario.recipe.records != nil { // the records of a transform have the types of JSON
		c.keep(keyOf(item), textOf(plain(value)))
	} else {
		c.keep(keyOf(item), textOf(typed(value)))
	}
	return nil
}

// checkStaging returns an error if the staged files are not there although the request keeps them, or if some are left after an execution has
// succeeded. An invocation that was given up can write there after finalize has looked for what it removes.
func (r *seedRun) checkStaging(ctx context.Context, layout run.Layout, succeeded bool) error {
	if !r.scenario.Parquet {
		return nil
	}
	there, err := r.keys(ctx) // checkUploads looks at the uploads
	if err != nil {
		return err
	}
	if r.scenario.parquet.keepsStaging {
		if staged := (run.Layout{Root: layout.Root, Staging: true}); r.scenario.Mode == request.ModeScan && !slices.Contains(there, staged.ManifestSummary()) {
			return fmt.Errorf("the request keeps the staged files, and %s is not there", staged.ManifestSummary())
		}
		return nil
	}
	if !succeeded {
		return nil
	}
	removed := r.removedStaging()
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	for _, key := range there {
		switch {
		case !strings.HasPrefix(key, layout.StagingPrefix()):
		case r.watch.written[key] > removed:
			r.injected(leftStaged, "readers", key)
		default:
			return fmt.Errorf("the run has succeeded, and %s is left", key)
		}
	}
	return nil
}

// removedStaging looks for the first finalize that removed all staged files. It returns the number of the request with which this finalize listed
// them, or 0 if no finalize removed them.
func (r *seedRun) removedStaging() (number int) {
	r.mu.Lock()
	all := slices.Clone(r.invocations)
	r.mu.Unlock()
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	for _, i := range all {
		looked := r.watch.staging[i.header()]
		if i.function == contract.FunctionFinalize && i.second && closed(i.process.ended) && i.err == nil && looked > 0 && (number == 0 || looked < number) {
			number = looked
		}
	}
	return number
}
