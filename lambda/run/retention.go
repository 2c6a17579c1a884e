package run

import (
	"encoding/json"
	"fmt"
	"path"

	"dynamodb-to-s3/lambda/contract"
)

// Retention says which committed runs of a table the function prune keeps. A run that either number keeps stays.
type Retention struct {
	// KeepRuns is how many of the newest runs stay; 0 for no number.
	KeepRuns int `json:"keepRuns,omitempty"`
	// KeepDays is for how many days a run stays; 0 for no time.
	KeepDays int `json:"keepDays,omitempty"`
	// DryRun says that prune removes nothing, and answers what it would remove.
	DryRun bool `json:"dryRun,omitempty"`
	// Prefix is the prefix of the run's request, with its placeholders. The function plan sets it: prune looks for the other runs below it.
	Prefix string `json:"prefix,omitempty"`
}

// RetentionRule is the retention of a deployment.
type RetentionRule struct {
	Retention
	// Tables are names of DynamoDB tables, and patterns with *. Without names, the rule is for all tables.
	Tables []string `json:"tables,omitempty"`
}

// ParseRetention reads the rule from the environment of a function. The result is nil if the deployment keeps all runs.
func ParseRetention(text string) (*RetentionRule, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // most deployments keep all runs
	}
	rule := new(RetentionRule)
	if err := json.Unmarshal([]byte(text), rule); err != nil {
		return nil, fmt.Errorf("the deployment's %s: %w", contract.EnvRetention, err)
	}
	return rule, nil
}

// Of returns the retention of a table, nil if all of its runs stay.
func (r *RetentionRule) Of(table string) *Retention {
	if r == nil {
		return nil
	}
	if len(r.Tables) == 0 {
		return &r.Retention
	}
	for _, pattern := range r.Tables {
		if matched, err := path.Match(pattern, table); matched && err == nil {
			return &r.Retention
		}
	}
	return nil
}

// PruneInput is the payload of the function prune: a committed run, whose table's other runs are looked at.
type PruneInput = CatalogInput

// Pruned is the answer of the function prune.
type Pruned struct {
	// DryRun says that nothing was removed, and that the rest is what would be removed.
	DryRun bool `json:"dryRun,omitempty"`
	// Runs are the runs that were hidden or removed, the oldest first; at most the first 100.
	Runs []PrunedRun `json:"runs"`
	// Hidden counts the runs that no reader finds any more, and whose objects a later prune removes.
	Hidden int `json:"hidden"`
	// Count, Objects and Bytes count the runs whose objects were removed, and their data objects.
	Count   int   `json:"count"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Kept counts the committed runs that stay.
	Kept int `json:"kept"`
	// Foreign says what was left in the folders of removed runs, because it is not the runs'; absent if there is nothing.
	Foreign *Foreign `json:"foreign,omitempty"`
	// More says that runs are left that a later prune hides or removes, because the time of one invocation was over.
	More bool `json:"more,omitempty"`
}

// PrunedRun is a run that was hidden or removed.
type PrunedRun struct {
	RunID string `json:"runId"`
	// Manifest is the S3 URI of its manifest-summary.json; absent for a run of no export, or of several.
	Manifest string `json:"manifest,omitempty"`
	Objects  int64  `json:"objects"`
	Bytes    int64  `json:"bytes"`
	// Hidden says that the run's objects are still there.
	Hidden bool `json:"hidden,omitempty"`
}
