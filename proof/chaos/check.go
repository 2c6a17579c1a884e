package chaos

import (
	"context"
	"crypto/md5" //nolint:gosec // the checksum of native manifests
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"dynamodb-to-s3/lambda/execution"
	"dynamodb-to-s3/lambda/failure"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"
	"dynamodb-to-s3/local/statemachine"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// platform are the errors of AWS Lambda, as Step Functions reports them. docs/errors.md lists them.
var platform = append([]string{"Lambda.TooManyRequestsException", "Lambda.ServiceException"}, killErrors...)

// checked is the result of a check.
type checked struct {
	items int
	// redrivable are the failed executions that a redrive can repair.
	redrivable []int
}

// check compares the outcomes of the executions with the bucket and the table, and with what readers have seen.
func (r *seedRun) check(ctx context.Context, outcomes []statemachine.Outcome) (checked, error) {
	found, err := r.checkOutcomes(ctx, outcomes)
	if err != nil || r.exports() { // DynamoDB writes the objects of an export
		return found, err
	}
	over := len(found.redrivable) == 0 || r.faultsOff.Load()
	if err = r.checkReaders(ctx, over); err == nil && over {
		err = r.checkUploads(ctx)
	}
	return found, err
}

// checkOutcomes compares the outcomes of the executions with the bucket and the table.
func (r *seedRun) checkOutcomes(ctx context.Context, outcomes []statemachine.Outcome) (checked, error) {
	found := checked{}
	var results []run.Result
	permanent := false // an execution has failed with an error that no redrive can repair
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
			if err := r.checkFailure(n, outcomes); err != nil {
				return found, err
			}
			switch name := failure.Name(o.Error); {
			case name == failure.RunNameTaken && r.returned(ctx, n): // it has the run, and the other one has failed by now
				found.redrivable = append(found.redrivable, n)
			case name == failure.RunNameTaken && !r.hand.explains(name): // the execution that has the run may be redriven
			case name.Permanent() && name != failure.LimitReached:
				permanent = true
			default:
				found.redrivable = append(found.redrivable, n)
			}
		}
	}
	if len(results) > 1 && !r.scenario.TakesOver { // finalize returns the result of the commit even to an execution that has lost its run
		return found, fmt.Errorf("%d executions of one firing have done the run", len(results))
	}
	committed, layout, err := r.committed(ctx)
	if err == nil {
		err = r.hand.check(ctx, committed)
	}
	switch {
	case err != nil:
		return found, err
	case len(results) == 0 && committed == nil && r.faultsOff.Load() && !permanent:
		return found, errors.New("there is no commit, even without faults")
	case len(results) == 0 && committed == nil:
		return found, nil
	case committed == nil:
		return found, errors.New("an execution succeeded, but there is no commit")
	}
	for _, result := range results {
		if !same(*committed, result) {
			return found, fmt.Errorf("an execution succeeded with %+v, and the commit is %+v", result, *committed)
		}
	}
	found.items, err = r.read(ctx, *committed, layout, len(results) > 0)
	return found, err
}

// returned reports whether an execution has taken the run over, and has failed because the other one was redriven meanwhile.
func (r *seedRun) returned(ctx context.Context, n int) bool {
	var claim struct{ ExecutionID string }
	body, err := r.get(ctx, r.layout().Claim())
	id, _ := r.scenario.execution(n)
	return r.wasRedriven(0) && n > 0 && !r.faultsOff.Load() && err == nil && json.Unmarshal(body, &claim) == nil && claim.ExecutionID == id
}

