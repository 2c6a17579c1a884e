package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"dynamodb-to-s3/lambda/manifest"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/run"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// committed returns the result of the committed run, or nil if no run is committed, and the layout of its manifest.
func (r *seedRun) committed(ctx context.Context) (*run.Result, run.Layout, error) {
	keys, err := r.keys(ctx)
	if err != nil {
		return nil, run.Layout{}, err
	}
	name := "/manifest-summary.json"
	if r.exports() {
		name = "/_result.json"
	}
	var commits []string
	for _, key := range keys {
		if strings.HasSuffix(key, name) && !strings.Contains(key, stagingFolder) && !r.hand.forged(key) {
			commits = append(commits, key)
		}
	}
	switch {
	case len(commits) > 1:
		return nil, run.Layout{}, fmt.Errorf("there are %d commits: %v", len(commits), commits)
	case len(commits) == 0:
		return nil, run.Layout{}, nil
	}
	layout := run.Layout{Root: strings.TrimSuffix(commits[0], name)}
	body, err := r.get(ctx, commits[0])
	if err != nil {
		return nil, layout, err
	}
	var result run.Result
	if r.exports() {
		err = json.Unmarshal(body, &result)
		return &result, layout, err
	}
	var summary manifest.Summary
	if err := json.Unmarshal(body, &summary); err != nil {
		return nil, layout, err
	}
	result = run.Result{
		RunID: summary.Scan.RunID, Mode: request.ModeScan, Table: summary.Scan.Table, Manifest: "s3://" + r.bucket + "/" + commits[0],
		Root: layout.Root, Items: summary.Scan.Items, Records: summary.ItemCount, Objects: summary.Scan.Objects,
		Bytes: summary.Scan.Bytes, EndTime: summary.EndTime,
	}
	return &result, layout, nil
}

// exports reports whether the run commits native exports as they are.
func (r *seedRun) exports() bool { return r.scenario.Mode == request.ModeExport && !r.scenario.Parquet }

func same(a, b run.Result) bool {
	return a.RunID == b.RunID && a.Manifest == b.Manifest && a.Root == b.Root && a.Items == b.Items && a.Records == b.Records &&
		a.Objects == b.Objects && a.Bytes == b.Bytes && a.EndTime.Equal(b.EndTime)
}

func (r *seedRun) get(ctx context.Context, key string) ([]byte, error) {
	answer, err := r.harness.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer func() { _ = answer.Body.Close() }() // an error shows in the read
	return io.ReadAll(answer.Body)
}

// folder returns the prefix of the run's keys, or nil for the whole bucket if it has no other run.
func (r *seedRun) folder() *string {
	if !r.shares {
		return nil
	}
	return aws.String(r.layout().Root + "/")
}

// keys returns the keys of all objects in the run's bucket, or in its folder.
func (r *seedRun) keys(ctx context.Context) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(r.harness.objects, &s3.ListObjectsV2Input{Bucket: &r.bucket, Prefix: r.folder()})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	return keys, nil
}

func (r *seedRun) uploads(ctx context.Context) ([]types.MultipartUpload, error) {
	answer, err := r.harness.objects.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &r.bucket, Prefix: r.folder()})
	if err != nil {
		return nil, err
	}
	return answer.Uploads, nil
}
