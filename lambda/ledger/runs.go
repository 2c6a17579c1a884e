package ledger

import (
	"context"
	"fmt"
	"path"
	"strings"

	"dynamodb-to-s3/lambda/bucket"
	"dynamodb-to-s3/lambda/run"
)

// WalkRuns calls look with the folder of each run below the prefixes, and with the folder of all runs in which it lies.
func WalkRuns(ctx context.Context, in *bucket.Bucket, places run.Prefixes, look func(level, folder string) error) error {
	return walk(ctx, in, "", places.Folders, look)
}

func walk(ctx context.Context, in *bucket.Bucket, at string, folders []run.Folder, look func(level, folder string) error) error {
	if len(folders) == 0 {
		level := run.Runs(strings.TrimSuffix(at, "/"))
		for folder, err := range in.Folders(ctx, level) {
			if err != nil {
				return fmt.Errorf("look for runs: %w", err)
			}
			if err := look(level, folder); err != nil {
				return err
			}
		}
		return nil
	}
	first := folders[0]
	if first.Form == nil {
		return walk(ctx, in, at+first.Start+"/", folders[1:], look)
	}
	for folder, err := range in.Folders(ctx, at+first.Start) {
		if err != nil {
			return fmt.Errorf("look for prefixes of runs: %w", err)
		}
		if !first.Form.MatchString(path.Base(folder)) {
			continue
		}
		if err := walk(ctx, in, folder, folders[1:], look); err != nil {
			return err
		}
	}
	return nil
}