// checkFailure returns an error if a failed execution has an undocumented error, or one that its faults do not explain.
func (r *seedRun) checkFailure(n int, outcomes []statemachine.Outcome) error {
	o := outcomes[n]
	failed := fmt.Errorf("execution %d failed with %s: %s", n, o.Error, o.Cause)
	name := failure.Name(o.Error)
	switch {
	case slices.Contains(failure.Names(), name) && !name.Permanent(), slices.Contains(platform, o.Error):
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.faultsOff.Load() || len(r.faults) == 0 {
			return fmt.Errorf("%w, but it had no faults", failed)
		}
		return nil
	case name == failure.RunNameTaken && len(outcomes) > 1 && (strings.Contains(o.Cause, string(execution.Failed)) || r.scenario.TakesOver): // the other failed recently, or has lost the run
		return nil
	case r.writer != nil && r.writer.wasReplaced() && (name == failure.TableReplaced || name == failure.TableNotFound || name == failure.TableNotReady):
		return nil
	case r.hand.explains(name), r.spoiled(name, o.Cause), name == failure.LimitReached && r.scenario.maxReadUnits > 0 && !r.faultsOff.Load():
		return nil
	case name.Permanent():
		return fmt.Errorf("%w, which no fault explains", failed)
	default:
		return fmt.Errorf("%w, which is not a documented error", failed)
	}
}

// read compares a commit with the table's history, and the bucket with the commit. succeeded says that an execution has succeeded.
func (r *seedRun) read(ctx context.Context, result run.Result, layout run.Layout, succeeded bool) (int, error) {
	if r.scenario.Beside == kindTwoChains { // its exports are read together with those of its chain
		r.result = &result
		return 0, nil
	}
	records := &recordCheck{scenario: r.scenario, table: r.table, keys: r.segmentKeys, seen: map[string][]string{}}
	var objects sync.Map // by key
	if err := r.readRecords(ctx, result, layout, records, func(key string) { objects.Store(key, true) }); err != nil {
		return 0, err
	}
	if err := records.complete(); err != nil {
		return 0, err
	}
	if r.scenario.Mode == request.ModeExport {
		if err := r.checkExports(); err != nil || !r.scenario.Parquet {
			return records.read, err
		}
	}
	return records.read, errors.Join(r.checkStaging(ctx, layout, succeeded), r.checkBucket(ctx, layout, &objects), r.checkMarkers(ctx, layout), r.checkChecksums(ctx, layout, succeeded))
}

// checkExports returns an error unless exactly one export was made. A second one would cost money.
func (r *seedRun) checkExports() error {
	if all := r.tables.Exports(); len(all) != 1 {
		return fmt.Errorf("%d exports were made", len(all))
	}
	return nil
}

// checkBucket returns an error for a data object that the manifest does not name.
func (r *seedRun) checkBucket(ctx context.Context, layout run.Layout, committed *sync.Map) error {
	keys, err := r.keys(ctx)
	if err != nil {
		return err
	}
	var strays []string
	for _, key := range keys {
		if _, named := committed.Load(key); strings.HasPrefix(key, layout.DataPrefix()) && !named && !r.hand.keeps(key) {
			strays = append(strays, key)
		}
	}
	if len(strays) > 0 {
		return fmt.Errorf("no manifest names %v", strays)
	}
	return nil
}

// checkChecksums returns an error if the checksum of a manifest is wrong.
func (r *seedRun) checkChecksums(ctx context.Context, layout run.Layout, succeeded bool) error {
	for _, key := range []string{layout.ManifestFiles(), layout.ManifestSummary()} {
		body, err := r.get(ctx, key)
		if err != nil {
			return err
		}
		name := layout.Checksum(key)
		sum, err := r.get(ctx, name)
		if _, absent := errors.AsType[*types.NoSuchKey](err); absent && !succeeded && key == layout.ManifestSummary() {
			continue // it is written after the commit, and the execution has failed before
		}
		if err != nil {
			return err
		}
		if want := md5.Sum(body); string(sum) != base64.StdEncoding.EncodeToString(want[:]) { //nolint:gosec // see the import
			return fmt.Errorf("%s has %q, which is not the MD5 of %s", name, sum, key)
		}
	}
	return nil
}
