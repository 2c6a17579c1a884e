package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/statemachine"
	"dynamodb-to-s3/local/verify"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// platform are the names of failures that are not ours: of AWS Lambda, as Step Functions reports them. docs/errors.md has them.
var platform = append([]string{"Lambda.TooManyRequestsException", "Lambda.ServiceException"}, deaths...)

// checked is what was found good.
type checked struct {
	items int
	// again are the executions that have failed in a way that a redrive mends.
	again []int
}

// check holds what the executions say against what there is.
func (r *trial) check(ctx context.Context, outcomes []statemachine.Outcome) (checked, error) {
	found := checked{}
	var results []run.Result
	forGood := false // an execution has failed as no redrive mends
	for n, o := range outcomes {
		switch {
		case duplicate(o):
		case o.Succeeded:
			var result run.Result
			if err := json.Unmarshal(o.Output, &result); err != nil {
				return found, fmt.Errorf("execution %d succeeded with %s: %w", n, o.Output, err)
			}
			results = append(results, result)
		default:
			if err := r.named(n, outcomes); err != nil {
				return found, err
			}
			switch name := failure.Name(o.Error); {
			case name == failure.RunNameTaken: // the one that has it may be redriven
			case name.Permanent():
				forGood = true
			default:
				found.again = append(found.again, n)
			}
		}
	}
	if len(results) > 1 && !r.scenario.TakesOver { // finalize tells an execution that has lost its run the result of a commit
		return found, fmt.Errorf("%d executions of one firing have carried it out", len(results))
	}
	committed, layout, err := r.committed(ctx)
	switch {
	case err != nil:
		return found, err
	case len(results) == 0 && committed == nil && r.calm.Load() && !forGood:
		return found, errors.New("there is no commit, also in good weather")
	case len(results) == 0 && committed == nil:
		return found, nil
	case committed == nil:
		return found, errors.New("an execution succeeded and there is no commit")
	}
	for _, result := range results {
		if !same(*committed, result) {
			return found, fmt.Errorf("an execution succeeded with %+v, and the commit is %+v", result, *committed)
		}
	}
	found.items, err = r.read(ctx, *committed, layout, len(results) > 0)
	return found, err
}

// named fails for a failure that is not by name, or that nothing which struck explains.
func (r *trial) named(n int, outcomes []statemachine.Outcome) error {
	o := outcomes[n]
	words := fmt.Errorf("execution %d failed with %s: %s", n, o.Error, o.Cause)
	name := failure.Name(o.Error)
	switch {
	case slices.Contains(failure.Names(), name) && !name.Permanent(), slices.Contains(platform, o.Error):
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.calm.Load() || len(r.tally) == 0 {
			return fmt.Errorf("%w; and nothing was the matter any more", words)
		}
		return nil
	case name == failure.RunNameTaken && len(outcomes) > 1 && (strings.Contains(o.Cause, string(run.ExecutionFailed)) || r.scenario.TakesOver): // not long ago, or taken over
		return nil
	case name.Permanent():
		return fmt.Errorf("%w; and nothing that struck explains it", words)
	default:
		return fmt.Errorf("%w, which is no name that is documented", words)
	}
}

// late tells whether an invocation of a scan went on after finalize had looked.
func (r *trial) late() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.invocations, func(i *invocation) bool { return i.life.after && i.function == contract.FunctionScan })
}

// read reads a commit back and holds it against the table's history, and the bucket against it.
func (r *trial) read(ctx context.Context, result run.Result, layout run.Layout, told bool) (int, error) {
	reading := &reading{table: r.table, seen: map[string]bool{}}
	err := verify.Records(ctx, r.harness.objects, result, func(line []byte) error {
		var record struct{ Item json.RawMessage }
		if err := json.Unmarshal(line, &record); err != nil {
			return err
		}
		item, err := attributevalue.UnmarshalMapJSON(record.Item)
		if err != nil {
			return err
		}
		return reading.record(item)
	}, func() {})
	if err != nil {
		return 0, err
	}
	if err := reading.whole(); err != nil {
		return 0, err
	}
	if r.scenario.Mode == request.ModeExport {
		return len(reading.seen), r.exportedOnce()
	}
	return len(reading.seen), errors.Join(r.tidy(ctx, layout), r.summed(ctx, layout, told))
}

// exportedOnce fails where more exports were made, and paid, than one.
func (r *trial) exportedOnce() error {
	if all := r.tables.Exports(); len(all) != 1 {
		return fmt.Errorf("%d exports were made", len(all))
	}
	return nil
}

// tidy fails for a data object that the manifest does not name, and for an upload that was
// begun and not ended.
func (r *trial) tidy(ctx context.Context, layout run.Layout) error {
	body, err := r.get(ctx, layout.ManifestFiles())
	if err != nil {
		return err
	}
	files, err := manifest.DecodeFiles(body)
	if err != nil {
		return err
	}
	keys, err := r.keys(ctx)
	if err != nil {
		return err
	}
	var strays []string
	for _, key := range keys {
		if strings.HasPrefix(key, layout.DataPrefix()) && !slices.ContainsFunc(files, func(f manifest.File) bool { return f.DataFileKey == key }) {
			strays = append(strays, key)
		}
	}
	uploads, err := r.uploads(ctx)
	switch {
	case err != nil:
		return err
	case len(uploads) > 0:
		return fmt.Errorf("%d uploads are unfinished, of %s among them", len(uploads), aws.ToString(uploads[0].Key))
	case len(strays) > 0 && r.late():
		r.struck(LateStray, "reader", strays)
	case len(strays) > 0:
		return fmt.Errorf("no manifest names %v", strays)
	}
	return nil
}

// summed fails where a manifest is not what its checksums say. told says that an execution has succeeded.
func (r *trial) summed(ctx context.Context, layout run.Layout, told bool) error {
	for _, key := range []string{layout.ManifestFiles(), layout.ManifestSummary()} {
		body, err := r.get(ctx, key)
		if err != nil {
			return err
		}
		for _, name := range layout.Checksums(key) {
			sum, err := r.get(ctx, name)
			if _, absent := errors.AsType[*types.NoSuchKey](err); absent && !told && key == layout.ManifestSummary() {
				continue // it follows the commit, and whoever should write it has failed
			}
			if err != nil {
				return err
			}
			if want := manifest.Checksum(body); !bytes.Equal(sum, want) {
				return fmt.Errorf("%s says %q, %s has %q", name, sum, key, want)
			}
		}
	}
	return nil
}
